/** Rules as tables, beside the plain evaluator: lists of all kinds, packets of any length, at random and made from the rules. */
import { moduleBuilder, wasmBackend } from "@clickos/codegen";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
// @ts-expect-error the generator is JavaScript, as the benchmark is
import * as lists from "../../../apps/clickos/bench/rule-lists.mjs";
import { parseClassifierPattern } from "../src/classification/Classifier.ts";
import { decisionOf, describeDecision, stageDecision } from "../src/classification/decision.ts";
import type { Rule } from "../src/classification/decision-tree.ts";
import { type Base, byteReader, type Expression, evaluate, type Field } from "../src/classification/expression.ts";
import { parseFilterRule } from "../src/classification/IPFilter.ts";
import { type RuleTables, ruleTables } from "../src/classification/rule-tables.ts";
import { make, tcp, udp } from "./packets.ts";

const { classifierPatterns, filterArguments, mixedList, packetsOf, ruleList } = lists;

/** Where packets begin, and where the headers are in them. */
const packetAt = 0;
const bases = { network: 0, transport: 20, data: 0 } as const;

/** A lookup in tables, as compiled code does it. */
function compiled(rules: readonly Rule[], tables: RuleTables | undefined): (packet: Uint8Array) => number {
  const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 256 } });
  let top = 4096;
  const data = (bytes: Uint8Array, align = 1): number => {
    const at = Math.ceil(top / align) * align;
    m.data(at, bytes);
    top = at + bytes.length;
    return at;
  };
  m.export(
    "look",
    m.func("look", { length: "i32" }, "i32", (c, { length }) => {
      const input = Object.fromEntries(
        Object.entries(bases).map(([base, at]) => [base, { address: c.i32(packetAt + at), length: length.sub(at) }]),
      );
      const decision = tables ? { tree: undefined, tables } : decisionOf(rules);
      c.return(stageDecision(c, { name: "test", data }, decision, input));
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 256 });
  const bytes = new Uint8Array(memory.buffer);
  const { look } = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(m.toIr())), { env: { memory } })
    .exports as { look: (length: number) => number };
  return (packet) => {
    // What lies behind a packet is not looked at.
    bytes.fill(0xa5, packetAt, packetAt + 2048);
    bytes.set(packet, packetAt);
    return look(packet.length);
  };
}

function plain(rules: readonly Rule[], packet: Uint8Array, starts: Partial<Record<Base, number>> = bases): number {
  const read = byteReader(packet, starts);
  return rules.find((r) => evaluate(r.when, read))?.result ?? -1;
}

const rulesOf = (list: readonly Expression[]): Rule[] => list.map((when, result) => ({ when, result }));
const filterRules = (texts: readonly string[]): Rule[] => rulesOf(texts.map((t) => parseFilterRule(t).when));

/** Fields that lie in one another, of all widths; packets have up to twelve bytes. */
const fields: readonly Field[] = [
  { base: "data", offset: 0, width: 2, mask: 0xffff },
  { base: "data", offset: 0, width: 1, mask: 0xff },
  { base: "data", offset: 1, width: 1, mask: 0x0f },
  { base: "data", offset: 2, width: 2, mask: 0x0107 },
  { base: "data", offset: 2, width: 1, mask: 0x05 },
  { base: "data", offset: 4, width: 4, mask: 0xffffffff },
  { base: "data", offset: 4, width: 4, mask: 0x00ff0007 },
  { base: "data", offset: 9, width: 1, mask: 0xff },
];
const test_ = fc
  .tuple(fc.nat(fields.length - 1), fc.nat(1 << 20), fc.nat(3), fc.nat(300))
  .map(([f, value, kind, more]): Expression => {
    const field = fields[f] as Field;
    const top = field.width === 4 ? 0x0a0a0a0a : field.width === 2 ? 0x0b0b : 0x0b;
    const low = kind === 0 ? value % (top + 1) : (Math.imul(value % 11, 0x01010101) & top) >>> 0;
    return { kind: "test", field, low, high: kind === 3 ? low + more : low };
  });
const { nested } = fc.letrec<{ nested: Expression }>((tie) => ({
  nested: fc.oneof(
    { maxDepth: 3 },
    test_,
    fc
      .tuple(fc.constantFrom("and" as const, "or" as const), fc.array(tie("nested"), { minLength: 1, maxLength: 4 }))
      .map(([kind, list]): Expression => ({ kind, list })),
    tie("nested").map((of): Expression => ({ kind: "not", of })),
  ),
}));
const conjunction = fc.array(test_, { minLength: 1, maxLength: 4 }).map((list): Expression => ({ kind: "and", list }));
const bytes = fc.uint8Array({ minLength: 0, maxLength: 12, max: 10 });

describe("rules as tables decide as the plain evaluator does", () => {
  it("on expressions of every form, and packets of any length", () => {
    let looked = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 3, arbitrary: conjunction }, nested), { minLength: 1, maxLength: 40 }),
        fc.array(bytes, { minLength: 60, maxLength: 60 }),
        (list, packets) => {
          const tables = ruleTables(rulesOf(list));
          if (!tables) return;
          const rules = rulesOf(list).filter((r) => !tables.others.includes(r));
          const look = compiled(rules, tables);
          for (const packet of packets) expect(look(packet)).toBe(plain(rules, packet));
          looked++;
        },
      ),
      { numRuns: 60 },
    );
    expect(looked).toBeGreaterThan(30);
  });

  /** Packets that a list's rules match, some of them cut short or with a fragment's offset. */
  const packets = (list: unknown, n: number): Uint8Array[] =>
    packetsOf(list, n).map(
      (
        { src, dst, sport, dport, protocol }: Record<"src" | "dst" | "sport" | "dport" | "protocol", number>,
        i: number,
      ) => {
        const dotted = (a: number): string => [24, 16, 8, 0].map((s) => (a >>> s) & 255).join(".");
        const options = { src: dotted(src), dst: dotted(dst), ...(i % 7 === 6 ? { fragment: 8 } : {}) };
        const packet = protocol === 6 ? tcp(sport, dport, 2, options) : udp(sport, dport, options);
        packet[9] = i % 5 === 4 ? (i * 7) & 255 : protocol;
        return i % 4 === 3 ? packet.subarray(0, 20 + (i % 9)) : packet;
      },
    );

  it.each(["acl", "fw", "ipc"])("on lists of the shape %s", (shape) => {
    const list = ruleList(shape, 800);
    const rules = filterRules(filterArguments(list).split(", "));
    const tables = ruleTables(rules) as RuleTables;
    expect(tables.others).toEqual([]);
    const look = compiled(rules, tables);
    const found = new Set<number>();
    for (const packet of packets(list, 1000)) {
      const result = look(packet);
      expect(result).toBe(plain(rules, packet));
      found.add(result);
    }
    expect(found.size).toBeGreaterThan(250);
  });

  it("on lists that are several automata, not all of which are looked at", () => {
    const list = [...mixedList(600), ...ruleList("fw", 900, 3)];
    const rules = filterRules(filterArguments(list).split(", "));
    const tables = ruleTables(rules, 10_000) as RuleTables;
    expect(tables.automata.length).toBeGreaterThan(3);
    const look = compiled(rules, tables);
    for (const packet of packets(list, 800)) expect(look(packet)).toBe(plain(rules, packet));
  });

  it("on rules of which some are too many alternatives for tables", () => {
    const groups = Array.from({ length: 12 }, (_, i) => `(ip[${20 + i}] > ${i} or ip[${40 + 2 * i}:2] == 3)`);
    const list = mixedList(100);
    const texts = filterArguments(list).split(", ");
    const rules = filterRules([
      ...texts.slice(0, 50),
      `allow ${groups.join(" and ")}`,
      "allow tcp src port 77",
      ...texts.slice(50),
    ]);
    expect(ruleTables(rules)?.others.length).toBe(1);
    const look = compiled(rules, undefined);
    for (const packet of [...packets(list, 300), tcp(77, 1, 2), udp(77, 1)])
      expect(look(packet)).toBe(plain(rules, packet));
  });

  it("on patterns of a Classifier", () => {
    const rules = rulesOf(classifierPatterns(128).map(parseClassifierPattern));
    const look = compiled(rules, undefined);
    for (const packet of packets(mixedList(128), 600)) {
      const frame = new Uint8Array(14 + packet.length);
      frame[12] = 8;
      frame.set(packet, 14);
      expect(look(frame)).toBe(plain(rules, frame));
    }
  });
});

/** The bytes that a handler says tables have. */
const bytesIn = (text: string): number => Number(text.match(/^bytes (\d+)$/m)?.[1]);

describe("tables are bounded", () => {
  it("by 300 bytes a rule and a mebibyte", () => {
    for (const shape of ["acl", "fw", "ipc"]) {
      const rules = filterRules(filterArguments(ruleList(shape, 1500)).split(", "));
      expect(bytesIn(describeDecision(decisionOf(rules)))).toBeLessThan(2 ** 20 + 1500 * 300);
    }
  });

  it("and a handler says what was made", async () => {
    const texts = filterArguments(mixedList(200));
    using router = await make(
      `FromDevice(0) -> MarkIPHeader -> f :: IPFilter(${texts}) -> ToDevice(1); Idle -> g :: IPFilter(allow udp) -> Idle`,
    );
    expect(router.read("f.lookup")).toMatch(/^trees 0\nautomata \d\nbytes \d+\n$/);
    expect(bytesIn(router.read("f.lookup"))).toBeLessThan(2 * router.wasm.length);
    expect(router.read("g.lookup")).toBe("trees 1\nautomata 0\nbytes 0\n");
  });
});
