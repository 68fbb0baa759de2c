/** What CheckIPHeader and CheckIPHeader2 are: one class that differs in whether the checksum is looked at by default. */
import {
  arg,
  type ElementClass,
  element,
  fitting,
  keyword,
  maximumLargeFrame,
  positional,
} from "@clickos/click-core/element";
import type { I32, I32Like } from "@clickos/codegen";
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
      return {
        drop_details: { read: (s) => badIpReasons.map((reason, i) => `${s.details[i]}\t${reason}\n`).join("") },
      };
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
        const { headerLength, payload } = ip.parts(() =>
          failFor(c.select(length.ltU(ipv4.size), c.i32(3), c.i32(4)))(),
        );
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
}
