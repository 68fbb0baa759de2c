/**
 * ForceUDP([DPORT]) — makes IP packets' payload look like UDP.
 *
 * Sets length, destination port and checksum. Without DPORT, or where it is -1, the port is one below 1024 by chance. A packet without an IP
 * header, or with less than a UDP header behind it, ends; a message says so. For tests of what comes behind it.
 *
 *   RandomSource(64) -> ForceIP -> ForceUDP(53) -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { udp } from "@clickos/wire/udp";
import { draw } from "../lib/draw.ts";
import { forcedChecksum, segmentOf } from "../lib/force-transport.ts";

export const ForceUDP: ElementClass = element({
  name: "ForceUDP",
  ports: "1/1",
  processing: "a/a",
  config: { DPORT: positional(arg.either(arg.literal("-1", -1), arg.port("udp")), -1) },
  action(c, packet, context) {
    const { config, chance } = context;
    const forced = segmentOf(packet, context, "ForceUDP", udp.size, true);
    const header = forced.segment.header(udp, "stated");
    header.length.set(forced.ip.totalLength.get().sub(forced.headerLength));
    header.destinationPort.set(config.DPORT >= 0 ? config.DPORT : draw(c, chance, 1023));
    header.checksum.set(0);
    header.checksum.stored.set(forcedChecksum(c, forced));
  },
});
