/** Inputs made from others: a few changes of the kinds that parsers mistake. */
import { edges } from "../hostile/random.mjs";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of a text, and the text of bytes. */
export const bytesOf = (text) => encoder.encode(text);
export const textOf = (bytes) => decoder.decode(bytes);
/** The same with a byte a character, which keeps every byte. */
export const bytesOfLatin1 = (text) => Uint8Array.from(text, (ch) => ch.charCodeAt(0));
export const textOfLatin1 = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

/** Inputs grow up to here: what is longer takes time and finds the same. */
const maximumLength = 1 << 16;

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const splice = (bytes, at, remove, insert) => concat(bytes.subarray(0, at), insert, bytes.subarray(at + remove));
const chunk = (length, random) => Math.min(length, 1 + random.below(random.pick([1, 2, 4, 8, 32, 256])));

const changes = [
  (b, r) => {
    const out = b.slice();
    out[r.below(b.length)] ^= 1 << r.below(8);
    return out;
  },
  (b, r) => {
    const out = b.slice();
    out[r.below(b.length)] = r.pick([0, 1, 0x20, 0x2d, 0x7f, 0x80, 0xfe, 0xff, r.below(256)]);
    return out;
  },
  // A number of two or four bytes, in either order.
  (b, r) => {
    const width = r.pick([2, 4]);
    if (b.length < width) return b;
    const out = b.slice();
    const view = new DataView(out.buffer);
    const at = r.below(b.length - width + 1);
    const value = r.pick(edges);
    if (width === 2) view.setUint16(at, value, r.once(2));
    else view.setUint32(at, value, r.once(2));
    return out;
  },
  (b, r) => splice(b, r.below(b.length), chunk(b.length, r), []),
  (b, r) => b.slice(0, r.below(b.length)),
  (b, r) => {
    const at = r.below(b.length);
    const piece = b.slice(at, at + chunk(b.length - at, r));
    return splice(b, r.below(b.length), 0, piece);
  },
  (b, r) => {
    const at = r.below(b.length);
    const piece = b.slice(at, at + chunk(b.length - at, r));
    const times = Math.min(r.pick([2, 3, 16, 100, 1000]), Math.floor(maximumLength / piece.length));
    return splice(b, at, 0, concat(...Array.from({ length: times }, () => piece)));
  },
  (b, r) =>
    splice(
      b,
      r.below(b.length + 1),
      0,
      Uint8Array.from({ length: 1 + r.below(8) }, () => r.below(256)),
    ),
];

/** One to four changes. */
export function mutateBytes(bytes, random) {
  let out = bytes;
  for (let n = 1 + random.below(4); n > 0 && out.length > 0; n--) out = random.pick(changes)(out, random);
  return out.slice(0, Math.max(maximumLength, bytes.length));
}

/** Numbers as texts spell them. */
export const numbers = [
  ...edges.map(String),
  "-1",
  "-2147483648",
  "-2147483649",
  "4294967296",
  "9007199254740993",
  "18446744073709551615",
  "18446744073709551616",
  "1e308",
  "1e999",
  "0.5",
  "-0",
  "1.",
  ".1",
  "00",
  "0x",
  "0x7fffffff",
  "0xFFFFFFFFFFFFFFFFF",
  "1e-7",
  "123456789012345678901234567890",
];

/** Changes of a text by its words: a number becomes another, a word one of `words`, a line is doubled or dropped. */
export function mutateText(bytes, random, words) {
  let text = textOf(bytes);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const tokens = text.split(/(\d+|[A-Za-z_]+|\s+|[^\w\s])/).filter((t) => t !== "");
    if (tokens.length === 0) return bytesOf(random.pick(words));
    const i = random.below(tokens.length);
    const numeric = tokens.flatMap((t, at) => (/^\d/.test(t) ? [at] : []));
    switch (random.below(8)) {
      case 0:
      case 1:
        if (numeric.length > 0) tokens[random.pick(numeric)] = random.pick(numbers);
        break;
      case 2:
        tokens[i] = random.pick(words);
        break;
      case 3:
        tokens.splice(i, 0, random.pick(words));
        break;
      case 4:
        tokens.splice(i, 1 + random.below(4));
        break;
      case 5:
        tokens.splice(i, 0, ...tokens.slice(i, i + 1 + random.below(12)));
        break;
      case 6: {
        const piece = tokens.slice(i, i + 1 + random.below(3)).join("");
        tokens[i] = piece.repeat(Math.min(random.pick([2, 10, 60, 300]), Math.ceil(4096 / piece.length)));
        break;
      }
      default:
        return mutateBytes(bytesOf(tokens.join("")), random);
    }
    text = tokens.join("");
  }
  return bytesOf(text).slice(0, maximumLength);
}
