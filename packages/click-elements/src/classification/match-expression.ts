/** What a tree of tests is as an expression over fields: what decision trees are made of. */
import { always, and, between, type Expression, type Field, masked, never, not, or } from "./expression.ts";
import { type GreaterTest, type MatchTree, type WordTest, wordPlaces, wordsOf } from "./match-tree.ts";

/** Where offsets of words count from, and how many bytes of the IP header are taken to be there. */
export interface WordLayout {
  readonly headers: boolean;
  readonly network: number;
}

/** Words of a packet's data, as Classifier has them. */
export const dataWords: WordLayout = { headers: false, network: 0 };
/** Words of headers; the first bytes of the IP header are known to be there, and it is read in whole fields. */
export const headerWords: WordLayout = { headers: true, network: 20 };
/** Words of headers in packets that may have less. */
export const shortHeaderWords: WordLayout = { headers: true, network: 0 };

export function expressionOf(tree: MatchTree, layout: WordLayout, short = false): Expression {
  switch (tree.kind) {
    case "word":
      return wordExpression(tree, layout, short);
    case "greater":
      return greaterExpression(tree, layout, short);
    case "not":
      return not(expressionOf(tree.of, layout, short !== tree.short));
    case "ternary":
      return ternary(tree.list.map((t) => expressionOf(t, layout, short)));
    default: {
      const list = tree.list.map((t) => expressionOf(t, layout, short));
      return tree.kind === "and" ? and(...list) : or(...list);
    }
  }
}

/** `A ? B : C ? D : E`, as a list; one that ends with a condition and what it leads to has nothing else to hold. */
function ternary([condition, yes, ...others]: readonly Expression[]): Expression {
  if (!condition) return always;
  if (!yes) return condition;
  if (others.length === 0) return and(condition, yes);
  return or(and(condition, yes), and(not(condition), ternary(others)));
}

/** Bytes of a word that are needed to read bits of it: from the first to the last that has any. */
function bytesUnder(mask: number): { readonly first: number; readonly last: number } {
  const first = Math.clz32(mask) >> 3;
  const last = 3 - ((31 - Math.clz32(mask & -mask)) >> 3);
  return { first, last };
}

/** The field of a word's bits: no longer than where the last of them is, so that just what is needed must be there. */
function fieldOf(offset: number, mask: number, { headers, network }: WordLayout): { field: Field; shift: number } {
  const base = !headers ? "data" : offset >= 512 ? "transport" : offset >= 256 ? "network" : "ether";
  // Words of the Ethernet header begin two bytes before it, so that those of the IP header are aligned.
  const at = headers ? offset - wordPlaces[base as keyof typeof wordPlaces] - (base === "ether" ? 2 : 0) : offset;
  if (base === "network" && at + 4 <= network) {
    const halves = bytesUnder(mask);
    if (at >= 12 || halves.last - halves.first > 1)
      return { field: { base, offset: at, width: 4, mask: 0xffffffff }, shift: 0 };
  }
  const { first, last } = bytesUnder(mask);
  const width = last === first ? 1 : last === first + 1 ? 2 : 4;
  const full = width === 4 ? 0xffffffff : 2 ** (width * 8) - 1;
  return { field: { base, offset: at + last + 1 - width, width, mask: full }, shift: 8 * (3 - last) };
}

function readable(field: Field): Expression {
  return between(field, 0, field.width === 4 ? 0xffffffff : 2 ** (field.width * 8) - 1);
}

function wordExpression({ offset, mask, value }: WordTest, layout: WordLayout, short: boolean): Expression {
  if (mask === 0) return always;
  const { field, shift } = fieldOf(offset, mask, layout);
  const test = masked(field, value >>> shift, mask >>> shift);
  return short ? or(test, not(readable({ ...field, mask: testedMask(test, field) }))) : test;
}

/** The mask of the field that a test reads: tests of one field are put together. */
function testedMask(test: Expression, field: Field): number {
  return test.kind === "test" ? test.field.mask : field.mask;
}

function greaterExpression(test: GreaterTest, layout: WordLayout, short: boolean): Expression {
  const { offset, shift, mask, value } = test;
  const inWord = (mask << shift) >>> 0;
  const { field, shift: down } = fieldOf(offset, inWord, layout);
  const tested = inWord >>> down;
  const high = field.width === 4 ? 0xffffffff : 2 ** (field.width * 8) - 1;
  // Bits beside those of a contiguous mask at the top need no masking, nor do those below it where the limit has ones there.
  const below = tested === 0 ? 0 : (tested & -tested) - 1;
  const from = ((value << shift) >>> 0) >>> down;
  const whole = (tested | below) >>> 0 === high;
  const read = whole ? field : { ...field, mask: tested };
  const greater = between(read, whole ? from + below + 1 : from + 1, high);
  const parts = wordsOf(test);
  if (!parts || bytesUnder(inWord).first === bytesUnder(inWord).last || isThere(field, layout))
    return short ? or(greater, not(readable(read))) : greater;
  // A packet that ends within the field may have the bytes that decide.
  return or(greater, and(not(readable(read)), cutOff(parts, layout, short, field.offset + field.width)));
}

/** The same where the byte before `end` is missing: what needs it is decided. */
function cutOff(tree: MatchTree, layout: WordLayout, short: boolean, end: number): Expression {
  if (tree.kind === "not") return not(cutOff(tree.of, layout, short !== tree.short, end));
  if (tree.kind === "word") {
    const { field } = fieldOf(tree.offset, tree.mask, layout);
    if (field.offset + field.width < end) return wordExpression(tree, layout, short);
    return short ? always : never;
  }
  if (tree.kind === "and" || tree.kind === "or") {
    const list = tree.list.map((t) => cutOff(t, layout, short, end));
    return tree.kind === "and" ? and(...list) : or(...list);
  }
  return expressionOf(tree, layout, short);
}

function isThere({ base, offset, width }: Field, { network }: WordLayout): boolean {
  return base === "network" && offset + width <= network;
}
