/**
 * CheckIPHeader([OFFSET] [, keywords INTERFACES, BADSRC, GOODDST, CHECKSUM, VERBOSE, DETAILS]) — lets valid IPv4 packets
 * pass.
 *
 * Expects the IP header OFFSET bytes into the packet (default 0). Checks version, header length, total length, and the
 * checksum unless CHECKSUM is false; marks the header, sets the destination annotation and cuts padding after the packet.
 * Bad packets leave on output 1 if it is connected and are dropped otherwise. The first of them leaves a message; with
 * VERBOSE true, each does.
 *
 * BADSRC is a list of addresses, with spaces between them, that no packet may come from, unless it goes to one of GOODDST.
 * INTERFACES gives the router's own addresses with their prefixes, `18.26.4.9/24 18.32.9.44/28`: their broadcast addresses,
 * 0.0.0.0 and 255.255.255.255 are bad sources, and the addresses good destinations; BADSRC and GOODDST then do not count.
 *
 * Handlers: drops (read); with DETAILS true, drop_details (read), the drops by reason.
 *
 *   ... -> Strip(14) -> CheckIPHeader(INTERFACES 18.26.4.9/24) -> ...
 */

import { arg, type ElementClass, element, keyword, maximumLargeFrame, positional } from "@clickos/click-core/element";
import type { I32, I32Like } from "@clickos/codegen";
import { array, u32 } from "@clickos/layout";
import { stored32 } from "@clickos/wire";
import { headerSum } from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";
import { dataOf } from "../lib/headers.ts";

export const badIpReasons = [
  "tiny packet",
  "bad IP version",
  "bad IP header length",
  "bad IP length",
  "bad IP checksum",
  "bad source address",
] as const;

const addresses = arg.listOf(arg.ipAddress);

export const CheckIPHeader: ElementClass = element({
  name: "CheckIPHeader",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    OFFSET: positional(arg.u32, 0),
    INTERFACES: keyword(arg.listOf(arg.ipAddressWithPrefix), undefined),
    BADSRC: keyword(addresses, undefined),
    GOODDST: keyword(addresses, undefined),
    CHECKSUM: keyword(arg.bool, true),
    VERBOSE: keyword(arg.bool, false),
    DETAILS: keyword(arg.bool, false),
  },
  prepare({ config: { INTERFACES, BADSRC, GOODDST, OFFSET } }) {
    const broadcasts = INTERFACES?.map(({ address, mask }) => (address | ~mask) >>> 0);
    return {
      bad: [...new Set(broadcasts ? [...broadcasts, 0, 0xffffffff] : (BADSRC ?? []))],
      good: [...new Set(INTERFACES?.map(({ address }) => address) ?? GOODDST ?? [])],
      offset: Math.min(OFFSET, maximumLargeFrame),
    };
  },
  state: { drops: u32, details: array(u32, badIpReasons.length) },
  handlers: { drops: { counter: "drops" } },
  furtherHandlers({ config }) {
    if (!config.DETAILS) return {};
    return { drop_details: { read: (s) => badIpReasons.map((reason, i) => `${s.details[i]}\t${reason}\n`).join("") } };
  },
  action(c, packet, { config, plan, state, output, line, name }) {
    const verdict = c.var("i32", 0, "verdict");
    const { offset } = plan;
    c.block((done) => {
      const failFor = (reason: I32Like) => (): void => {
        verdict.set(reason);
        c.br(done);
      };
      const fail = (reason: number) => failFor(reason + 1);
      const ip = dataOf(packet)
        .need(offset + ipv4.size, fail(0))
        .advance(offset)
        .header(ipv4);
      c.if(ip.wellFormed().eqz(), fail(1));
      // A header that is longer than what there is says that the packet is, too, or that it is shorter than its header.
      const length = ip.headerLength;
      const { headerLength, payload } = ip.parts(() => failFor(c.select(length.ltU(ipv4.size), c.i32(3), c.i32(4)))());
      const total = ip.totalLength.get();
      // Below the header's length, the difference is a large number.
      c.if(total.sub(headerLength).gtU(payload.length), fail(3));
      if (config.CHECKSUM) c.if(headerSum(c, ip.address, headerLength).ne(0xffff), fail(4));
      const any = (word: I32, of: readonly number[]): I32 =>
        of.reduce((is, a) => is.or(word.eq(stored32(a))), c.i32(0));
      if (plan.bad.length > 0) {
        const good = any(ip.destination.stored.get(), plan.good);
        c.if(any(ip.source.stored.get(), plan.bad).and(good.eqz()), fail(5));
      }
      packet.setNetworkHeader(ip.address, payload.address);
      packet.dstIp.set(ip.destination.get());
      packet.setLength(total.add(offset));
    });
    c.if(verdict.get(), () => {
      c.if(config.VERBOSE ? c.i32(1) : state.drops.get().eqz(), () => {
        const message = line().text(`${name}: IP header check failed: `);
        badIpReasons.forEach((reason, i) => c.if(verdict.get().eq(i + 1), () => message.text(reason)));
        message.end();
      });
      state.drops.inc();
      if (config.DETAILS) state.details.at(verdict.get().sub(1)).inc();
      if (output(1).connected) output(1).push(packet);
      else
        c.switch(
          verdict.get().sub(1),
          badIpReasons.slice(0, -1).map((reason) => () => packet.drop(reason)),
          () => packet.drop(badIpReasons[5]),
        );
    });
  },
});
