/**
 * What moves frames from one end to another: modules are compiled once a pair of kinds, an instance belongs to a pair of memories.
 *
 * One module has both memories where the engine lets it; else there is one for each, and a frame crosses as arguments of a call.
 */
import { hasSeveralMemories, type ModuleBuilder, wasmBackend } from "@clickos/codegen";
import type { FrameSink, FrameSource, SinkKind, SourceKind } from "./ends.ts";
import { farEnd, sinkHalf, slotsHalf, sourceHalf, storesHalf } from "./halves.ts";
import { framesBits, framesMask, type Move, together } from "./move.ts";

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
function compileMove(source: FrameSource, sink: FrameSink, halves: boolean = !hasSeveralMemories()): Move {
  const pair = `${idOf(source.kind)} ${idOf(sink.kind)}`;
  const buffers = sink.frames ?? sink.memory;
  if (buffers !== sink.memory && (source.memory !== sink.memory || sink.kind.byAddress))
    throw new RangeError(`${sink.kind.name}: slots apart from their buffers are in the memory of the source`);
  const imports = { near: { memory: source.memory }, far: { memory: buffers } };
  const moveOf = (key: string, make: () => ModuleBuilder, given: WebAssembly.Imports = imports): Move =>
    new WebAssembly.Instance(compiled(`${key} ${pair}`, make), given).exports.move as Move;
  if (source.memory === buffers) return moveOf("one", () => together(source.kind, sink.kind, "one"));
  const isApart = buffers !== sink.memory;
  if (!halves) {
    const arrangement = isApart ? "buffers" : "two";
    return moveOf(arrangement, () => together(source.kind, sink.kind, arrangement));
  }
  const takerCode = isApart
    ? compiled("stores", storesHalf)
    : compiled(`sink ${idOf(sink.kind)}`, () => sinkHalf(sink.kind));
  const taker = new WebAssembly.Instance(takerCode, { near: { memory: buffers } }).exports;
  return moveOf(isApart ? "slots" : "source", () => (isApart ? slotsHalf : sourceHalf)(source.kind, sink.kind), {
    near: { memory: source.memory },
    [farEnd]: taker as WebAssembly.ModuleImports,
  });
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
