/** What searches payloads for the contents of rules: tables made when a configuration is compiled, and the code over them. */
import type { ElementContext } from "@clickos/click-core/element";
import { type Func, type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { struct, u32 } from "@clickos/layout";
import { type Automaton, ahoCorasick, foundIn, stageStep } from "./aho-corasick.ts";
import type { ContentRule } from "./content-rule.ts";
import { type GramFilter, gramFilter, stageSkip } from "./gram-filter.ts";
import { lower, type RuleTables, ruleTables, stageLower, type TablePlace } from "./rule-table.ts";

/** A text that the automaton finds, and the rules that have it as their longest content. */
const entryLayout = struct({ first: u32, count: u32, shorter: u32 }, { name: "entry" });

export interface Matcher {
  readonly tables: RuleTables;
  readonly automaton: Automaton;
  readonly filter: GramFilter;
  /** By text: which rules, and the next shorter text that ends there, too. */
  readonly entries: Uint8Array<ArrayBuffer>;
  /** Numbers of rules, by text. */
  readonly byText: Uint8Array<ArrayBuffer>;
  /** Bytes of the longest text. */
  readonly longest: number;
}

export function makeMatcher(rules: readonly ContentRule[]): Matcher {
  const byText = new Map<string, { text: Uint8Array; rules: number[] }>();
  rules.forEach(({ contents, fast }, number) => {
    const text = lower(contents[fast]?.bytes ?? new Uint8Array());
    const key = String(text);
    const entry = byText.get(key);
    if (entry) entry.rules.push(number);
    else byText.set(key, { text, rules: [number] });
  });
  const found = [...byText.values()];
  const texts = found.map(({ text }) => text);
  const automaton = ahoCorasick(texts);
  const entries = new Uint8Array(found.length * entryLayout.size);
  const numbers: number[] = [];
  found.forEach(({ rules }, i) => {
    Object.assign(entryLayout.view(entries.buffer, i * entryLayout.size), {
      first: numbers.length * 4,
      count: rules.length,
      shorter: automaton.shorter[i],
    });
    numbers.push(...rules);
  });
  return {
    tables: ruleTables(rules),
    automaton,
    filter: gramFilter(texts),
    entries,
    byText: new Uint8Array(Uint32Array.from(numbers).buffer),
    longest: Math.max(...texts.map((text) => text.length)),
  };
}

/** Where the tables of a matcher lie. */
export interface MatcherPlace extends TablePlace {
  readonly states: number;
  readonly ways: number;
  readonly bits: number;
  readonly entries: number;
  readonly byText: number;
}

export function placeMatcher(
  { tables, automaton, filter, entries, byText }: Matcher,
  data: ElementContext<any, any, any>["data"],
): MatcherPlace {
  return {
    rules: data(tables.rules),
    contents: data(tables.contents),
    texts: data(tables.texts),
    states: data(automaton.states),
    ways: data(automaton.ways),
    bits: data(filter.bits, 16),
    entries: data(entries),
    byText: data(byText),
  };
}

/**
 * A function `(base, length, state)` that searches so many bytes from an address on, of a stream that is in a state, and gives the state at
 * the end. `report` is code for each rule whose longest content was found, small and large letters not told apart, with the offset behind it.
 */
export function scanFunction(
  c: FunctionBuilder,
  name: string,
  { filter }: Matcher,
  place: MatcherPlace,
  report: (c: FunctionBuilder, rule: I32, end: I32) => void,
): Func<"i32"> {
  return c.module.once(`${name} scan`, () =>
    c.module.func(`${name} scan`, { base: "i32", length: "i32", state: "i32" }, "i32", (c, p) => {
      const at = c.var("i32", 0, "at");
      const until = c.var("i32", 0, "until");
      const state = c.var("i32", p.state, "state");
      c.loop(() => {
        c.if(state.get().eqz().and(at.get().geS(until.get())), () =>
          stageSkip(c, filter, place.bits, { at, until, base: p.base, length: p.length }),
        );
        c.if(at.get().geS(p.length), () => c.break());
        const byte = stageLower(c.load8(p.base.add(at.get())));
        state.set(stageStep(c, place, state.get(), byte));
        at.inc();
        const found = foundIn(c, place, state.get());
        c.if(found, () => reportAll(c, place, found, (rule) => report(c, rule, at.get())));
      });
      return state.get();
    }),
  );
}

/** Every rule of a text and of the shorter ones that end with it. */
function reportAll(c: FunctionBuilder, place: MatcherPlace, found: I32, report: (rule: I32) => void): void {
  const text = c.var("i32", found, "text");
  c.loop(() => {
    const entry = staged(c, entryLayout, text.get().sub(1).mul(entryLayout.size).add(place.entries));
    const first = entry.first.get().add(place.byText);
    c.for(first, first.add(entry.count.get().shl(2)), 4, (word) => report(c.load32(word)));
    text.set(entry.shorter.get());
    c.if(text.get().eqz(), () => c.break());
  });
}
