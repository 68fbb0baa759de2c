/**
 * IPFilter(ACTION PATTERN, ...) — passes or drops IP packets by the first rule that matches.
 *
 * ACTION is `allow` (output 0), `deny` or `drop`, or an output number. A packet that no rule matches is dropped. The rules are
 * compiled to decision trees, or many of them to tables. The IP header must be marked, as CheckIPHeader and MarkIPHeader do; a test of bytes that a packet
 * does not have does not match, and tests of ports, of the ICMP type and of TCP options match first fragments only.
 *
 * Primitives of a PATTERN, in which most words may be left out (`tcp`, `www` and `10.0.0.0/8` are patterns):
 *
 *   ip proto PROTO                        a protocol: icmp, tcp, udp, gre, ... or a number
 *   [DIR] host ADDRESS                    an IP address
 *   [DIR] net PREFIX                      a network: 10.0.0.0/8, or 10.0.0.0 mask 255.0.0.0
 *   [DIR] [tcp | udp] port PORT           a port: its number, or a name such as www, dns, ssh
 *   [DIR] ether host ADDRESS              an Ethernet address; the MAC header must be marked
 *   ip vers | hl | id | tos | dscp | ttl | len VALUE     a field of the IP header
 *   ip frag, ip unfrag, ip ect, ip ce     fragments; packets that are none; ECN-capable; congestion experienced
 *   tcp opt FLAG, tcp win VALUE           a TCP flag: syn, fin, ack, rst, psh, urg; the window
 *   icmp type TYPE                        a type: echo, echo-reply, unreachable, timeexceeded, ... or a number
 *   ip[POS:LEN] VALUE                     LEN bytes (1 if left out) of the IP header from POS on; also of `transp`,
 *                                         `tcp`, `udp` and `icmp`
 *   true, false, all, any, -              all packets, or none
 *
 * DIR is `src`, `dst`, `src or dst` (if left out) or `src and dst`. Before a value may stand `==`, `!=`, and before a number `<`,
 * `>`, `<=`, `>=`; before those, `& MASK`: `src tcp port & 10 == 8`. A negated test still says what kind of packet it is
 * about: `tcp port != 5` matches TCP packets only.
 *
 * Patterns are joined by `and` (`&&`, or nothing between them), `or` (`||`), `not` (`!`), `A ? B : C`, and parentheses. A value alone
 * continues the primitive before it: `dst port 80 or 443`. Addresses, ports and protocols may be names: those of AddressInfo
 * and PortInfo, and those that the machine has.
 *
 * Handlers: program (read: the program that Click would compile the rules to), lookup (read: what packets are looked up in: how many decision
 * trees and automata, and the bytes of their tables).
 *
 *   ... -> CheckIPHeader(14) -> IPFilter(allow tcp dst port 80 or 443, deny src net 10.0.0.0/8 and not icmp, allow all) -> ...
 */

import { arg, type ElementClass, element, emptyScope, rest, type Scope } from "@clickos/click-core/element";
import { unquote } from "@clickos/click-language/arguments";
import { array, u64 } from "@clickos/layout";
import { always, type Expression } from "./expression.ts";
import { stageIpLookup } from "./ip-lookup.ts";
import { type IpRules, readFilterRule, readFilterRules } from "./ip-rules.ts";
import { ipWords } from "./ip-words.ts";
import { expressionOf, headerWords } from "./match-expression.ts";
import { readPattern } from "./patterns.ts";

/** A rule of a filter: its text, its expression, and its output; -1 is to drop. */
export interface FilterRule {
  readonly text: string;
  readonly when: Expression;
  readonly output: number;
}

const ruleText = (text: string): string => text.trim().replace(/\s+/g, " ");

/** Parses `ACTION PATTERN`. @throws {PatternError} */
export function parseFilterRule(text: string, scope: Scope = emptyScope): FilterRule {
  return readPattern((report) => {
    const words = ipWords(unquote(text));
    if (words.length === 0) report.error("empty pattern");
    const rule = readFilterRule(words, Number.POSITIVE_INFINITY, scope, report);
    const when = rule.when ? expressionOf(rule.when, headerWords) : always;
    return { text: ruleText(text), when, output: rule.when ? rule.output : -1 };
  });
}

function reasonOf(
  rule: number,
  { rules, texts }: { readonly rules: IpRules; readonly texts: readonly string[] },
): string {
  return rules.rules[rule] ? `rule ${rule + 1}: ${texts[rule]}` : "no rule matches";
}

export const IPFilter: ElementClass = element({
  name: "IPFilter",
  ports: "1/-",
  processing: "h/h",
  live: true,
  config: { RULE: rest(arg.raw) },
  prepare: (context) => ({
    texts: context.arguments.map(ruleText),
    rules: readFilterRules(context.arguments, context),
  }),
  state: ({ plan }) => ({ hits: array(u64, plan.rules.rules.length + 1) }),
  handlers: {
    program: { kind: "table", read: (_s, { plan }) => plan.rules.program },
    lookup: { kind: "table", read: (_s, { plan }) => plan.rules.lookup },
  },
  drops: (s, { plan }) =>
    s.hits.flatMap((count, i) => {
      const rule = plan.rules.rules[i];
      return rule?.when && rule.output >= 0 ? [] : [{ reason: reasonOf(i, plan), count: Number(count) }];
    }),
  reasonOf: (rule, { plan }) => reasonOf(rule, plan),
  push(c, _port, packet, { plan, state, data, output, name }) {
    const { rules, decisions } = plan.rules;
    const result = stageIpLookup(c, { name, data }, packet, decisions);
    const rule = c.select(result.ltS(0), c.i32(rules.length), result);
    state.hits.at(rule).inc();
    const outputs = rules.map((r) => (r.when ? r.output : -1));
    const used = [...new Set(outputs.filter((o) => o >= 0))].sort((a, b) => a - b);
    // Position in `used` by rule; the position past the end is to drop.
    const places = new Map(used.map((output, i) => [output, i]));
    const positions = [...outputs.map((o) => places.get(o) ?? used.length), used.length];
    const table = data(Uint8Array.from(positions.flatMap((p) => [p & 255, p >> 8])), 2);
    c.switch(
      c.load16(rule.shl(1), table),
      used.map((port) => () => output(port).push(packet)),
      () => packet.kill(rule),
    );
  },
});
