/**
 * FromRawSocket(TYPE [, PORT] [, keywords SNAPLEN, HEADROOM]) — the former name of a RawSocket without inputs.
 *
 *   FromRawSocket(UDP, 53) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { rawSocketElement } from "./raw-socket-element.ts";

export const FromRawSocket: ElementClass = rawSocketElement({
  name: "FromRawSocket",
  processing: "h/h",
  deprecated: true,
});
