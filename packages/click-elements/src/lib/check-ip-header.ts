/** What CheckIPHeader and CheckIPHeader2 are: one class that differs in whether the checksum is looked at by default. */
import {
  arg,
  type ElementClass,
  element,
  fitting,
  type IpAddressWithPrefix,
  keyword,
  maximumLargeFrame,
  type Packet,
  positional,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I32Like } from "@clickos/codegen";
import { array, u32 } from "@clickos/layout";
import { stored32 } from "@clickos/wire";
import { headerSum } from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";
import { dataOf } from "./headers.ts";

const badIpReasons = [
  "tiny packet",
  "bad IP version",
  "bad IP header length",
  "bad IP length",
  "bad IP checksum",
  "bad source address",
] as const;

const addresses = arg.listOf(arg.ipAddress);

/** The addresses that no packet may come from, and those that packets may go to all the same. */
export interface SourceRules {
  readonly bad: readonly number[];
  readonly good: readonly number[];
}

/** What the networks of interfaces say: their broadcast addresses and those that mean no host are bad sources. */
export function rulesOfInterfaces(interfaces: readonly IpAddressWithPrefix[]): SourceRules {
  const broadcasts = interfaces.map(({ address, mask }) => (address | ~mask) >>> 0);
  return { bad: [...broadcasts, 0, 0xffffffff], good: interfaces.map(({ address }) => address) };
}

/**
 * Checks the header that starts so many bytes into the packet. Where it is good, marks it, sets the destination annotation and cuts
 * what is after the packet's end; the result is 0 then, and else the number of one of `badIpReasons`, from 1.
 */
export function checkHeader(
  c: FunctionBuilder,
  packet: Packet,
  { offset, checksum, bad, good }: SourceRules & { readonly offset: number; readonly checksum: boolean },
): I32 {
  const verdict = c.var("i32", 0, "verdict");
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
    if (checksum) c.if(headerSum(c, ip.address, headerLength).ne(0xffff), fail(4));
    const any = (word: I32, of: readonly number[]): I32 => of.reduce((is, a) => is.or(word.eq(stored32(a))), c.i32(0));
    if (bad.length > 0)
      c.if(any(ip.source.stored.get(), bad).and(any(ip.destination.stored.get(), good).eqz()), fail(5));
    packet.setNetworkHeader(ip.address, payload.address);
    packet.dstIp.set(ip.destination.get());
    packet.setLength(total.add(offset));
  });
  return verdict.get();
}

export function checkIpHeader(name: string, checksum: boolean): ElementClass {
  return element({
    name,
    ports: "1/1-2",
    processing: "a/ah",
    keywordsFirst: true,
    config: {
      INTERFACES: keyword(arg.listOf(arg.ipAddressWithPrefix), undefined),
      BADSRC: keyword(addresses, undefined),
      GOODDST: keyword(addresses, undefined),
      CHECKSUM: keyword(arg.bool, checksum),
      VERBOSE: keyword(arg.bool, false),
      DETAILS: keyword(arg.bool, false),
      OFFSET: fitting(positional(arg.u32, 0)),
    },
    prepare({ config: { INTERFACES, BADSRC, GOODDST, OFFSET } }) {
      const { bad, good } = INTERFACES ? rulesOfInterfaces(INTERFACES) : { bad: BADSRC ?? [], good: GOODDST ?? [] };
      return { bad: [...new Set(bad)], good: [...new Set(good)], offset: Math.min(OFFSET, maximumLargeFrame) };
    },
    state: { drops: u32, details: array(u32, badIpReasons.length) },
    handlers: { drops: { counter: "drops" } },
    furtherHandlers({ config }) {
      if (!config.DETAILS) return {};
      return {
        drop_details: { read: (s) => badIpReasons.map((reason, i) => `${s.details[i]}\t${reason}\n`).join("") },
      };
    },
    action(c, packet, { config, plan, state, output, line, name }) {
      const verdict = checkHeader(c, packet, { ...plan, checksum: config.CHECKSUM });
      c.if(verdict, () => {
        c.if(config.VERBOSE ? c.i32(1) : state.drops.get().eqz(), () => {
          const message = line().text(`${name}: IP header check failed: `);
          badIpReasons.forEach((reason, i) => c.if(verdict.eq(i + 1), () => message.text(reason)));
          message.end();
        });
        state.drops.inc();
        if (config.DETAILS) state.details.at(verdict.sub(1)).inc();
        if (output(1).connected) output(1).push(packet);
        else
          c.switch(
            verdict.sub(1),
            badIpReasons.slice(0, -1).map((reason) => () => packet.drop(reason)),
            () => packet.drop(badIpReasons[5]),
          );
      });
    },
  });
}
