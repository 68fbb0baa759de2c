/** Changes of the type of service, with the header's checksum brought up to date. */
import type { StagedIp } from "@clickos/click-core/element";
import { updatedChecksum, wordChange } from "@clickos/wire/checksum";

/** Runs what changes the first two bytes of a header. */
export function changeService(ip: StagedIp, change: () => void): void {
  const { stored } = ip.firstWord;
  const before = stored.get();
  change();
  const checksum = ip.checksum.stored;
  checksum.set(updatedChecksum(checksum.get(), wordChange(before, stored.get())));
}
