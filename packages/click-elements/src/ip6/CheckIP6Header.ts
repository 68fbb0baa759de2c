/**
 * CheckIP6Header([BADADDRS, OFFSET]) — lets valid IPv6 packets pass.
 *
 * Expects the IPv6 header OFFSET bytes into the packet (default 0). Checks version and length, and that the source is none of BADADDRS, a
 * list of addresses with spaces between them, nor the address whose bits are all ones. Marks the header and cuts what is behind
 * the packet's end. Bad packets leave on output 1 if it is connected and are dropped otherwise; the first of them leaves a message.
 *
 * Handlers: drops (read).
 *
 *   ... -> Strip(14) -> CheckIP6Header(3ffe:1ce1:2::ffff) -> ...
 */
import { arg, type ElementClass, element, maximumLargeFrame, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { ipv6 } from "@clickos/wire/ipv6";
import { dataOf } from "../lib/headers.ts";
import { isIp6, loadIp6 } from "../lib/ip6.ts";
import { ip6AddressSize, parseIp6Address } from "../lib/ip6-address.ts";

const allOnes = new Uint8Array(ip6AddressSize).fill(0xff);

export const CheckIP6Header: ElementClass = element({
  name: "CheckIP6Header",
  ports: "1/1-2",
  processing: "a/ah",
  config: { BADADDRS: positional(arg.string, ""), OFFSET: positional(arg.u32, 0) },
  prepare({ config, error }) {
    const words = config.BADADDRS.split(/\s+/).filter((word) => word !== "");
    const bad = words.map((word) => parseIp6Address(word));
    if (bad.includes(undefined)) error("expects IP6ADDRESS -a ");
    return { bad: [allOnes, ...bad.filter((address) => address !== undefined)] };
  },
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" } },
  action(c, packet, { config, plan, state, output, line }) {
    const wrong = (): void => {
      c.if(state.drops.get().eqz(), () => line().text("IP6 header check failed").end());
      state.drops.inc();
      output(1).push(packet, "bad IPv6 header");
    };
    const offset = Math.min(config.OFFSET, maximumLargeFrame);
    const ip = dataOf(packet)
      .need(offset + ipv6.size, wrong)
      .advance(offset)
      .header(ipv6);
    const room = packet.length.sub(offset + ipv6.size);
    const payload = ip.payloadLength.get();
    const source = loadIp6(c, ip.source.address);
    const isBad = plan.bad.reduce((any, address) => any.or(isIp6(c, source, address)), payload.gtU(room));
    c.if(ip.wellFormed().eqz().or(isBad), wrong);
    packet.setNetworkHeader(ip.address, ip.address.add(ipv6.size));
    packet.setLength(payload.add(offset + ipv6.size));
  },
});
