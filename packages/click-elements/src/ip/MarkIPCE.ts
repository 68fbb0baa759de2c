/**
 * MarkIPCE([FORCE]) — marks IP packets as having experienced congestion.
 *
 * Sets the ECN bits of the marked header to 3 and brings its checksum up to date. Packets of flows that are not capable of ECN, whose
 * bits are 0, are dropped, unless FORCE is true.
 *
 * Handlers: drops (read), which stays 0 as in Click.
 *
 *   ... -> red :: RED(5, 50, 0.02) -> q :: Queue -> ...; red [1] -> MarkIPCE -> q
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { ecnCodes } from "@clickos/wire/ipv4";
import { changeService } from "../lib/ip-tos.ts";

export const MarkIPCE: ElementClass = element({
  name: "MarkIPCE",
  ports: "1/1",
  processing: "a/a",
  config: { FORCE: positional(arg.bool, false) },
  handlers: { drops: { constant: () => 0 } },
  action(c, packet, { config }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    if (!config.FORCE) c.if(ip.ecn.get().eq(ecnCodes.notEct), () => packet.drop("not capable of ECN"));
    changeService(ip, () => ip.ecn.set(ecnCodes.ce));
  },
});
