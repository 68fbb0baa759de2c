/**
 * Looking up addresses and sorting frames by port, as staged code over packet memory.
 *
 * It does what is common, and stops at a frame where something changes: an address that is new, or has aged, or is behind
 * another port. TypeScript decides for that frame, and the code goes on after it.
 */
import type { FunctionBuilder, I32, ModuleBuilder } from "@clickos/codegen";
import { entry, fixedOwner, mixers } from "../address-entry.ts";
import { broadcast, nowhere, unknown } from "../lookup-result.ts";
import { shortestFrame } from "../mtu.ts";
import { packetCode } from "./packet-code.ts";

/** @returns the index of the frame at which it stopped; `count` when all were looked up. */
export type LearnFrames = (
  table: number,
  mask: number,
  seed: number,
  second: number,
  ageing: number,
  owner: number,
  offsets: number,
  lengths: number,
  base: number,
  first: number,
  count: number,
  out: number,
) => number;
/** @returns the index of the frame at which it stopped; `count` when all are in lists. */
export type SpreadFrames = (
  out: number,
  first: number,
  count: number,
  ports: number,
  lists: number,
  counts: number,
  touched: number,
) => number;

export interface LookupCode {
  readonly learn: LearnFrames;
  readonly spread: SpreadFrames;
}

const { high: HIGH, low: LOW, owner: OWNER, seen: SEEN, bytes: ENTRY } = entry;

/** Where an address is in the table, or the empty entry where it would be. */
export function findIn(c: FunctionBuilder, t: { table: I32; mask: I32; seed: I32 }, high: I32, low: I32): I32 {
  const h = c.var("i32", high.xor(t.seed).mul(mixers[0]), "h");
  h.set(h.get().xor(h.get().shrU(15)).xor(low).mul(mixers[1]));
  // The mask is one of word indices.
  const at = c.var("i32", h.get().xor(h.get().shrU(16)).shl(2).and(t.mask), "at");
  c.loop(() => {
    const e = at.get().shl(2).add(t.table);
    c.if(c.load32(e, OWNER).eqz(), () => c.break());
    c.if(c.load32(e, HIGH).eq(high).and(c.load32(e, LOW).eq(low)), () => c.break());
    at.set(
      at
        .get()
        .add(ENTRY >> 2)
        .and(t.mask),
    );
  });
  return at.get().shl(2).add(t.table);
}

function build(m: ModuleBuilder): void {
  const table = { table: "i32", mask: "i32", seed: "i32", second: "i32", ageing: "i32", owner: "i32" } as const;
  const frames = { offsets: "i32", lengths: "i32", base: "i32", first: "i32", count: "i32", out: "i32" } as const;
  m.export(
    "learn",
    m.func("learn", { ...table, ...frames }, "i32", (c, p) => {
      const i = c.var("i32", p.first, "i");
      // The frame before: its addresses, and where it went. Frames of a flow follow each other.
      const lastDestination = c.var("i64", 0n, "destination");
      const lastSource = c.var("i32", 0, "source");
      const to = c.var("i32", 0, "to");
      const known = c.var("i32", 0, "known");
      const isOld = (e: I32): I32 => p.second.sub(c.load32(e, SEEN)).geS(p.ageing);
      c.loop(() => {
        c.if(i.get().geU(p.count), () => c.break());
        const k = i.get().shl(2);
        c.if(c.load32(k.add(p.lengths)).ltU(shortestFrame), () => c.break());
        const at = c.load32(k.add(p.offsets)).add(p.base);
        const destination = c.load64(at);
        const source = c.load32(at, 8);
        c.if(known.get().and(destination.eq(lastDestination.get())).and(source.eq(lastSource.get())).eqz(), () => {
          const a = destination.toI32();
          const b = destination.shrU(32).toI32();
          const sourceLow = b.shrU(16);
          c.if(sourceLow.and(1), () => {
            c.return(i.get());
          });
          const from = findIn(c, p, source, sourceLow);
          c.if(c.load32(from, OWNER).ne(p.owner), () => {
            c.return(i.get());
          });
          c.if(p.owner.and(fixedOwner).eqz(), () => {
            c.if(isOld(from), () => {
              c.return(i.get());
            });
            c.store32(from, p.second, SEEN);
          });
          c.if(
            a.and(1),
            () => to.set(broadcast),
            () => {
              const e = findIn(c, p, a.shrU(16).or(b.shl(16)), a.and(0xffff));
              const owner = c.load32(e, OWNER);
              const gone = owner.eqz().or(owner.and(fixedOwner).eqz().and(isOld(e)));
              const port = owner.and(fixedOwner - 1);
              const own = port.eq(p.owner.and(fixedOwner - 1));
              to.set(c.select(gone, c.i32(unknown), c.select(own, c.i32(nowhere), port.sub(1))));
            },
          );
          lastDestination.set(destination);
          lastSource.set(source);
          known.set(1);
        });
        c.store32(k.add(p.out), to.get());
        i.inc();
      });
      return i.get();
    }),
  );
  const spread = {
    out: "i32",
    first: "i32",
    count: "i32",
    ports: "i32",
    lists: "i32",
    counts: "i32",
    touched: "i32",
  } as const;
  m.export(
    "spread",
    m.func("spread", spread, "i32", (c, p) => {
      const i = c.var("i32", p.first, "i");
      c.loop(() => {
        c.if(i.get().geU(p.count), () => c.break());
        const to = c.load32(i.get().shl(2).add(p.out));
        c.if(to.geU(p.ports), () => c.break());
        const list = c.load32(to.shl(2).add(p.lists));
        // A port that is not there has no list.
        c.if(list.eqz(), () => c.break());
        const counter = to.shl(2).add(p.counts);
        const n = c.load32(counter);
        c.if(n.eqz(), () => {
          const touched = c.load32(p.touched);
          c.store32(touched.shl(2).add(p.touched), to, 4);
          c.store32(p.touched, touched.add(1));
        });
        c.store32(n.shl(2).add(list), i.get());
        c.store32(counter, n.add(1));
        i.inc();
      });
      return i.get();
    }),
  );
}

/** The code over the process's memory for frames. */
export const lookupCode: (memory: WebAssembly.Memory) => LookupCode = packetCode("vale lookup", build);
