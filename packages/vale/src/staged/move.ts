/**
 * The code that moves frames from a source to a sink: a loop over slots with both kinds' code in it, in a module that has all the
 * memories that it needs. `halves.ts` is for engines where a module has one.
 */
import { type FunctionBuilder, type I32, type MemoryIndex, type ModuleBuilder, moduleBuilder } from "@clickos/codegen";
import { batchSize } from "../frame-batch.ts";
import { copyFrameBetween } from "./copy.ts";
import type { EndContext, SinkKind, SourceKind } from "./ends.ts";
import { sharedMemory } from "./packet-code.ts";

/** In what a move returns: frames in the low bits, their bytes above. */
export const framesBits = 9;
export const framesMask: number = (1 << framesBits) - 1;
if (batchSize > framesMask) throw new Error("a batch does not fit into a move's result");

/** Moves up to `count` frames; the result is packed, see `framesBits`. */
export type Move = (
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  from: number,
  t0: number,
  t1: number,
  t2: number,
  t3: number,
  to: number,
  count: number,
  limit: number,
) => number;

export const sourceParams = { s0: "i32", s1: "i32", s2: "i32", s3: "i32" } as const;
export const sinkParams = { t0: "i32", t1: "i32", t2: "i32", t3: "i32" } as const;
/** Imports that modules have a memory by. */
const near = ["near", "memory"] as const;
const far = ["far", "memory"] as const;

/** A module over a memory that both halves of a pair call `near`. */
export function startModule(name: string): ModuleBuilder {
  return moduleBuilder({ name, memory: sharedMemory(near) });
}

/** The places of a kind by name, of parameters in order. */
export function placesOf(kind: SourceKind | SinkKind, given: readonly I32[]): EndContext["place"] {
  return (name) => {
    const value = given[kind.places.indexOf(name)];
    if (!value)
      throw new RangeError(`${kind.name} has ${kind.places.join(", ")}, four places at most, and no '${name}'`);
    return value;
  };
}

/** What takes a frame: whether it did. */
export type Put = (c: FunctionBuilder, frame: { address: I32; length: I32 }, slot: I32) => I32;

export function stageMove(
  m: ModuleBuilder,
  source: SourceKind,
  sink: SinkKind,
  put: (c: FunctionBuilder, places: readonly I32[]) => Put,
): void {
  const params = { ...sourceParams, from: "i32", ...sinkParams, to: "i32", count: "i32", limit: "i32" } as const;
  const move = m.func("move", params, "i32", (c, p) => {
    const context: EndContext = { c, memory: c, place: placesOf(source, [p.s0, p.s1, p.s2, p.s3]) };
    const give = put(c, [p.t0, p.t1, p.t2, p.t3]);
    const n = c.var("i32", 0, "n");
    const bytes = c.var("i32", 0, "bytes");
    c.loop(() => {
      c.if(n.get().geU(p.count), () => c.break());
      const slot = p.from.add(n.get()).and(source.slots - 1);
      const { address, length, good } = source.frame(context, slot);
      c.if(good.and(length.leU(p.limit)).eqz(), () => c.break());
      c.if(give(c, { address, length }, p.to.add(n.get()).and(sink.slots - 1)).eqz(), () => c.break());
      source.release?.(context, slot);
      bytes.set(bytes.get().add(length));
      n.inc();
    });
    return bytes.get().shl(framesBits).or(n.get());
  });
  m.export("move", move);
}

/**
 * Which of two memories an end's parts are in: all in one; the sink in the other; or only the buffers of the sink, whose slots are
 * the source's neighbours.
 */
export type Arrangement = "one" | "two" | "buffers";

/** All in memories of one module. */
export function together(source: SourceKind, sink: SinkKind, arrangement: Arrangement): ModuleBuilder {
  const m = startModule(`${source.name} to ${sink.name}`);
  const other: MemoryIndex = arrangement === "one" ? 0 : m.importMemory(sharedMemory(far));
  const slots: MemoryIndex = arrangement === "two" ? other : 0;
  stageMove(m, source, sink, (c, given) => {
    const context: EndContext = { c, memory: c.in(slots), place: placesOf(sink, given) };
    return (_, { address, length }, slot) => {
      const room = sink.room(context, slot, length);
      c.if(room.good, () => {
        if (!sink.byAddress) copyFrameBetween(c, { from: 0, to: other }, address, room.address, length);
        sink.fill(context, slot, sink.byAddress ? address : room.address, length);
      });
      return room.good;
    };
  });
  return m;
}
