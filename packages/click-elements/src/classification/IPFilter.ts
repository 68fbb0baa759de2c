/**
 * IPFilter(ACTION PATTERN, ...) — passes or drops IP packets by the first rule that matches.
 *
 * ACTION is `allow` (output 0), `deny` or `drop`, or an output number. PATTERN is an expression such as
 * `src net 10.0.0.0/8 and tcp dst port 80`. Packets that no rule matches are dropped. Addresses, ports and protocols may be
 * names: those of AddressInfo and PortInfo, and those that the machine has. Tests of bytes that a packet does not have do not
 * match, such as those of any header where no IP header is marked. The rules are compiled to decision trees.
 *
 * Handlers: program (read: the program that Click would compile the rules to).
 *
 *   ... -> CheckIPHeader(14) -> IPFilter(allow tcp dst port 80, deny all) -> ...
 */

import { arg, type ElementClass, element, emptyScope, rest, type Scope } from "@clickos/click-core/element";
import { unquote } from "@clickos/click-language/arguments";
import { array, u64 } from "@clickos/layout";
import { always, type Expression } from "./expression.ts";
import { stageIpLookup } from "./ip-lookup.ts";
import { readFilterRule, readFilterRules } from "./ip-rules.ts";
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
  handlers: { program: { kind: "table", read: (_s, { plan }) => plan.rules.program } },
  drops: (s, { plan: { rules, texts } }) =>
    s.hits.flatMap((count, i) => {
      const rule = rules.rules[i];
      if (rule?.when && rule.output >= 0) return [];
      return [{ reason: rule ? `rule ${i + 1}: ${texts[i]}` : "no rule matches", count: Number(count) }];
    }),
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
      () => packet.kill(),
    );
  },
});
