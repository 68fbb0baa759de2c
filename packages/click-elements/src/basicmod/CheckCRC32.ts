/**
 * CheckCRC32 — takes the checksum off that SetCRC32 has appended, and drops packets where it is wrong.
 *
 * Says so on the console for each packet that it drops.
 *
 *   FromDevice(0) -> CheckCRC32 -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { crcBehind, crcBytes, stageCrc32 } from "../lib/crc32.ts";

export const CheckCRC32: ElementClass = element({
  name: "CheckCRC32",
  ports: "1/1",
  processing: "a/a",
  action(c, packet, { data, line }) {
    const { length } = packet;
    const refuse = (): void => {
      line().text("CRC32 failed, len ").decimal(length).end();
      packet.drop("wrong checksum");
    };
    c.if(length.ltU(crcBytes), refuse);
    const covered = length.sub(crcBytes);
    const stored = crcBehind(c, packet.data, covered).get();
    c.if(stageCrc32(c, data, packet.data, covered).ne(stored), refuse);
    packet.setLength(covered);
  },
});
