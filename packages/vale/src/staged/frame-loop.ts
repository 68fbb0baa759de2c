/** What lookups by tables have in common as staged code: a loop over the frames of a batch, each of which gets a result. */
import type { FunctionBuilder, I32, ParamValues, Var } from "@clickos/codegen";
import { nowhere } from "../lookup-result.ts";
import { shortestFrame } from "../mtu.ts";

/**
 * Which frames of a batch in packet memory are looked up, and where results go. `group` and `station` are the results of frames that no
 * table knows, by whether they are for a group.
 */
export const loopParams = {
  group: "i32",
  station: "i32",
  ingress: "i32",
  offsets: "i32",
  lengths: "i32",
  base: "i32",
  first: "i32",
  count: "i32",
  out: "i32",
} as const;

/** Their numbers, in that order. */
export type LoopNumbers = [
  group: number,
  station: number,
  ingress: number,
  offsets: number,
  lengths: number,
  base: number,
  first: number,
  count: number,
  out: number,
];

/**
 * Has `find` set the result of each frame, which is that of unknown ones at first; one for the port where the frame came from is
 * `nowhere`. Stops before a frame that is too short for addresses, and returns its index, or `count`.
 */
export function eachFrame(
  c: FunctionBuilder,
  p: ParamValues<typeof loopParams>,
  find: (frame: { readonly start: I32; readonly length: I32 }, result: Var<"i32">) => void,
): I32 {
  const i = c.var("i32", p.first, "i");
  const result = c.var("i32", 0, "result");
  c.loop(() => {
    c.if(i.get().geU(p.count), () => c.break());
    const k = i.get().shl(2);
    const length = c.load32(k.add(p.lengths));
    c.if(length.ltU(shortestFrame), () => c.break());
    const start = c.load32(k.add(p.offsets)).add(p.base);
    result.set(c.select(c.load8(start).and(1), p.group, p.station));
    find({ start, length }, result);
    c.store32(k.add(p.out), c.select(result.get().eq(p.ingress), c.i32(nowhere), result.get()));
    i.inc();
  });
  return i.get();
}
