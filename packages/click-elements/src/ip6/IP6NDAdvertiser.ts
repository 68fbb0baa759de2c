/**
 * IP6NDAdvertiser(ADDR/MASK ... ETH, ...) — answers neighbor solicitations.
 *
 * Expects Ethernet frames. A solicitation for an address in one of the prefixes is answered with an advertisement of the Ethernet address
 * ETH that goes with the most specific of them. All other frames are dropped: those that are none, whose hop limit is not 255 or whose
 * checksum is wrong, and solicitations for other addresses.
 *
 *   FromDevice(0) -> c :: Classifier(12/86dd 20/3aff 54/87, -);
 *   c [0] -> IP6NDAdvertiser(3ffe:1ce1:2::/80 00:e0:29:05:e5:6f) -> Queue -> ToDevice(0); c [1] -> ...
 */
import { arg, type ElementClass, element, Mistake, type Packet, readText, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import {
  icmpv6,
  icmpv6Types,
  linkLayerOption,
  neighborAdvertisement,
  neighborOptionKinds,
  neighborSolicitation,
} from "@clickos/wire/icmpv6";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { dataOf } from "../lib/headers.ts";
import { ip6Checksum, isInPrefix, loadIp6 } from "../lib/ip6.ts";
import { type Ip6Prefix, parseIp6Prefix } from "../lib/ip6-address.ts";

const hopLimit = 0xff;
/** A solicitation, and an advertisement, with one option. */
const solicitationSize = icmpv6.size + neighborSolicitation.size + linkLayerOption.size;
const advertisementSize = icmpv6.size + neighborAdvertisement.size + linkLayerOption.size;
const protocol = ipProtocols["ipv6-icmp"];

interface Entry extends Ip6Prefix {
  readonly ether: Uint8Array;
}

export const IP6NDAdvertiser: ElementClass = element({
  name: "IP6NDAdvertiser",
  ports: "1/1",
  processing: "a/a",
  config: { ENTRY: rest(arg.raw) },
  prepare({ config, scope, error }) {
    const entries = config.ENTRY.flatMap((text, i): Entry[] => {
      const prefixes: Ip6Prefix[] = [];
      let ether: Uint8Array | undefined;
      for (const word of splitWords(text)) {
        const prefix = parseIp6Prefix(word);
        const address = prefix ? undefined : readText(arg.etherAddress, word, scope);
        if (prefix) prefixes.push(prefix);
        else if (address instanceof Mistake) {
          error(`argument ${i} should be \`IP6/MASK ETHADDR'`, i);
          break;
        } else {
          if (ether) error(`argument ${i} has more than one Ethernet address`, i);
          ether = address;
        }
      }
      if (prefixes.length === 0) error(`argument ${i} had no IP6 address and masks`, i);
      return prefixes.map((prefix) => ({ ...prefix, ether: ether ?? new Uint8Array(6) }));
    });
    // The most specific comes first; of those that are alike, the last.
    return { entries: entries.reverse().sort((a, b) => b.length - a.length) };
  },
  action(c, packet, { plan, packets, output }) {
    const none = (): void => packet.drop("no solicitation to answer");
    const bytes = dataOf(packet).need(ethernet.size + ipv6.size + solicitationSize, none);
    const frame = bytes.header(ethernet);
    const ip = bytes.advance(ethernet.size).header(ipv6);
    const message = bytes.advance(ethernet.size + ipv6.size).header(icmpv6);
    const isSolicitation = frame.etherType
      .get()
      .eq(etherTypes.ip6)
      .and(ip.hopLimit.get().eq(hopLimit))
      .and(message.type.get().eq(icmpv6Types.neighborSolicitation))
      .and(message.code.get().eqz());
    c.if(isSolicitation.eqz(), none);
    c.if(ip6Checksum(c, ip, protocol, message.address, c.i32(solicitationSize)), none);
    const { target } = message.payload().header(neighborSolicitation);
    const wanted = loadIp6(c, target.address);
    const answer = c.var("i32", 0, "answer");
    c.block((found) => {
      for (const { ether, ...prefix } of plan.entries) {
        const isAny = prefix.length === 0;
        c.if(isInPrefix(c, wanted, prefix), () => {
          const size = ethernet.size + ipv6.size + advertisementSize;
          packets.make(size, (made: Packet) => {
            const to = dataOf(made).need(size, "stated");
            to.header(ethernet).emit({ destination: frame.source, source: ether, etherType: etherTypes.ip6 });
            const header = to.advance(ethernet.size).header(ipv6);
            const values = { payloadLength: advertisementSize, nextHeader: protocol, hopLimit };
            header.emit({ ...values, source: target, destination: ip.source });
            const head = to.advance(ethernet.size + ipv6.size).header(icmpv6);
            head.emit({ type: icmpv6Types.neighborAdvertisement });
            const body = head.payload();
            body.header(neighborAdvertisement).emit({ router: 1, solicited: 1, target });
            body
              .advance(neighborAdvertisement.size)
              .header(linkLayerOption)
              .emit({ type: neighborOptionKinds.targetLinkLayer, linkLayerAddress: ether });
            const sum = ip6Checksum(c, header, protocol, head.address, c.i32(advertisementSize));
            head.checksum.stored.set(sum);
            answer.set(made.store());
          });
          c.br(found);
        });
        if (isAny) break;
      }
    });
    c.if(answer.get(), () => {
      packet.kill();
      packets.take(answer.get(), (made) => output(0).push(made));
    });
    none();
  },
});
