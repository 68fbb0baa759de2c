/**
 * CheckIPHeader([OFFSET] [, keywords OFFSET, INTERFACES, BADSRC, GOODDST, CHECKSUM, VERBOSE, DETAILS]) — lets valid IPv4
 * packets pass.
 *
 * Expects the IP header OFFSET bytes into the packet (default 0). Checks version, header length, total length, and the
 * checksum unless CHECKSUM is false; marks the header, sets the destination annotation and cuts padding after the packet.
 * Bad packets leave on output 1 if it is connected and are dropped otherwise.
 *
 * BADSRC is a list of addresses, with spaces between them, that no packet may come from, unless it goes to one of GOODDST.
 * INTERFACES gives the router's own addresses with their prefixes, `18.26.4.9/24 18.32.9.44/28`: their broadcast addresses,
 * 0.0.0.0 and 255.255.255.255 are bad sources, and the addresses good destinations. With VERBOSE true, each bad packet
 * leaves a message. DETAILS is accepted with a warning: drop_details is always there.
 *
 * In Click's earlier syntax, CheckIPHeader([BADSRC, OFFSET]), 0.0.0.0 and 255.255.255.255 are bad sources besides those given.
 *
 * Handlers: count, drops (read), drop_details (read).
 *
 *   ... -> Strip(14) -> CheckIPHeader(INTERFACES 18.26.4.9/24) -> ...
 */

import {
  type ArgumentType,
  accepted,
  arg,
  type ElementClass,
  element,
  keyword,
  positional,
  readText,
} from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { array, u32, u64 } from "@clickos/layout";
import { stored32 } from "@clickos/wire";
import { headerSum } from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";
import { dataOf } from "../lib/headers.ts";

export const badIpReasons = [
  "short packet",
  "bad IP version",
  "bad IP header length",
  "bad IP length",
  "bad IP checksum",
  "bad source address",
] as const;

const addresses = arg.listOf(arg.ipAddress);

/** The offset; or, in Click's earlier syntax, which comes before it, the bad sources. */
const offsetOrSources: ArgumentType<number | readonly number[]> = {
  expects: "an offset",
  parse: (text, scope) => (/^\d\w*$/.test(text) ? readText(arg.u16, text, scope) : readText(addresses, text, scope)),
};

export const CheckIPHeader: ElementClass = element({
  name: "CheckIPHeader",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    // Positions without keywords.
    "OFFSET*": positional(offsetOrSources, null),
    "OFFSET2*": positional(arg.u16, null),
    OFFSET: keyword(arg.u16, 0),
    INTERFACES: keyword(arg.listOf(arg.ipAddressWithPrefix), []),
    BADSRC: keyword(addresses, []),
    GOODDST: keyword(addresses, []),
    CHECKSUM: keyword(arg.bool, true),
    VERBOSE: keyword(arg.bool, false),
    DETAILS: accepted(arg.bool, "drop_details is always there"),
  },
  prepare({ config, error }) {
    const { "OFFSET*": first, "OFFSET2*": second, INTERFACES: interfaces, BADSRC, GOODDST, OFFSET } = config;
    if (typeof first === "number" && second !== null) error("OFFSET is given twice", 1);
    const isEarlier = second !== null || (first !== null && typeof first !== "number");
    const listed = first === null || typeof first === "number" ? [] : first;
    const broadcasts = interfaces.map(({ address, mask }) => ((address & mask) | ~mask) >>> 0);
    const always = isEarlier || interfaces.length > 0 ? [0, 0xffffffff] : [];
    return {
      bad: [...new Set([...listed, ...BADSRC, ...broadcasts, ...always])],
      good: [...new Set([...GOODDST, ...interfaces.map((i) => i.address)])],
      offset: second ?? (typeof first === "number" ? first : OFFSET),
    };
  },
  state: { count: u64, drops: u32, details: array(u32, badIpReasons.length) },
  handlers: {
    count: { counter: "count" },
    drops: { counter: "drops" },
    drop_details: { read: (s) => badIpReasons.map((reason, i) => `${s.details[i]}\t${reason}`).join("\n") },
  },
  action(c, packet, { config, plan, state, output, line, name }) {
    const verdict = c.var("i32", 0, "verdict");
    const { offset } = plan;
    c.block((done) => {
      const fail = (reason: number) => (): void => {
        verdict.set(reason + 1);
        c.br(done);
      };
      const ip = dataOf(packet)
        .need(offset + ipv4.size, fail(0))
        .advance(offset)
        .header(ipv4);
      c.if(ip.wellFormed().eqz(), fail(1));
      const { headerLength, payload } = ip.parts(fail(2));
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
      state.count.inc();
    });
    c.if(verdict.get(), () => {
      state.drops.inc();
      state.details.at(verdict.get().sub(1)).inc();
      if (config.VERBOSE)
        badIpReasons.forEach((reason, i) =>
          c.if(verdict.get().eq(i + 1), () => line().text(`${name}: IP header check failed: ${reason}`).end()),
        );
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
