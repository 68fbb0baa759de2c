/** Looking frames up by the hash of their flow, as staged code over packet memory: the same as `lookups/flow-hash.ts`. */
import type { FunctionBuilder, I32, ModuleBuilder, Var } from "@clickos/codegen";
import { multipliers, otherType } from "../lookups/flow-hash.ts";
import { ip4, ip6 } from "../lookups/ip-frame.ts";
import { eachFrame, type LoopNumbers, loopParams } from "./frame-loop.ts";
import { findIp, findTransport } from "./ip-frame.ts";
import { packetCode } from "./packet-code.ts";

/**
 * `table` has a result for each value of the hash's low bits, `mask`; 0 is none, and all frames get the result of unknown ones. `factor`
 * says whether directions differ, `hashesOthers` whether frames without an IP header have a place in the table.
 *
 * @returns the index of the frame at which it stopped; `count` when all were looked up.
 */
export type FiveTupleFrames = (
  table: number,
  mask: number,
  seed: number,
  factor: number,
  hashesOthers: number,
  ...frames: LoopNumbers
) => number;

function mixer(c: FunctionBuilder, seed: I32, name: string): { value: Var<"i32">; add(word: I32): void } {
  const value = c.var("i32", seed, name);
  return {
    value,
    add(word) {
      const h = value.get().xor(word).mul(multipliers[0]);
      value.set(h.xor(h.shrU(15)));
    },
  };
}

function build(m: ModuleBuilder): void {
  const params = { table: "i32", mask: "i32", seed: "i32", factor: "i32", hashesOthers: "i32", ...loopParams } as const;
  m.export(
    "find",
    m.func("find", params, "i32", (c, p) =>
      eachFrame(c, p, ({ start, length }, result) => {
        c.if(p.table, () => {
          const end = start.add(length);
          const ip = findIp(c, start, end);
          const version = ip.version.get();
          const known = version.or(p.hashesOthers);
          c.if(known, () => {
            const a = mixer(c, p.seed, "a");
            const b = mixer(c, p.seed, "b");
            const between = c.var("i32", 0, "between");
            const words = (layout: typeof ip4 | typeof ip6): void => {
              for (let k = 0; k < layout.addressBytes; k += 4) {
                a.add(c.load32(ip.at.get(), layout.source + k));
                b.add(c.load32(ip.at.get(), layout.destination + k));
              }
            };
            c.if(
              version,
              () => {
                c.if(
                  version.eq(4),
                  () => words(ip4),
                  () => words(ip6),
                );
                const transport = findTransport(c, ip, end);
                between.set(transport.protocol.get());
                a.add(transport.source.get());
                b.add(transport.destination.get());
              },
              () => {
                b.add(c.load32(start));
                b.add(c.load16(start, 4));
                a.add(c.load32(start, 6));
                a.add(c.load16(start, 10));
                between.set(ip.type.get().or(otherType));
              },
            );
            const both = mixer(c, a.value.get().mul(p.factor).add(b.value.get()), "both");
            both.add(between.get());
            const h = both.value.get().mul(multipliers[1]);
            result.set(c.load32(h.xor(h.shrU(16)).and(p.mask).shl(2).add(p.table)));
          });
        });
      }),
    ),
  );
}

/** The code over the process's memory for frames. */
export const fiveTupleCode: (memory: WebAssembly.Memory) => { readonly find: FiveTupleFrames } = packetCode(
  "vale five-tuple lookup",
  build,
);
