/**
 * RawSocket(TYPE [, PORT] [, keywords SNAPLEN, HEADROOM]) — IP packets over a raw socket: its arguments are checked, and it fails when it is
 * to be opened.
 *
 * TYPE is an IP protocol such as TCP, UDP, GRE or ICMP, by name or number; PORT its port or, for others, a number. Node.js has no
 * raw sockets. A configuration with one can be checked and drawn, but not run; `Socket` sends and receives the payloads of UDP and TCP,
 * and FromDevice and ToDevice whole packets.
 *
 *   RawSocket(UDP, 53) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { rawSocketElement } from "./raw-socket-element.ts";

export const RawSocket: ElementClass = rawSocketElement({ name: "RawSocket", processing: "l/h" });
