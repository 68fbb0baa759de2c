/**
 * IP6Print([LABEL] [, keywords CONTENTS, NBYTES]) — prints IPv6 packets and passes them on.
 *
 * A line a packet: the label, the addresses, the payload length, the next header and the hop limit. With CONTENTS true, up to NBYTES
 * (1500) bytes of the packet follow in hexadecimal. Of packets without a marked header nothing is printed. Runs in process only, not
 * in a virtual machine.
 *
 *   ... -> CheckIP6Header -> IP6Print(v6) -> ...
 */
import { arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";
import { ipv6 } from "@clickos/wire/ipv6";
import { formatIp6Address } from "../lib/ip6-address.ts";

const bytesOfLine = 24;
const bytesOfGroup = 4;

/** Bytes in groups and lines, each of which is followed by a separator. */
function dump(bytes: Uint8Array): string {
  let text = "  ";
  for (const [i, byte] of bytes.entries()) {
    text += byte.toString(16).padStart(2, "0");
    if (i % bytesOfLine === bytesOfLine - 1) text += "\n  ";
    else if (i % bytesOfGroup === bytesOfGroup - 1) text += " ";
  }
  return text;
}

export const IP6Print: ElementClass = element({
  name: "IP6Print",
  ports: "1/1",
  processing: "a/a",
  config: { LABEL: positional(arg.string, ""), CONTENTS: keyword(arg.bool, false), NBYTES: keyword(arg.u32, 1500) },
  service({ config, host }) {
    return {
      packet(packet) {
        if (packet.network < 0 || packet.data.length < packet.network + ipv6.size) return 0;
        const ip = ipv6.view(packet.data.subarray(packet.network));
        const label = config.LABEL ? `${config.LABEL}: ` : "";
        const addresses = `${formatIp6Address(ip.source)} -> ${formatIp6Address(ip.destination)}`;
        const line = `${label}${addresses} plen ${ip.payloadLength}, next ${ip.nextHeader}, hlim ${ip.hopLimit}\n`;
        host.chatter(config.CONTENTS ? line + dump(packet.data.subarray(0, config.NBYTES)) : line);
        return 0;
      },
    };
  },
  action(_c, packet, { service }) {
    service.give(packet);
  },
});
