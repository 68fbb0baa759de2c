/**
 * CheckIPHeader([BADSRC, keywords OFFSET, CHECKSUM, VERBOSE, DETAILS, INTERFACES, BADSRC*]) — lets valid IPv4 packets pass.
 *
 * Expects the IP header OFFSET bytes into the packet. Checks version, header length, total length, checksum
 * (unless CHECKSUM is false) and that the source is none of BADSRC, a list of addresses between spaces; by
 * default 0.0.0.0 and 255.255.255.255. Marks the header, sets the destination annotation and cuts padding after
 * the packet. Bad packets leave on output 1 if it is connected and are dropped otherwise.
 *
 * Handlers: count, drops (read), drop_details (read).
 *
 *   ... -> Strip(14) -> CheckIPHeader(18.26.4.255 2.255.255.255) -> ...
 */

import { arg, type ElementClass, element, keyword, parseIpAddress, positional } from "@clickos/click-core/element";
import { array, u32, u64 } from "@clickos/layout";
import { ipHeaderSum } from "../lib/checksum.ts";

export const badIpReasons = [
  "short packet",
  "bad IP version",
  "bad IP header length",
  "bad IP length",
  "bad IP checksum",
  "bad source address",
] as const;

export const CheckIPHeader: ElementClass = element({
  name: "CheckIPHeader",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    BADSRC: positional(arg.string, "0.0.0.0 255.255.255.255"),
    OFFSET: positional(arg.u16, 0),
    INTERFACES: keyword(arg.string, ""),
    CHECKSUM: keyword(arg.bool, true),
    VERBOSE: keyword(arg.bool, false),
    DETAILS: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    // A lone number is the offset: CheckIPHeader(14).
    const lone = /^\d+$/.test(config.BADSRC.trim());
    const words = lone ? ["0.0.0.0", "255.255.255.255"] : config.BADSRC.trim().split(/\s+/).filter(Boolean);
    const bad = words.map((w) => {
      const address = parseIpAddress(w);
      if (address === undefined) error(`BADSRC: '${w}' is not an IP address`, 0);
      return address ?? 0;
    });
    // INTERFACES gives prefixes of local networks: their broadcast addresses are no sources.
    for (const word of config.INTERFACES.split(/\s+/).filter(Boolean)) {
      const prefix = arg.ipPrefix.parse(word);
      if (prefix) bad.push((prefix.address | ~prefix.mask) >>> 0);
      else error(`INTERFACES: '${word}' is not an IP prefix`);
    }
    const offset = lone ? arg.u16.parse(config.BADSRC.trim()) : config.OFFSET;
    if (offset === undefined) error(`OFFSET: '${config.BADSRC}' is not ${arg.u16.expects}`, 0);
    return { bad, offset: offset ?? 0 };
  },
  state: { count: u64, drops: u32, details: array(u32, badIpReasons.length) },
  handlers: {
    count: { counter: "count" },
    drops: { counter: "drops" },
    drop_details: { read: (s) => badIpReasons.map((reason, i) => `${s.details[i]}\t${reason}`).join("\n") },
  },
  action(c, packet, { config, plan, state, output }) {
    const verdict = c.var("i32", 0, "verdict");
    const { offset } = plan;
    c.block((done) => {
      const fail = (condition: ReturnType<typeof c.i32>, reason: number): void =>
        c.if(condition, () => {
          verdict.set(reason + 1);
          c.br(done);
        });
      fail(packet.length.ltU(offset + 20), 0);
      const at = packet.data.add(offset);
      const available = packet.length.sub(offset);
      const first = c.load8(at);
      fail(first.and(0xf0).ne(0x40), 1);
      const headerLength = first.and(15).shl(2);
      fail(headerLength.ltU(20).or(headerLength.gtU(available)), 2);
      const total = c.load16(at, 2, "be");
      fail(total.ltU(headerLength).or(total.gtU(available)), 3);
      if (config.CHECKSUM) fail(ipHeaderSum(c, at, headerLength).ne(0xffff), 4);
      const source = c.load32(at, 12, "be");
      for (const bad of plan.bad) fail(source.eq(bad), 5);
      packet.setNetworkHeader(at, at.add(headerLength));
      packet.dstIp.set(c.load32(at, 16, "be"));
      packet.setLength(total.add(offset));
      state.count.inc();
    });
    c.if(verdict.get(), () => {
      state.drops.inc();
      state.details.at(verdict.get().sub(1)).inc();
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
