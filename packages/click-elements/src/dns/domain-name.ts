/** Domain names: read on the host, and keys by which tables know them, on the host and in staged code. */
import type { FunctionBuilder, I32, Var } from "@clickos/codegen";
import { dnsLimits } from "@clickos/wire/dns";

/** The two words that a name is known by: of 64 bits, so that two names of millions are not taken for one another. */
export type NameKey = readonly [number, number];

const starts = [0x811c9dc5, 0x2545f491] as const;
const multipliers = [0x01000193, 0x9e3779b1] as const;
const dot = 0x2e;

/**
 * The labels of a name, small letters; `undefined` for a text that is no domain name. A dot at the end may be left out; the root itself is not
 * a name to look for.
 */
export function readName(text: string): string[] | undefined {
  const labels = text.toLowerCase().replace(/\.$/, "").split(".");
  const sound = labels.every((label) => /^[!-~]+$/.test(label) && label.length <= dnsLimits.label);
  // Each label has its length before it, and the root is one more.
  return sound && text.length + 2 <= dnsLimits.name ? labels : undefined;
}

/** The key of a name, made from its last label on: that of a name below it goes on from there. */
export function keyOfName(labels: readonly string[]): NameKey {
  let [a, b]: [number, number] = [...starts];
  const mix = (byte: number): void => {
    a = Math.imul(a ^ byte, multipliers[0]);
    b = Math.imul(((b << 5) | (b >>> 27)) ^ byte, multipliers[1]);
  };
  for (const label of [...labels].reverse()) {
    for (let i = 0; i < label.length; i++) mix(label.charCodeAt(i));
    mix(dot);
  }
  return [a >>> 0, b >>> 0];
}

/** A key that is being made. */
export interface StagedKey {
  readonly words: readonly [Var<"i32">, Var<"i32">];
  /** Takes a label of so many bytes at an address. */
  take(address: I32, length: I32): void;
}

export function stagedKey(c: FunctionBuilder): StagedKey {
  const a = c.var("i32", starts[0], "a");
  const b = c.var("i32", starts[1], "b");
  const mix = (byte: I32 | number): void => {
    a.set(a.get().xor(byte).mul(multipliers[0]));
    b.set(b.get().rotl(5).xor(byte).mul(multipliers[1]));
  };
  return {
    words: [a, b],
    take(address, length) {
      c.for(address, address.add(length), 1, (at) => {
        const byte = c.load8(at);
        mix(byte.or(byte.sub(0x41).ltU(26).shl(5)));
      });
      mix(dot);
    },
  };
}

/** Keys that do not change, as a table: by the bits of the first word, and where that is taken, in the next place that is free. */
export function keyTable(keys: readonly NameKey[]): Uint8Array<ArrayBuffer> {
  const places = 2 ** Math.ceil(Math.log2(Math.max(2, (keys.length * 4) / 3)));
  const words = new Uint32Array(places * 2);
  for (const key of keys) words.set(key, placeIn(words, key) * 2);
  return new Uint8Array(words.buffer);
}
/** Where a key is, or would be. */
function placeIn(words: Uint32Array, [a, b]: NameKey): number {
  const places = words.length / 2;
  for (let at = placeOf(a, places); ; at = (at + 1) % places) {
    const [x, y] = [words[at * 2], words[at * 2 + 1]];
    if ((x === 0 && y === 0) || (x === a && y === b)) return at;
  }
}
export function isInTable(table: Uint8Array<ArrayBuffer>, key: NameKey): boolean {
  const words = new Uint32Array(table.buffer);
  return words[placeIn(words, key) * 2] === key[0];
}
/** A key is two words. */
const keyWordBytes = 4;
const placeMultiplier = 0x85ebca6b;
function placeOf(a: number, places: number): number {
  return Math.imul(a ^ (a >>> 15), placeMultiplier) >>> (32 - Math.log2(places));
}

/** Whether a key is in such a table of so many bytes at an address. */
export function stageIsIn(c: FunctionBuilder, table: number, bytes: number, [a, b]: readonly [I32, I32]): I32 {
  const places = bytes / 8;
  const found = c.var("i32", 0, "found");
  const at = c.var(
    "i32",
    a
      .xor(a.shrU(15))
      .mul(placeMultiplier)
      .shrU(32 - Math.log2(places)),
    "at",
  );
  c.loop(() => {
    const address = at.get().shl(3).add(table);
    const [x, y] = [c.load32(address), c.load32(address, keyWordBytes)];
    c.if(x.xor(a).or(y.xor(b)).eqz(), () => {
      found.set(1);
      c.break();
    });
    c.if(x.or(y).eqz(), () => c.break());
    at.set(
      at
        .get()
        .add(1)
        .and(places - 1),
    );
  });
  return found.get();
}
