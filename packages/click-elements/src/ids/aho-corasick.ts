/**
 * Many texts searched for at once, in one pass: an automaton whose states are the beginnings of texts, of which the state is the longest
 * that ends here. Where a state knows no way on, its failure link leads to a shorter one: at most two steps a byte, whatever is fed to it.
 *
 * A state is 16 bytes. Those with one way on, which most have, keep it there; up to six are a list; others, and state 0, have a row of
 * 256. Texts and what is searched are in small letters.
 *
 * Aho and Corasick, Efficient String Matching: An Aid to Bibliographic Search, CACM 18(6), 1975.
 */
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { struct, u8, u16, u32 } from "@clickos/layout";

const node = struct(
  {
    /** The state behind the only way on; or where the ways are, in bytes from the start of the ways. */
    next: u32,
    /** The state of the longest shorter end. */
    fail: u32,
    /** 0, or one more than the number of the longest text that ends here. */
    found: u32,
    /** The character of the only way on. */
    char: u8,
    /** How many ways there are; `row` of them is a row. */
    ways: u8,
    /** Bytes of the text that the state is. */
    depth: u16,
  },
  { name: "node" },
);
const row = 255;
const mostListed = 6;

export interface Automaton {
  readonly states: Uint8Array<ArrayBuffer>;
  /** Lists of words, the character in the lowest byte and the state above; and rows of words, states. */
  readonly ways: Uint8Array<ArrayBuffer>;
  /** For each text, one more than the number of the next shorter one that ends where it does, or 0. */
  readonly shorter: readonly number[];
}

interface Trie {
  readonly ways: Map<number, number>;
  readonly depth: number;
  text: number;
}

/** The automaton of texts, none of them twice and none empty. */
export function ahoCorasick(texts: readonly Uint8Array[]): Automaton {
  const trie: Trie[] = [{ ways: new Map(), depth: 0, text: -1 }];
  texts.forEach((text, number) => {
    let at = 0;
    for (const byte of text) {
      const { ways, depth } = trie[at] as Trie;
      const next = ways.get(byte) ?? trie.push({ ways: new Map(), depth: depth + 1, text: -1 }) - 1;
      ways.set(byte, next);
      at = next;
    }
    (trie[at] as Trie).text = number;
  });
  const fail = new Uint32Array(trie.length);
  /** One more than the longest text that ends in a state. */
  const found = new Uint32Array(trie.length);
  const shorter = texts.map(() => 0);
  const queue = [0];
  for (const at of queue) {
    for (const [byte, next] of (trie[at] as Trie).ways) {
      queue.push(next);
      let end = fail[at] as number;
      while (end !== 0 && !trie[end]?.ways.has(byte)) end = fail[end] as number;
      const link = at === 0 ? 0 : (trie[end]?.ways.get(byte) ?? 0);
      fail[next] = link;
      const { text } = trie[next] as Trie;
      found[next] = text >= 0 ? text + 1 : (found[link] as number);
      if (text >= 0) shorter[text] = found[link] as number;
    }
  }
  return { ...encode(trie, fail, found), shorter };
}

function encode(trie: readonly Trie[], fail: Uint32Array, found: Uint32Array): Pick<Automaton, "states" | "ways"> {
  const states = new Uint8Array(trie.length * node.size);
  const words: number[] = [];
  trie.forEach(({ ways, depth }, at) => {
    const view = node.view(states.buffer, at * node.size);
    view.fail = fail[at] as number;
    view.found = found[at] as number;
    view.depth = depth;
    if (at > 0 && ways.size === 1) for (const [byte, next] of ways) Object.assign(view, { ways: 1, char: byte, next });
    else if (at > 0 && ways.size <= mostListed) {
      Object.assign(view, { ways: ways.size, next: words.length * 4 });
      for (const [byte, next] of ways) words.push((next << 8) | byte);
    } else {
      Object.assign(view, { ways: row, next: words.length * 4 });
      for (let byte = 0; byte < 256; byte++) words.push(ways.get(byte) ?? 0);
    }
  });
  return { states, ways: new Uint8Array(Uint32Array.from(words).buffer) };
}

/** Where an automaton lies. */
export interface AutomatonPlace {
  readonly states: number;
  readonly ways: number;
}

/** The state after a byte, a small letter for a large one. */
export function stageStep(c: FunctionBuilder, place: AutomatonPlace, from: I32, byte: I32): I32 {
  const state = c.var("i32", from, "state");
  c.block((done) => {
    c.loop(() => {
      const at = nodeAt(c, place, state.get());
      const ways = at.ways.get();
      const go = (next: I32): void => {
        state.set(next);
        c.br(done);
      };
      c.if(
        ways.eq(1),
        () => c.if(at.char.get().eq(byte), () => go(at.next.get())),
        () =>
          c.if(
            ways.eq(row),
            () => {
              const next = c.load32(at.next.get().add(byte.shl(2)).add(place.ways));
              c.if(next, () => go(next));
            },
            () => {
              const list = at.next.get().add(place.ways);
              c.for(list, list.add(ways.shl(2)), 4, (word) => {
                const way = c.load32(word);
                c.if(way.and(0xff).eq(byte), () => go(way.shrU(8)));
              });
            },
          ),
      );
      c.if(state.get().eqz(), () => c.br(done));
      state.set(at.fail.get());
    });
  });
  return state.get();
}

/** 0, or one more than the number of the longest text that ends in a state. */
export function foundIn(c: FunctionBuilder, place: AutomatonPlace, state: I32): I32 {
  return nodeAt(c, place, state).found.get();
}

/** How many bytes of a text a state has seen. */
export function depthOf(c: FunctionBuilder, place: AutomatonPlace, state: I32): I32 {
  return nodeAt(c, place, state).depth.get();
}

function nodeAt(c: FunctionBuilder, { states }: AutomatonPlace, state: I32) {
  return staged(c, node, state.shl(4).add(states));
}
