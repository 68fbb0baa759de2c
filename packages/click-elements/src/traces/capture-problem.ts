/** Why a capture cannot be opened. */
import { Refusal } from "@clickos/click-core/element";
import { CaptureError } from "@clickos/pcap";
import { systemReason } from "@clickos/pcap/node";

/** Creates a capture for an element; what is wrong is part of the configuration's error. */
export function creationProblem<T>(file: string, create: () => T): T {
  try {
    return create();
  } catch (e) {
    if (!(e instanceof CaptureError)) throw e;
    throw `${file}: ${systemReason(e.cause ?? e)}`;
  }
}

/** Opens a capture for an element; what is wrong with it is part of the configuration's error, as Click says it. */
export function captureProblem<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (e) {
    if (!(e instanceof CaptureError)) throw e;
    const { fault, cause } = e;
    const plain = fault === "empty file" || fault?.startsWith("unknown");
    if (fault) throw new Refusal(plain ? fault : `not a tcpdump file (${fault})`, file, file);
    const reason = systemReason(cause ?? e);
    // A folder can be opened, and not be read.
    if (reason === "Is a directory") throw new Refusal(reason, file, file);
    throw `${file}: ${reason}`;
  }
}
