/**
 * Reception in its plain case by WebAssembly, where batch and ring are in the process's memory for frames; what is out of the ordinary
 * is left to TypeScript. Budget: 8 ns a 64-byte frame; the benchmark `path` guards it.
 */
import { allFrames, BatchSource, FrameMover, type FrameSink, type SinkKind } from "@clickos/vale";
import { countBatch } from "./frame-counts.ts";
import { type MakePlainReceive, plainReceive } from "./receive-plain.ts";
import * as R from "./registers.ts";

const kinds = new Map<number, SinkKind>();
/** A ring of so many descriptors, whose buffers are checked to end in memory; `undefined` where code does not reach such a ring. */
function ringOf(descriptors: number): SinkKind | undefined {
  if (descriptors === 0 || (descriptors & (descriptors - 1)) !== 0) return undefined;
  let kind = kinds.get(descriptors);
  if (!kind) {
    kind = {
      name: `82599 wire to ring of ${descriptors}`,
      places: ["ring", "memory", "last"],
      slots: descriptors,
      room({ memory, place }, slot) {
        const d = slot.mul(R.descriptorSize).add(place("ring"));
        const buffer = memory.load32(d);
        const good = buffer.leU(place("last")).and(memory.load32(d, R.descriptorFields.upper).eqz());
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
  const places: [number, number, number, number] = [0, region.at, 0, 0];
  /** For a ring of `made` descriptors. */
  let mover: FrameMover | undefined;
  let made = 0;
  const moverOf = (): FrameMover | undefined => {
    if (ring.count !== made) {
      made = ring.count;
      const kind = ringOf(made);
      const sink: FrameSink | undefined = kind && {
        kind,
        memory: region.memory,
        places,
        frameLimit: 0xffff,
        get cursor() {
          return ring.head;
        },
        begin: () => ring.free,
        done(frames) {
          ring.head = (ring.head + frames) & (ring.count - 1);
        },
      };
      mover = sink && new FrameMover(source, sink);
    }
    return mover;
  };
  return (batch, first, longest) => {
    const last = region.bytes - ring.bufferSize;
    const move = batch.inPacketMemory && last >= 0 ? moverOf() : undefined;
    if (!move) return plain(batch, first, longest);
    places[0] = region.at + ring.base;
    places[2] = last;
    source.set(batch, allFrames(), batch.count, first);
    const frames = move.run(Math.min(longest, ring.bufferSize));
    if (frames > 0) countBatch(counts, batch, first, frames, move.bytes);
    return move.stopped ? frames + plain(batch, first + frames, longest) : frames;
  };
};
