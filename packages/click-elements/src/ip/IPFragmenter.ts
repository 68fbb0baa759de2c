/**
 * IPFragmenter(MTU [, HONOR_DF, VERBOSE, keyword HEADROOM]) — splits IP packets that are longer than MTU into fragments.
 *
 * Counts from the IP header on. A packet of at most MTU bytes passes. A longer one leaves as fragments, in order, all of them
 * with its annotations; what is in front of its IP header goes with the first fragment only. One that may not be fragmented leaves on
 * output 1 if that is connected and is dropped otherwise: the first five say so, with VERBOSE all. With HONOR_DF false the
 * don't-fragment bit is ignored; such packets get a new identification.
 *
 * HEADROOM is the space in front of fragments after the first, in bytes.
 *
 * Handlers: fragments, drops (read).
 *
 *   ... -> f :: IPFragmenter(1500) -> Queue -> ...
 *   f [1] -> ICMPError(18.26.4.24, unreachable, needfrag) -> ...
 */
import { arg, type ElementClass, element, keyword, positional, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { ipv4 } from "@clickos/wire/ipv4";
import { copyBytes } from "../lib/bytes.ts";
import { copyFragmentOptions, setHeaderChecksum } from "../lib/ip-header.ts";

const smallestMtu = 8;
const messages = 5;

export const IPFragmenter: ElementClass = element({
  name: "IPFragmenter",
  ports: "1/1-2",
  processing: "h/h",
  config: {
    MTU: required(arg.u32),
    HONOR_DF: positional(arg.bool, true),
    VERBOSE: positional(arg.bool, false),
    HEADROOM: keyword(arg.u32, 0),
  },
  prepare({ config, error }) {
    if (config.MTU < smallestMtu) error(`MTU must be at least ${smallestMtu}`);
  },
  state: { fragments: u32, drops: u32 },
  handlers: { drops: { counter: "drops" }, fragments: { counter: "fragments" } },
  push(c, _port, packet, { config, state, output, packets, line, secret }) {
    const { MTU, HONOR_DF, VERBOSE, HEADROOM } = config;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const end = packet.data.add(packet.length);
    c.if(end.sub(packet.network).leS(MTU), () => output(0).push(packet));

    const wrong = (): void => packet.drop("bad IP length");
    const ip = packet.ip.clip(wrong);
    const { options, payload } = ip.parts(wrong);
    const headerLength = ip.headerLength;
    // Offsets of fragments count 8 bytes.
    const first = c.i32(MTU).sub(headerLength).and(-8);
    const tooSmall = first.ltS(smallestMtu);
    c.if(HONOR_DF ? ip.df.isSet().or(tooSmall) : tooSmall, () => {
      const say = (): void =>
        line()
          .text(`IPFragmenter(${MTU}) DF `)
          .ipAddress(ip.source.get())
          .text(" ")
          .ipAddress(ip.destination.get())
          .text(" len=")
          .decimal(packet.length)
          .end();
      if (VERBOSE) say();
      else c.if(state.drops.get().ltU(messages), say);
      state.drops.inc();
      output(1).push(packet, "may not be fragmented");
    });

    // Whose identification is for one packet only when it may not be fragmented needs another.
    if (!HONOR_DF)
      c.if(ip.df.isSet(), () => {
        ip.identification.stored.set(secret());
        ip.df.set(0);
      });
    const hadMore = ip.mf.get();
    const offset = ip.fragmentOffset.get();
    const otherLength = c.call(copyFragmentOptions(c), options.address, options.length, 0).add(ipv4.size);
    ip.totalLength.set(headerLength.add(first));
    ip.mf.set(1);
    setHeaderChecksum(c, ip);
    const { length } = packet;
    packet.setLength(packet.network.sub(packet.data).add(headerLength).add(first));
    packets.copy(packet, (fragment) => {
      state.fragments.inc();
      output(0).push(fragment);
    });
    packet.setLength(length);

    const bytes = payload.length;
    const at = c.var("i32", first, "at");
    c.loop(() => {
      const from = at.get();
      const left = bytes.sub(from);
      c.if(left.leS(0), () => c.break());
      const room = c.i32(MTU).sub(otherLength).and(-8);
      const last = left.leU(room);
      const size = c.select(last, left, room);
      at.set(from.add(size));
      packets.make(otherLength.add(size), (made) =>
        packets.room(made, { head: HEADROOM }, (fragment) => {
          copyBytes(c, fragment.data, packet.network, ipv4.size);
          c.call(copyFragmentOptions(c), options.address, options.length, fragment.data.add(ipv4.size));
          c.copy(fragment.data.add(otherLength), payload.address.add(from), size);
          fragment.setNetworkHeader(fragment.data, fragment.data.add(otherLength));
          const header = fragment.ip;
          header.ihl.set(otherLength.shrU(2));
          header.fragmentOffset.set(offset.add(from.shrU(3)));
          header.mf.set(hadMore.or(last.eqz()));
          header.totalLength.set(otherLength.add(size));
          setHeaderChecksum(c, header);
          fragment.copyAnnotations(packet);
          state.fragments.inc();
          output(0).push(fragment);
        }),
      );
    });
    packet.kill();
  },
});
