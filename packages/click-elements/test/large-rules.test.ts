/** Rules and routes in great number, and large expressions: what they decide, and what they take to compile. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DecisionTree, lookup, type Rule } from "../src/classification/decision-tree.ts";
import { byteReader, type Expression, evaluate, type Field } from "../src/classification/expression.ts";
import { parseFilterRule } from "../src/classification/IPFilter.ts";
import { decisionTree } from "../src/classification/tree-builder.ts";
import { ip, make, pass, tcp, udp } from "./packets.ts";

const times = <T>(n: number, f: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => f(i));
const dotted = (n: number): string => [24, 16, 8, 0].map((s) => (n >>> s) & 255).join(".");
const host = (i: number): string => dotted(0x0a000000 + i);
const rulesOf = (texts: readonly string[]): Rule[] =>
  texts.map((text, result) => ({ when: parseFilterRule(text).when, result }));

/** Branches, ranges and conditions of a tree, those that are shared once. */
function sizeOf(tree: DecisionTree): { nodes: number; conditions: number } {
  const seen = new Set<unknown>();
  const size = { nodes: 0, conditions: 0 };
  const visit = (x: DecisionTree[number]): void => {
    if (seen.has(x)) return;
    seen.add(x);
    if (x.kind === "all" || x.kind === "none") {
      size.conditions++;
      for (const part of x.parts) part.forEach(visit);
    } else if (x.kind === "branch") {
      size.nodes += x.segments.length + 1;
      for (const s of x.segments) visit(s.next);
      visit(x.unreadable);
    }
  };
  tree.forEach(visit);
  return size;
}

const field = (i: number): Field => ({ base: "data", offset: i, width: 1, mask: i % 3 === 2 ? 0x0f : 0xff });
const test_ = fc
  .tuple(fc.nat(8), fc.nat(6), fc.nat(4))
  .map(([f, low, more]): Expression => ({ kind: "test", field: field(f), low, high: low + more }));
const { nested } = fc.letrec<{ nested: Expression }>((tie) => ({
  nested: fc.oneof(
    { maxDepth: 5 },
    test_,
    fc
      .tuple(fc.constantFrom("and" as const, "or" as const), fc.array(tie("nested"), { minLength: 1, maxLength: 6 }))
      .map(([kind, list]): Expression => ({ kind, list })),
    tie("nested").map((of): Expression => ({ kind: "not", of })),
    // A part that stands in two places, as the condition of `?:` does.
    fc.tuple(tie("nested"), tie("nested"), tie("nested")).map(
      ([c, a, b]): Expression => ({
        kind: "or",
        list: [
          { kind: "and", list: [c, a] },
          { kind: "and", list: [{ kind: "not", of: c }, b] },
        ],
      }),
    ),
  ),
}));
/** Expressions that are too large for one tree. */
const wide = fc
  .tuple(
    fc.constantFrom("and" as const, "or" as const),
    fc.array(fc.array(fc.oneof({ weight: 4, arbitrary: test_ }, nested), { minLength: 2, maxLength: 5 }), {
      minLength: 25,
      maxLength: 60,
    }),
    fc.boolean(),
  )
  .map(([kind, groups, negated]): Expression => {
    const e: Expression = {
      kind,
      list: groups.map((list): Expression => ({ kind: kind === "and" ? "or" : "and", list })),
    };
    return negated ? { kind: "not", of: e } : e;
  });
const bytes = fc.uint8Array({ minLength: 0, maxLength: 9, max: 12 });

describe("decision trees", () => {
  const agree = (list: readonly Expression[], packets: readonly Uint8Array[]): DecisionTree => {
    const tree = decisionTree(list.map((when, result) => ({ when, result })));
    for (const packet of packets) {
      const read = byteReader(packet, { data: 0 });
      expect(lookup(tree, read)).toBe(list.findIndex((e) => evaluate(e, read)));
    }
    return tree;
  };

  it("decide as the plain evaluator does, on nested expressions and packets of any length", () => {
    fc.assert(
      fc.property(fc.array(nested, { minLength: 1, maxLength: 8 }), fc.array(bytes, { minLength: 40 }), (l, p) => {
        agree(l, p);
      }),
      { numRuns: 150 },
    );
  });

  it("decide so where an expression is taken apart", () => {
    let conditions = 0;
    fc.assert(
      fc.property(fc.array(wide, { minLength: 1, maxLength: 3 }), fc.array(bytes, { minLength: 60 }), (l, p) => {
        conditions += sizeOf(agree(l, p)).conditions;
      }),
      { numRuns: 12 },
    );
    expect(conditions).toBeGreaterThan(10);
  });
});

describe("compiled rules", () => {
  /** What IPFilter does with packets, against the plain evaluator. */
  const passes = async (rules: readonly string[], packets: readonly Uint8Array[]): Promise<void> => {
    using router = await make(`FromDevice(0) -> MarkIPHeader -> IPFilter(${rules.join(", ")}) -> ToDevice(1)`);
    const parsed = rules.map((t) => parseFilterRule(t));
    const expected = packets.filter((p) => {
      const read = byteReader(p, { network: 0, transport: 20 });
      return parsed.find((r) => evaluate(r.when, read))?.output === 0;
    });
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(packets.length);
    expect(pass(router, packets)[1]).toEqual(expected);
  };

  it("thousands of addresses joined by 'or' are searched in memory", async () => {
    await passes(
      [`allow ${times(5000, (i) => `src host ${host(i * 3)}`).join(" or ")}`, "deny all"],
      [...times(60, (i) => 3 * i), 14995, 14996, 14997, 14998, 0xffffff].map((i) => udp(1, 2, { src: host(i) })),
    );
    await passes(
      [`allow (${times(5000, (i) => `src host ${host(i * 3)}`).join(" or ")}) and dst port 2`, "allow tcp", "deny all"],
      times(90, (i) => (i % 4 ? udp(1, 2 + (i % 2), { src: host(i) }) : tcp(1, 2 + (i % 2), 2))),
    );
  });

  it("thousands of rules with decisions of their own", async () => {
    await passes(
      [...times(5000, (i) => `${i % 2 ? "allow" : "deny"} src host ${host(i)}`), "deny all"],
      times(200, (i) => udp(1, 2, { src: host(i * 31) })),
    );
  });

  it("groups of alternatives, all of which must hold", async () => {
    const group = (i: number): string =>
      `(src port ${i} or dst port ${i} or src host 1.2.3.${i} or ip ttl ${i} or ip tos ${i})`;
    const rules = [`allow ${times(40, (i) => `not ${group(i + 1)}`).join(" and ")}`];
    const any = [`deny not (${times(40, (i) => group(i + 1)).join(" and ")}) and ip ttl < 60`, "allow all"];
    const packets = times(300, (i) =>
      ip({
        src: `1.2.3.${(i * 7) % 90}`,
        ttl: (i * 3) % 70,
        tos: i % 5 ? 44 : i % 40,
        payload: Uint8Array.of(0, (i * 5) % 120, 0, (i * 11) % 120, 0, 8, 0, 0),
      }),
    );
    await passes(rules, packets);
    await passes(any, packets);
  });
});

describe("thousands of routes", () => {
  it("agree with a search by length", async () => {
    const mask = (n: number, length: number): number => (n & (0xffffffff << (32 - length))) >>> 0;
    let seed = 7;
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed % n;
    };
    const routes = times(6000, (i) => {
      const length = 8 + random(25);
      return { address: mask(0x0a000000 + random(1 << 26) * (i % 2 ? 1 : 64), length), length, output: i % 3 };
    });
    const tables = routes.map((r) => new Map([[`${r.address}/${r.length}`, r.output]]));
    const table = new Map<string, number>();
    for (const t of tables) for (const [key, output] of t) if (!table.has(key)) table.set(key, output);
    using router = await make(
      `FromDevice(0) -> CheckIPHeader(CHECKSUM false, BADSRC "") -> rt :: StaticIPLookup(${routes.map((r) => `${dotted(r.address)}/${r.length} ${r.output}`).join(", ")});
      rt[0] -> ToDevice(0); rt[1] -> ToDevice(1); rt[2] -> ToDevice(2)`,
    );
    const probes = times(600, (i) => {
      const r = routes[random(routes.length)] as { address: number; length: number };
      const end = r.address + 2 ** (32 - r.length) - 1;
      return [r.address, end, end + 1, r.address - 1, random(0xffffffff)][i % 5] as number;
    });
    const expected: Uint8Array[][] = [[], [], [], []];
    for (const dst of probes)
      for (let length = 32; length >= 8; length--) {
        const output = table.get(`${mask(dst, length)}/${length}`);
        if (output === undefined) continue;
        expected[output]?.push(ip({ dst: dotted(dst) }));
        break;
      }
    const sent: Uint8Array[][] = [[], [], [], []];
    for (let i = 0; i < probes.length; i += 200)
      pass(
        router,
        probes.slice(i, i + 200).map((dst) => ip({ dst: dotted(dst) })),
      ).forEach((list, port) => {
        sent[port]?.push(...list);
      });
    expect(sent).toEqual(expected);
  });
});

/** Rules of `n` parts, by kind; and how large an expression is, in tests. */
const growing: Record<string, (n: number) => string[]> = {
  "addresses joined by or": (n) => [`allow ${times(n, (i) => `src host ${host(i)}`).join(" or ")}`, "deny all"],
  "ports joined by or": (n) => [`allow ${times(n, (i) => `port ${i}`).join(" or ")}`, "deny all"],
  "pairs joined by or": (n) => [
    `allow ${times(n, (i) => `(src host ${host(i)} and dst port ${i})`).join(" or ")}`,
    "deny all",
  ],
  "groups of or joined by and": (n) => [
    `allow ${times(n >> 3, (i) => `(src port ${i} or dst port ${i} or src host ${host(i)} or dst host ${host(i)})`).join(" and ")}`,
  ],
  "pairs in rules of their own": (n) => times(n, (i) => `allow src host ${host(i)} and dst port ${i}`),
  "different fields in turn": (n) => times(n, (i) => (i % 2 ? `allow src host ${host(i)}` : `deny dst port ${i}`)),
  "ranges that overlap": (n) =>
    times(n, (i) => `allow src port >= ${(i * 7) % 60000} and dst port <= ${(i * 13) % 60000} and ip ttl > ${i % 255}`),
  "bytes all over the packet": (n) => [`allow ${times(n, (i) => `ip[${i % 1400}] == ${i % 256}`).join(" or ")}`],
  "conditions in conditions": (n) => [
    `allow ${"(".repeat(n >> 3)}tcp${times(n >> 3, (i) => ` ? dst port ${i} : src port ${i})`).join("")}`,
  ],
};

describe("rules twice as many take twice the steps, about, and code within a bound for each", () => {
  it.each(Object.keys(growing))("%s", (name) => {
    const measure = (n: number): { steps: number; nodes: number } => {
      const count = { steps: 0 };
      const { nodes, conditions } = sizeOf(decisionTree(rulesOf((growing[name] as (n: number) => string[])(n)), count));
      return { steps: count.steps, nodes: nodes + conditions };
    };
    const [small, large] = [measure(700), measure(1400)];
    // Free steps, which small lists may use up, do not count.
    expect(large.steps).toBeLessThan(2.3 * small.steps + 1_000_000);
    expect(large.nodes).toBeLessThan(40 * 1400);
  });
});
