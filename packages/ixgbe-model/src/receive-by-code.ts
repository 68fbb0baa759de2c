/**
 * Reception in its plain case by WebAssembly, where batch and ring are in the process's memory for frames; what is out of the ordinary
 * is left to TypeScript. Budget: 8 ns a 64-byte frame; the benchmark `path` guards it.
 */
import { allFrames, BatchSource, FrameMover, type FrameSink, type SinkKind } from "@clickos/vale";
import { type DmaWindow, windowUpper } from "./dma-window.ts";
import { countBatch } from "./frame-counts.ts";
import { type MakePlainReceive, plainReceive } from "./receive-plain.ts";
import * as R from "./registers.ts";

const kinds = new Map<number, SinkKind>();
/**
 * A ring of so many descriptors, whose buffers are checked to be in the memory of an address' high half, and to end there; `undefined`
 * where code does not reach such a ring.
 */
function ringOf(descriptors: number): SinkKind | undefined {
  if (descriptors === 0 || (descriptors & (descriptors - 1)) !== 0) return undefined;
  let kind = kinds.get(descriptors);
  if (!kind) {
    kind = {
      name: `82599 wire to ring of ${descriptors}`,
      places: ["ring", "memory", "last", "upper"],
      slots: descriptors,
      room({ memory, place }, slot) {
        const d = slot.mul(R.descriptorSize).add(place("ring"));
        const buffer = memory.load32(d);
        const good = buffer.leU(place("last")).and(memory.load32(d, R.descriptorFields.upper).eq(place("upper")));
        return { address: buffer.add(place("memory")), good };
      },
      fill({ memory, place }, slot, _address, length) {
        const d = slot.mul(R.descriptorSize).add(place("ring"));
        memory.store32(d, length, R.descriptorFields.length);
        memory.store32(d, R.RX_DD | R.RX_EOP, R.descriptorFields.status);
      },
    };
    kinds.set(descriptors, kind);
  }
  return kind;
}

export const receiveByCode: MakePlainReceive = (ring, counts) => {
  const plain = plainReceive(ring, counts);
  const { region } = ring.memory;
  if (!region) return plain;
  const source = new BatchSource(region.memory);
  const places: [number, number, number, number] = [0, 0, 0, 0];
  /** For a ring of `made` descriptors: into the NIC's memory, and into the window. */
  let mover: FrameMover | undefined;
  let intoWindow: FrameMover | undefined;
  let made = 0;
  let window: DmaWindow | undefined;
  const moverTo = (frames?: WebAssembly.Memory): FrameMover | undefined => {
    const kind = ringOf(made);
    const sink: FrameSink | undefined = kind && {
      kind,
      memory: region.memory,
      frames,
      places,
      frameLimit: 0xffff,
      get cursor() {
        return ring.head;
      },
      begin: () => ring.free,
      done(n) {
        ring.head = (ring.head + n) & (ring.count - 1);
      },
    };
    return sink && new FrameMover(source, sink);
  };
  /** What moves frames of a length at most to where the next buffer is. */
  const choose = (longest: number): FrameMover | undefined => {
    if (ring.count !== made) {
      made = ring.count;
      mover = moverTo();
      window = undefined;
    }
    places[0] = region.at + ring.base;
    places[3] = ring.memory.words[((ring.base + ring.head * R.descriptorSize) >> 2) + 1] as number;
    const isElsewhere = places[3] === windowUpper && ring.window && !ring.window.closed;
    if (isElsewhere && ring.window !== window) {
      window = ring.window;
      intoWindow = window && moverTo(window.region.memory);
    }
    const into = isElsewhere && window ? window : { memory: ring.memory, region };
    places[1] = into.region.at;
    places[2] = into.memory.bytes.length - longest;
    if (places[2] < 0 || (places[3] !== 0 && !isElsewhere)) return undefined;
    return isElsewhere ? intoWindow : mover;
  };
  return (batch, first, longest) => {
    const most = Math.min(longest, ring.bufferSize);
    const move = batch.inPacketMemory && ring.count > 0 ? choose(most) : undefined;
    if (!move) return plain(batch, first, longest);
    source.set(batch, allFrames(), batch.count, first);
    const frames = move.run(most);
    if (frames > 0) countBatch(counts, batch, first, frames, move.bytes);
    return move.stopped ? frames + plain(batch, first + frames, longest) : frames;
  };
};
