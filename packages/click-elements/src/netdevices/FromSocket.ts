/**
 * FromSocket(TYPE, ADDR, PORT [, keywords]) — packets from a socket: the former name of a Socket without inputs.
 *
 * Takes what Socket takes, and says that it is deprecated.
 *
 *   FromSocket(TCP, 127.0.0.1, 9000) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { socketElement } from "./socket-element.ts";

export const FromSocket: ElementClass = socketElement({ name: "FromSocket", processing: "h/h", deprecated: true });
