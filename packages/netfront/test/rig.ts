/** A front end's guest without a kernel: memory, grants, frames that are counted, and what the back end can map. */
import { createGrantMapper, createGrantTable, type GrantMapper, type GrantTable } from "@clickos/grant-table";
import { type FrontParts, type NetFront, openNetFront } from "@clickos/netfront";

export const frameSize = 4096;
const firstFrame = 8;

export interface Guest extends FrontParts {
  readonly memory: { readonly buffer: SharedArrayBuffer };
  readonly grants: GrantTable;
  /** What domain 0 maps of the guest's. */
  readonly mapper: GrantMapper;
  /** Frames that were allocated and not freed. */
  readonly inUse: Set<number>;
  readonly notified: { tx: number; rx: number };
}

export const guestFrames = 512;

/** @throws from `allocateFrame` when the guest has no more frames, as a kernel's does. */
export function guest(frames = guestFrames): Guest {
  const buffer = new SharedArrayBuffer((firstFrame + frames) * frameSize);
  const table = { buffer, offset: frameSize, frames: 2 };
  const memory = { buffer };
  const inUse = new Set<number>();
  const notified = { tx: 0, rx: 0 };
  const free = Array.from({ length: frames }, (_, i) => firstFrame + i).reverse();
  return {
    memory,
    backend: 0,
    grants: createGrantTable(table),
    mapper: createGrantMapper(0, (id) => (id === 1 ? { id, table, memory } : undefined)),
    inUse,
    notified,
    allocateFrame() {
      const frame = free.pop();
      if (frame === undefined) throw new RangeError("all frames are in use");
      inUse.add(frame);
      return frame;
    },
    freeFrame(frame) {
      if (!inUse.delete(frame)) throw new Error(`frame ${frame} was free`);
      free.push(frame);
    },
    notifyTx: () => void notified.tx++,
    notifyRx: () => void notified.rx++,
  };
}

export const modes = [
  ["netmap", {}],
  ["standard", {}],
  ["standard, persistent grants", { persistent: true }],
] as const;

export function frontOf(parts: FrontParts, [name, options]: (typeof modes)[number]): NetFront {
  return openNetFront(parts, { mode: name === "netmap" ? "netmap" : "standard", ...options });
}

/** The frame behind a reference of the store's keys. */
export function mapKey(g: Guest, front: NetFront, key: string): { offset: number; unmap(): void } {
  const result = g.mapper.map(1, Number(front.keys[key]));
  if (result.status !== 0) throw new Error(`${key}: ${result.message}`);
  return result.mapping;
}
