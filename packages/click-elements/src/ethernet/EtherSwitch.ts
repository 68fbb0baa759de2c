/**
 * EtherSwitch([keyword TIMEOUT]) — a learning Ethernet switch.
 *
 * Each input and the output of the same number are a port. The switch remembers behind which port each source address was seen last. A
 * frame for such an address leaves on that port's output, or ends there if it came from that port; a frame for any other address
 * leaves on all outputs but that of its own port. What was seen TIMEOUT ago, 300 seconds by default, is forgotten, by packets'
 * timestamps. With a TIMEOUT of 0 nothing is remembered. Up to 65,536 addresses are known; then the one that was silent for the longest is
 * forgotten. A frame that is shorter than an Ethernet header is dropped.
 *
 * Handlers: table (read): a line an address, with its port; timeout (read, write): seconds.
 *
 *   FromDevice(0) -> [0] s :: EtherSwitch [0] -> ToDevice(0); FromDevice(1) -> [1] s [1] -> ToDevice(1);
 */
import type { ElementClass } from "@clickos/click-core/element";
import { learningSwitch } from "../lib/learning-switch.ts";

export const EtherSwitch: ElementClass = learningSwitch("EtherSwitch", { ports: "2-/=", listens: false });
