/**
 * ToSocket(TYPE, ADDR, PORT [, keywords]) — packets to a socket: the former name of a Socket without outputs.
 *
 * Takes what Socket takes, pulls its packets, and says that it is deprecated.
 *
 *   ... -> Queue -> ToSocket(TCP, 127.0.0.1, 9000)
 */
import type { ElementClass } from "@clickos/click-core/element";
import { socketElement } from "./socket-element.ts";

export const ToSocket: ElementClass = socketElement({ name: "ToSocket", processing: "l/l", deprecated: true });
