/** A pattern of IPFilter's language as a test of packets as they stand, for who looks at them from outside of elements. */

import type { PacketTest } from "@clickos/click-core/compile";
import { emptyScope } from "@clickos/click-core/element";
import { span } from "@clickos/wire";
import { ethernet, etherTypes, skipTags } from "@clickos/wire/ethernet";
import { ipv4 } from "@clickos/wire/ipv4";
import { stageIpLookup } from "./ip-lookup.ts";
import { IpRules, readFilterRule } from "./ip-rules.ts";
import { ipWords } from "./ip-words.ts";
import { readPattern } from "./patterns.ts";

/**
 * A test of IPv4 packets: those that elements have marked the header of, and Ethernet frames, with VLAN tags or without. Other packets are
 * none that match, whatever the pattern. @throws {PatternError}
 */
export function packetFilter(pattern: string): PacketTest {
  const { decisions } = readPattern((report) => {
    const words = ipWords(pattern);
    if (words.length === 0) report.error("empty pattern");
    return new IpRules([readFilterRule(["allow", ...words], 1, emptyScope, report)]);
  });
  return (c, packet, context) => {
    const none = (): void => c.return(0);
    c.if(packet.network.eqz(), () => {
      const frame = span(c, packet.data, packet.length).header(ethernet, none);
      const { etherType, payload } = skipTags(frame, none);
      c.if(etherType.ne(etherTypes.ip), none);
      const header = payload.header(ipv4, none);
      const { headerLength } = header;
      c.if(header.version.get().ne(4).or(headerLength.ltU(ipv4.size)).or(headerLength.gtU(payload.length)), none);
      packet.setNetworkHeader(header.address, header.address.add(headerLength));
      packet.mac.set(packet.data);
    });
    return stageIpLookup(c, context, packet, decisions).eq(0);
  };
}
