/**
 * IPFilter(ACTION PATTERN, ...) — passes or drops IP packets by the first rule that matches.
 *
 * ACTION is `allow` (output 0), `deny` or `drop`, or an output number. PATTERN is an expression such as
 * `src net 10.0.0.0/8 and tcp dst port 80`. Packets that no rule matches are dropped, and so are those without a
 * marked IP header. Addresses and ports may be names of AddressInfo and PortInfo. The rules are compiled to a
 * decision tree.
 *
 * Handlers: program (read: the rules with how many packets each matched), drops (read), reset_counts (write).
 *
 *   ... -> CheckIPHeader(14) -> IPFilter(allow tcp dst port 80, deny all) -> ...
 */

import { type ElementClass, element, emptyScope, rest, type Scope } from "@clickos/click-core/element";
import { takeWord, unquote } from "@clickos/click-language/arguments";
import { array, u64 } from "@clickos/layout";
import { always, type Expression } from "./expression.ts";
import { stageIpLookup } from "./ip-lookup.ts";
import { parseIpPattern } from "./ip-pattern.ts";
import { PatternError, patternType } from "./patterns.ts";
import { laterTree } from "./tree-builder.ts";

const actions: Record<string, number> = {
  allow: 0,
  accept: 0,
  pass: 0,
  yes: 0,
  deny: -1,
  drop: -1,
  discard: -1,
  no: -1,
};

/** A rule of a filter: its text, its expression, and its output; -1 is to drop. */
export interface FilterRule {
  readonly text: string;
  readonly when: Expression;
  readonly output: number;
}

/** Parses `ACTION PATTERN`. @throws {PatternError} */
export function parseFilterRule(text: string, scope: Scope = emptyScope): FilterRule {
  const [word, pattern] = takeWord(text);
  const output = Object.hasOwn(actions, word) ? actions[word] : /^\d+$/.test(word) ? Number(word) : undefined;
  if (output === undefined)
    throw new PatternError(`'${word}' is not an action (allow, deny, drop or an output number)`);
  return {
    text: text.trim().replace(/\s+/g, " "),
    when: pattern === "" ? always : parseIpPattern(pattern, scope),
    output,
  };
}

const filterRule = patternType("a rule such as allow tcp", (text, scope) => {
  const rule = parseFilterRule(unquote(text), scope);
  if (rule.output >= Math.max(1, scope.noutputs)) throw new PatternError(`output ${rule.output} is not connected`);
  return rule;
});

export const IPFilter: ElementClass = element({
  name: "IPFilter",
  ports: "1/-",
  processing: "h/h",
  live: true,
  config: { RULE: rest(filterRule) },
  prepare: ({ config: { RULE: rules } }) => ({
    rules,
    tree: laterTree(rules.map((r, result) => ({ when: r.when, result }))),
  }),
  state: ({ plan }) => ({ hits: array(u64, plan.rules.length + 1) }),
  handlers: {
    program: {
      kind: "table",
      read: ({ hits }, { plan }) =>
        [...plan.rules.map((r) => r.text), "(no rule)"].map((text, i) => `${text}\t${hits[i]}`).join("\n"),
    },
    drops: {
      kind: "counter",
      unit: "packets",
      read: (s, { plan }) => s.hits.reduce((n, hits, i) => n + ((plan.rules[i]?.output ?? -1) < 0 ? hits : 0n), 0n),
    },
    reset_counts: {
      write: (s) => {
        s.hits = s.hits.map(() => 0n);
      },
    },
  },
  drops: (s, { plan }) =>
    s.hits.flatMap((count, i) => {
      const rule = plan.rules[i];
      if (rule && rule.output >= 0) return [];
      return [{ reason: rule ? `rule ${i + 1}: ${rule.text}` : "no rule matches", count: Number(count) }];
    }),
  push(c, _port, packet, { plan, state, data, output, name }) {
    const { rules } = plan;
    const result = stageIpLookup(c, { name, data }, packet, plan.tree());
    const rule = c.select(result.ltS(0), c.i32(rules.length), result);
    state.hits.at(rule).inc();
    const used = [...new Set(rules.filter((r) => r.output >= 0).map((r) => r.output))].sort((a, b) => a - b);
    // Position in `used` by rule; the position past the end is to drop.
    const places = new Map(used.map((output, i) => [output, i]));
    const positions = [...rules.map((r) => places.get(r.output) ?? used.length), used.length];
    const table = data(Uint8Array.from(positions.flatMap((p) => [p & 255, p >> 8])), 2);
    c.switch(
      c.load16(rule.shl(1), table),
      used.map((port) => () => output(port).push(packet)),
      () => packet.kill(),
    );
  },
});
