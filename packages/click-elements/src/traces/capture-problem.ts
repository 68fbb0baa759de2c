/** Why a capture cannot be opened. */
import { CaptureError } from "@clickos/pcap";
import { systemReason } from "@clickos/pcap/node";

/** Opens a capture for an element; what is wrong with it is part of the configuration's error, as Click says it. */
export function captureProblem<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (e) {
    if (!(e instanceof CaptureError)) throw e;
    const { fault, cause } = e;
    if (fault === "empty file") throw `${file}:   empty file`;
    if (fault?.startsWith("unknown")) throw `${file}:   ${fault}`;
    if (fault) throw `${file}:   not a tcpdump file (${fault})`;
    throw `${file}: ${systemReason(cause ?? e)}`;
  }
}
