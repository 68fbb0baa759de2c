/** Where a frame goes: the modular lookup of a switch. */
import type { FrameBatch } from "./frame-batch.ts";

/** To all other ports. */
export const broadcast = -1;
/** To none. */
export const nowhere = -2;

/** Decides for one frame of a batch that came in on a port, by index. */
export interface Lookup {
  readonly name: string;
  /** Where all frames of a port go, whatever is in them; then `lookup` is not asked. */
  whole?(ingress: number): number;
  /** A port index, `broadcast` or `nowhere`. */
  lookup(batch: FrameBatch, i: number, ingress: number): number;
  /** Forgets what it knows of a port. */
  forget?(port: number): void;
}

/**
 * The learning bridge: remembers behind which port each source address is. The table is direct-mapped, as VALE's
 * is: an address that meets another in its place takes it over, and the other is flooded until it is seen again.
 *
 * `sticky` addresses stay with the port where they were first seen until it leaves: a port cannot take another's frames
 * by using its address. One that finds its place taken by another address is flooded.
 */
export function learningBridge(options: { entries?: number; sticky?: boolean } = {}): Lookup {
  const sticky = options.sticky ?? false;
  const entries = 2 ** Math.ceil(Math.log2(options.entries ?? 4096));
  const mask = entries - 1;
  // Four words an entry: address bytes 0–3, address bytes 4–5, port + 1.
  const table = new Int32Array(entries * 4);
  const slot = (high: number, low: number): number => {
    // Addresses differ in their last bytes, which are the high bits here: they are brought down before the mask.
    let h = Math.imul(high ^ (high >>> 16) ^ low, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) & mask) << 2;
  };
  return {
    name: "learning",
    lookup(batch, i, ingress) {
      const at = batch.offsets[i] as number;
      let a: number;
      let b: number;
      let c: number;
      if ((at & 3) === 0) {
        const w = at >> 2;
        const { words } = batch.memory;
        a = words[w] as number;
        b = words[w + 1] as number;
        c = words[w + 2] as number;
      } else {
        const { bytes } = batch.memory;
        const word = (k: number): number =>
          (bytes[at + k] as number) |
          ((bytes[at + k + 1] as number) << 8) |
          ((bytes[at + k + 2] as number) << 16) |
          ((bytes[at + k + 3] as number) << 24);
        a = word(0);
        b = word(4);
        c = word(8);
      }
      // Source address: its first two bytes are the high half of b, the rest is c. Group addresses are no sources.
      const sourceLow = b >>> 16;
      if ((sourceLow & 1) === 0) {
        const s = slot(c, sourceLow);
        if (!sticky || table[s + 2] === 0) {
          table[s] = c;
          table[s + 1] = sourceLow;
          table[s + 2] = ingress + 1;
        }
      }
      if (a & 1) return broadcast;
      // Destination in the form of a source: first two bytes, then four.
      const low = a & 0xffff;
      const high = (a >>> 16) | (b << 16);
      const d = slot(high, low);
      if (table[d] !== high || table[d + 1] !== low || table[d + 2] === 0) return broadcast;
      const port = (table[d + 2] as number) - 1;
      return port === ingress ? nowhere : port;
    },
    forget(port) {
      for (let e = 0; e < table.length; e += 4) if (table[e + 2] === port + 1) table[e + 2] = 0;
    },
  };
}

/** Joins ports in pairs, 0 with 1, 2 with 3: whatever enters one leaves the other. For a NIC and its only user. */
export function patch(): Lookup {
  return { name: "patch", whole: (ingress) => ingress ^ 1, lookup: (_batch, _i, ingress) => ingress ^ 1 };
}
