/**
 * SetTCPChecksum([FIXOFF]) — computes the checksum of TCP packets.
 *
 * Expects marked IP headers. With FIXOFF true, a TCP header that says that it is shorter than 20 bytes is made to say 20, and one that says
 * that it is longer than its packet, as long as that. A packet that ends before its IP header says, or before its TCP header does, is
 * dropped with a message.
 *
 *   ... -> SetTCPChecksum -> SetIPChecksum -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { tcp } from "@clickos/wire/tcp";
import { coveredAddresses, transportChecksum } from "../lib/transport-checksum.ts";

export const SetTCPChecksum: ElementClass = element({
  name: "SetTCPChecksum",
  ports: "1/1",
  processing: "a/a",
  config: { FIXOFF: positional(arg.bool, false) },
  action(c, packet, { config, line }) {
    const wrong = (): void => {
      line().text("SetTCPChecksum: bad lengths").end();
      packet.drop("bad lengths");
    };
    c.if(packet.network.eqz(), wrong);
    const ip = packet.ip.clip(wrong);
    const segment = ip.payload(wrong);
    const header = segment.header(tcp, wrong);
    if (config.FIXOFF) {
      const says = header.headerLength;
      c.if(
        says.ltU(tcp.size),
        () => header.dataOffset.set(tcp.size / 4),
        () =>
          c.if(says.gtU(segment.length).and(ip.fragment.isSet().eqz()), () =>
            header.dataOffset.set(segment.length.shrU(2)),
          ),
      );
    }
    header.checksum.set(0);
    header.checksum.stored.set(transportChecksum(c, coveredAddresses(c, ip), ip.protocol.get(), segment));
  },
});
