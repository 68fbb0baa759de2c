/**
 * ListenEtherSwitch([keyword TIMEOUT]) — a learning Ethernet switch with an output that gets every frame.
 *
 * Works as EtherSwitch does, and has one output more than inputs: all frames that come in leave there, too.
 *
 * Handlers: table (read): a line an address, with its port; timeout (read, write): seconds.
 *
 *   FromDevice(0) -> [0] s :: ListenEtherSwitch [0] -> ToDevice(0); FromDevice(1) -> [1] s [1] -> ToDevice(1); s [2] -> ToDump(all.pcap);
 */
import type { ElementClass } from "@clickos/click-core/element";
import { learningSwitch } from "../lib/learning-switch.ts";

export const ListenEtherSwitch: ElementClass = learningSwitch("ListenEtherSwitch", { ports: "-/=+", listens: true });
