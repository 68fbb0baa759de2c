/**
 * ToRawSocket(TYPE [, PORT] [, keywords SNAPLEN, HEADROOM]) — the former name of a RawSocket without outputs.
 *
 *   ... -> Queue -> ToRawSocket(UDP, 53)
 */
import type { ElementClass } from "@clickos/click-core/element";
import { rawSocketElement } from "./raw-socket-element.ts";

export const ToRawSocket: ElementClass = rawSocketElement({ name: "ToRawSocket", processing: "l/l", deprecated: true });
