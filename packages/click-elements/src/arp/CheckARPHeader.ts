/**
 * CheckARPHeader([OFFSET] [, keywords VERBOSE, DETAILS]) — lets valid ARP packets pass.
 *
 * The ARP header is OFFSET bytes from the start of the packet, 0 by default. It must be there with the addresses of the lengths that it
 * says, which must be 6 for Ethernet, 4 for IP and 16 for IPv6. The network header mark is set to it, the transport header mark behind it.
 * Other packets leave on output 1, or are dropped where that is not connected; a message says what is wrong with the first, or with
 * each where VERBOSE is true.
 *
 * Handlers: drops (read); with DETAILS true, drop_details (read): how often each reason was one.
 *
 *   FromDevice(0) -> Classifier(12/0806) -> CheckARPHeader(14) -> ...
 */
import { arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";
import { array, u32 } from "@clickos/layout";
import { arpFixed, arpTypes, protocolLengths } from "@clickos/wire/arp";
import { advanced, dataOf } from "../lib/headers.ts";

const reasons = [
  "tiny packet",
  "too small for addresses",
  "bad hardware type/length",
  "bad protocol type/length",
] as const;

export const CheckARPHeader: ElementClass = element({
  name: "CheckARPHeader",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    OFFSET: positional(arg.u32, 0),
    VERBOSE: keyword(arg.bool, false),
    DETAILS: keyword(arg.bool, false),
  },
  state: { drops: u32, details: array(u32, reasons.length) },
  handlers: { drops: { counter: "drops" } },
  furtherHandlers({ config }) {
    if (!config.DETAILS) return {};
    return { drop_details: { read: (s) => reasons.map((reason, i) => `${s.details[i]}\t${reason}\n`).join("") } };
  },
  action(c, packet, { config, state, output, line }) {
    const fail = (reason: number) => (): void => {
      const text = reasons[reason] as string;
      c.if(config.VERBOSE ? c.i32(1) : state.drops.get().eqz(), () =>
        line().text(`ARP header check failed: ${text}`).end(),
      );
      state.drops.inc();
      if (config.DETAILS) state.details.at(reason).inc();
      output(1).push(packet, text);
    };
    const header = advanced(dataOf(packet), config.OFFSET, arpFixed.size, fail(0)).header(arpFixed, "stated");
    const { hardwareLength, protocolLength } = header.load("hardwareLength", "protocolLength");
    const addresses = hardwareLength.add(protocolLength).shl(1);
    const rest = header.payload("stated");
    c.if(rest.length.ltS(addresses), fail(1));
    const isEthernet = header.hardwareType.get().eq(arpTypes.ethernet);
    c.if(isEthernet.and(hardwareLength.ne(6)), fail(2));
    const protocol = header.protocolType.get();
    let wrong = c.i32(0);
    for (const [type, length] of protocolLengths) wrong = wrong.or(protocol.eq(type).and(protocolLength.ne(length)));
    c.if(wrong, fail(3));
    packet.setNetworkHeader(header.address, rest.address.add(addresses));
  },
});
