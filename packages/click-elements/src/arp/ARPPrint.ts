/**
 * ARPPrint([LABEL] [, keywords TIMESTAMP, ETHER, ACTIVE, OUTFILE]) — prints ARP packets and passes them on.
 *
 * A line a packet: the label, the timestamp (unless TIMESTAMP is false), the Ethernet addresses where ETHER is true, and what the packet
 * asks or says. Of packets without a network header mark, and of those that are not about IPv4, nothing is printed. OUTFILE writes to a
 * file. Runs in process only, not in a virtual machine.
 *
 * Handlers: active (read, write).
 *
 *   FromDump(in.pcap) -> c :: Classifier(12/0806, -) -> CheckARPHeader(14) -> ARPPrint -> Discard; c [1] -> Discard
 */
import {
  arg,
  type ElementClass,
  element,
  formatEtherAddress,
  type HostPacket,
  keyword,
  live,
  positional,
} from "@clickos/click-core/element";
import { ethernet } from "@clickos/wire/ethernet";
import { FileTrouble } from "../lib/file-trouble.ts";
import { formatTimestamp } from "../lib/time.ts";
import { arpLine } from "./arp-line.ts";

/** The addresses of the Ethernet header before the network header, where it is there. */
function linkText({ data, mac = 0, network }: HostPacket): string {
  if (mac + ethernet.size > Math.min(network, data.length)) return "";
  // It may be in front of the data.
  const { source, destination } = ethernet.view(new Uint8Array(data.buffer, data.byteOffset + mac, ethernet.size));
  return `${formatEtherAddress(source)} > ${formatEtherAddress(destination)}: `;
}

export const ARPPrint: ElementClass = element({
  name: "ARPPrint",
  ports: "1/1",
  processing: "a/a",
  config: {
    LABEL: positional(arg.string, ""),
    TIMESTAMP: keyword(arg.bool, true),
    ETHER: keyword(arg.bool, false),
    ACTIVE: keyword(live(arg.bool, { flags: "", written() {} }), true),
    OUTFILE: keyword(arg.filename, ""),
  },
  files: (config) => ({ writes: config.OUTFILE }),
  service({ config, host }) {
    const { OUTFILE } = config;
    const { files } = host;
    if (OUTFILE && !files) throw "files are not available here";
    try {
      if (OUTFILE) files?.write(OUTFILE, "", false);
    } catch (e) {
      throw `${OUTFILE}: ${(e as Error).message}`;
    }
    const trouble = new FileTrouble(host);
    return {
      packet(packet) {
        if (packet.network < 0) return 0;
        const line = arpLine(packet.data.subarray(Math.min(packet.network, packet.data.length)));
        if (line === undefined) return 0;
        let text = config.LABEL ? `${config.LABEL}: ` : "";
        if (config.TIMESTAMP) text += `${formatTimestamp(packet.timestampNs)}: `;
        if (config.ETHER) text += linkText(packet);
        text += line;
        if (OUTFILE) trouble.attempt(() => files?.write(OUTFILE, `${text}\n`, true));
        else host.chatter(text);
        return 0;
      },
      problem: () => trouble.problem && `${OUTFILE}: ${trouble.problem}`,
    };
  },
  action(c, packet, { service, state }) {
    c.if(state.active.get(), () => {
      service.give(packet);
    });
  },
});
