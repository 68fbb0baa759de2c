/** Looking addresses up in a table that somebody gave, as staged code over packet memory: the same as `lookups/static-lookup.ts`. */
import type { ModuleBuilder } from "@clickos/codegen";
import { entry } from "../address-entry.ts";
import { vidShift } from "../lookups/address-key.ts";
import { tagBytes, typeOffset, types } from "../lookups/ip-frame.ts";
import { eachFrame, type LoopNumbers, loopParams } from "./frame-loop.ts";
import { findIn } from "./lookup.ts";
import { packetCode } from "./packet-code.ts";

/** `results` says where frames go by the numbers that the table has. @returns where it stopped; `count` when all were looked up. */
export type StaticFrames = (
  table: number,
  mask: number,
  seed: number,
  results: number,
  ...frames: LoopNumbers
) => number;

function build(m: ModuleBuilder): void {
  const params = { table: "i32", mask: "i32", seed: "i32", results: "i32", ...loopParams } as const;
  m.export(
    "find",
    m.func("find", params, "i32", (c, p) =>
      eachFrame(c, p, ({ start, length }, result) => {
        const low = c.load16(start);
        const high = c.load32(start, 2);
        const owner = c.var("i32", 0, "owner");
        const isTagged = length.geU(typeOffset + 2 + tagBytes).and(c.load16(start, typeOffset).eq(types.vlan));
        c.if(isTagged, () => {
          // The tag's bytes come high one first.
          const vid = c
            .load8(start, typeOffset + 2)
            .and(0xf)
            .shl(8)
            .or(c.load8(start, typeOffset + 3));
          c.if(vid, () => owner.set(c.load32(findIn(c, p, high, low.or(vid.shl(vidShift))), entry.owner)));
        });
        c.if(owner.get().eqz(), () => owner.set(c.load32(findIn(c, p, high, low), entry.owner)));
        c.if(owner.get(), () => result.set(c.load32(owner.get().sub(1).shl(2).add(p.results))));
      }),
    ),
  );
}

/** The code over the process's memory for frames. */
export const staticCode: (memory: WebAssembly.Memory) => { readonly find: StaticFrames } = packetCode(
  "vale static lookup",
  build,
);
