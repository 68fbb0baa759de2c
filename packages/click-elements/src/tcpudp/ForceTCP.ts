/**
 * ForceTCP([DPORT, RANDOM_DPORT, FLAGS]) — makes IP packets' payload look like TCP.
 *
 * Sets the checksum, and the data offset where that is wrong. DPORT, unless it is 0, becomes the destination port; otherwise, with
 * RANDOM_DPORT true, two of eight packets get port 80, and one a port below 1024 by chance. FLAGS, unless it is -1, becomes the flags. A packet
 * without an IP header, or that is shorter than it says, ends; a message says so. For tests of what comes behind it.
 *
 *   RandomSource(64) -> ForceIP -> ForceTCP(80) -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { tcp } from "@clickos/wire/tcp";
import { drawBelow } from "../lib/draw.ts";
import { forcedChecksum, segmentOf } from "../lib/force-transport.ts";

export const ForceTCP: ElementClass = element({
  name: "ForceTCP",
  ports: "1/1",
  processing: "a/a",
  config: {
    DPORT: positional(arg.port("tcp"), 0),
    RANDOM_DPORT: positional(arg.bool, false),
    FLAGS: positional(arg.i32, -1),
  },
  state: { count: u32 },
  action(c, packet, context) {
    const { config, state, chance } = context;
    const forced = segmentOf(packet, context, "ForceTCP", tcp.size);
    const { segment } = forced;
    const header = segment.header(tcp, "stated");
    const length = header.headerLength;
    c.if(length.ltU(tcp.size).or(length.gtU(segment.length)), () => {
      const rest = segment.length.sub(tcp.size);
      const offset = c.var("i32", segment.length, "offset");
      c.if(rest, () => offset.set(drawBelow(c, chance, rest)));
      header.dataOffset.set(offset.get().shrU(2).and(0xf));
    });
    if (config.FLAGS !== -1) header.flags.set(config.FLAGS & 0xff);
    if (config.DPORT > 0) header.destinationPort.set(config.DPORT);
    else if (config.RANDOM_DPORT) {
      const eighth = state.count.get().and(7);
      c.if(
        eighth.ltU(2),
        () => header.destinationPort.set(80),
        () => c.if(eighth.eq(3), () => header.destinationPort.set(chance().and(1023))),
      );
    }
    state.count.inc();
    header.checksum.set(0);
    header.checksum.stored.set(forcedChecksum(c, forced));
  },
});
