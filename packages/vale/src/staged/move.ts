/**
 * The code that moves frames from a source to a sink: a loop over slots with both kinds' code in it.
 *
 * In one module where both rings are in the same memory, or where the engine lets a module have two; else in two modules, one for
 * each memory, and a frame crosses as arguments of a call. Modules are compiled once a pair of kinds; an instance belongs to a pair
 * of memories.
 */
import {
  type Func,
  type FunctionBuilder,
  hasSeveralMemories,
  type I32,
  type MemoryIndex,
  type ModuleBuilder,
  moduleBuilder,
  type V128,
  wasmBackend,
} from "@clickos/codegen";
import { batchSize } from "../frame-batch.ts";
import { copyFrameBetween, fits4, inParts, load4, store4 } from "./copy.ts";
import type { EndContext, FrameSink, FrameSource, SinkKind, SourceKind } from "./ends.ts";
import { sharedMemory } from "./packet-code.ts";

/** In what a move returns: frames in the low bits, their bytes above. */
export const framesBits = 9;
const framesMask = (1 << framesBits) - 1;
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

const sourceParams = { s0: "i32", s1: "i32", s2: "i32", s3: "i32" } as const;
const sinkParams = { t0: "i32", t1: "i32", t2: "i32", t3: "i32" } as const;
const slotParams = { slot: "i32", length: "i32" } as const;
const vectors = { v0: "v128", v1: "v128", v2: "v128", v3: "v128" } as const;
type Vectors = readonly [V128, V128, V128, V128];

/** Imports that modules have a memory by. */
const near = ["near", "memory"] as const;
const far = ["far", "memory"] as const;
const farEnd = "far";

function startModule(name: string): ModuleBuilder {
  return moduleBuilder({ name, memory: sharedMemory(near) });
}

/** The places of a kind by name, of parameters in order. */
function placesOf(kind: SourceKind | SinkKind, given: readonly I32[]): EndContext["place"] {
  return (name) => {
    const value = given[kind.places.indexOf(name)];
    if (!value)
      throw new RangeError(`${kind.name} has ${kind.places.join(", ")}, four places at most, and no '${name}'`);
    return value;
  };
}

/** What takes a frame: whether it did. */
type Put = (c: FunctionBuilder, frame: { address: I32; length: I32 }, slot: I32) => I32;

function stageMove(
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

/** Both rings in memories of one module. */
function together(source: SourceKind, sink: SinkKind, isOneMemory: boolean): ModuleBuilder {
  const m = startModule(`${source.name} to ${sink.name}`);
  const other: MemoryIndex = isOneMemory ? 0 : m.importMemory(sharedMemory(far));
  stageMove(m, source, sink, (c, given) => {
    const context: EndContext = { c, memory: c.in(other), place: placesOf(sink, given) };
    return (_, { address, length }, slot) => {
      const room = sink.room(context, slot, length);
      c.if(room.good, () => {
        copyFrameBetween(c, { from: 0, to: other }, address, room.address, length);
        sink.fill(context, slot, room.address, length);
      });
      return room.good;
    };
  });
  return m;
}

/** The sink's half: it takes what the other half read in its own memory. */
function sinkHalf(sink: SinkKind): ModuleBuilder {
  const m = startModule(`${sink.name}, from another memory`);
  const contextOf = (c: FunctionBuilder, p: Record<keyof typeof sinkParams, I32>): EndContext => ({
    c,
    memory: c,
    place: placesOf(sink, [p.t0, p.t1, p.t2, p.t3]),
  });
  m.export(
    "put4",
    m.func("put4", { ...sinkParams, ...slotParams, ...vectors }, "i32", (c, p) => {
      const context = contextOf(c, p);
      const room = sink.room(context, p.slot, p.length);
      c.if(room.good, () => {
        store4(c, room.address, p.length, [p.v0, p.v1, p.v2, p.v3]);
        sink.fill(context, p.slot, room.address, p.length);
      });
      return room.good;
    }),
  );
  // The frame's bytes follow, in parts. Nobody reads the slot before all are there.
  m.export(
    "place",
    m.func("place", { ...sinkParams, ...slotParams }, "i32", (c, p) => {
      const context = contextOf(c, p);
      const room = sink.room(context, p.slot, p.length);
      c.if(room.good.eqz(), () => c.return(0));
      sink.fill(context, p.slot, room.address, p.length);
      return room.address;
    }),
  );
  m.export(
    "block",
    m.func("block", { at: "i32", ...vectors }, undefined, (c, { at, v0, v1, v2, v3 }) => {
      [v0, v1, v2, v3].forEach((v, i) => c.store128(at, v, i * 16));
    }),
  );
  m.export(
    "vector",
    m.func("vector", { at: "i32", v: "v128" }, undefined, (c, { at, v }) => c.store128(at, v)),
  );
  m.export(
    "byte",
    m.func("byte", { at: "i32", value: "i32" }, undefined, (c, { at, value }) => c.store8(at, value)),
  );
  return m;
}

/** The source's half. */
function sourceHalf(source: SourceKind, sink: SinkKind): ModuleBuilder {
  const m = startModule(`${source.name} to ${sink.name} in another memory`);
  const put4 = m.import(farEnd, "put4", { ...sinkParams, ...slotParams, ...vectors }, "i32");
  const place = m.import(farEnd, "place", { ...sinkParams, ...slotParams }, "i32");
  const block = m.import(farEnd, "block", { at: "i32", ...vectors }, undefined);
  const vector = m.import(farEnd, "vector", { at: "i32", v: "v128" }, undefined);
  const byte = m.import(farEnd, "byte", { at: "i32", value: "i32" }, undefined);
  const putLong: Func<"i32"> = m.func(
    "put long",
    { ...sinkParams, ...slotParams, address: "i32" },
    "i32",
    (c, { t0, t1, t2, t3, slot, length, address }) => {
      const to = c.call(place, t0, t1, t2, t3, slot, length);
      c.if(to.eqz(), () => c.return(0));
      inParts(c, length, {
        block: (offset) => {
          const from = address.add(offset);
          const four = [0, 16, 32, 48].map((k) => c.load128(from, k)) as unknown as Vectors;
          c.call(block, to.add(offset), ...four);
        },
        vector: (offset) => c.call(vector, to.add(offset), c.load128(address.add(offset))),
        byte: (offset) => c.call(byte, to.add(offset), c.load8(address.add(offset))),
      });
      return c.i32(1);
    },
  );
  stageMove(m, source, sink, (c, t) => (_, { address, length }, slot) => {
    const taken = c.var("i32", 0, "taken");
    c.if(
      fits4(length),
      () => taken.set(c.call(put4, ...t, slot, length, ...load4(c, address, length))),
      () => taken.set(c.call(putLong, ...t, slot, length, address)),
    );
    return taken.get();
  });
  return m;
}

// ---- modules and instances

const modules = new Map<string, WebAssembly.Module>();
const kinds = new Map<SourceKind | SinkKind, number>();
/** A number for each kind, so that kinds of the same name do not share modules. */
function idOf(kind: SourceKind | SinkKind): number {
  let id = kinds.get(kind);
  if (id === undefined) {
    id = kinds.size;
    kinds.set(kind, id);
  }
  return id;
}
function compiled(key: string, make: () => ModuleBuilder): WebAssembly.Module {
  let module = modules.get(key);
  if (!module) {
    module = new WebAssembly.Module(wasmBackend.encode(make().toIr()));
    modules.set(key, module);
  }
  return module;
}

/** Code that moves frames between two ends' memories; `halves` uses two modules even where one would do. */
export function compileMove(source: FrameSource, sink: FrameSink, halves: boolean = !hasSeveralMemories()): Move {
  const pair = `${idOf(source.kind)} ${idOf(sink.kind)}`;
  const imports = { near: { memory: source.memory }, far: { memory: sink.memory } };
  const exportsOf = (module: WebAssembly.Module, given: WebAssembly.Imports): WebAssembly.Exports =>
    new WebAssembly.Instance(module, given).exports;
  if (source.memory === sink.memory)
    return exportsOf(
      compiled(`one ${pair}`, () => together(source.kind, sink.kind, true)),
      imports,
    ).move as Move;
  if (!halves)
    return exportsOf(
      compiled(`two ${pair}`, () => together(source.kind, sink.kind, false)),
      imports,
    ).move as Move;
  const taker = exportsOf(
    compiled(`sink ${idOf(sink.kind)}`, () => sinkHalf(sink.kind)),
    { near: { memory: sink.memory } },
  );
  return exportsOf(
    compiled(`source ${pair}`, () => sourceHalf(source.kind, sink.kind)),
    { near: { memory: source.memory }, [farEnd]: taker as WebAssembly.ModuleImports },
  ).move as Move;
}

/** Moves frames from one end to another. */
export class FrameMover {
  private readonly source: FrameSource;
  private readonly sink: FrameSink;
  private readonly move: Move;
  /** The frame that a move stopped at is out of the ordinary, or there is no room for it. */
  stopped = false;
  /** Of the last move. */
  bytes = 0;

  constructor(source: FrameSource, sink: FrameSink, halves?: boolean) {
    this.source = source;
    this.sink = sink;
    this.move = compileMove(source, sink, halves);
  }
  /** Moves what is there and has room, frames of a limit at most; how many. */
  run(frameLimit: number): number {
    const { source, sink } = this;
    this.bytes = 0;
    const there = source.begin();
    this.stopped = there < 0;
    if (there <= 0) return 0;
    const room = sink.begin();
    const count = there < room ? there : room;
    const [s, t] = [source.places, sink.places];
    const moved = this.move(
      s[0],
      s[1],
      s[2],
      s[3],
      source.cursor,
      t[0],
      t[1],
      t[2],
      t[3],
      sink.cursor,
      count,
      Math.min(frameLimit, source.frameLimit, sink.frameLimit),
    );
    const frames = moved & framesMask;
    this.bytes = moved >>> framesBits;
    this.stopped = frames < there;
    source.done(frames, this.bytes);
    sink.done(frames, this.bytes);
    return frames;
  }
}
