/**
 * Hub — copies packets to all outputs but that of the port they came in at.
 *
 * Has as many outputs as inputs.
 *
 *   ... -> [0] h :: Hub; ... -> [1] h; h [0] -> ...; h [1] -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const Hub: ElementClass = element({
  name: "Hub",
  ports: "-/=",
  processing: "h/h",
  flow: "#/[^#]",
  push(_c, port, packet, { packets, output, noutputs }) {
    const others = Array.from({ length: noutputs }, (_, i) => i).filter((i) => i !== port);
    const last = others.pop();
    for (const i of others) packets.copy(packet, (copy) => output(i).push(copy));
    if (last === undefined) packet.kill();
    else output(last).push(packet);
  },
});
