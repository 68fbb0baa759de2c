/**
 * A domain at rest: its memory and its time. As a file: the line `CLICKOS DOMAIN 1`, a line of JSON, then frames: a
 * frame number (u32, little endian) and 4096 bytes each, in order; frames of zeros are left out.
 */
import { entriesPerFrame, frameSize, GTF } from "@clickos/grant-table";
import { sharedInfo } from "@clickos/xen-evtchn";
import { consoleRing, domainFrames } from "./layout.ts";
import { maximumPages, pageSize } from "./memory-pool.ts";

export interface DomainSnapshot {
  readonly name: string;
  /** 64 KiB pages. */
  readonly pages: number;
  /** The domain's time when it was taken; it goes on from there. Timers are set again by the guest, which runs at once. */
  readonly timeNs: bigint;
  readonly frames: readonly { readonly frame: number; readonly bytes: Uint8Array }[];
}

/** The bytes are no snapshot that can be used. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
  readonly code = "BAD_SNAPSHOT";
}

const firstLine = "CLICKOS DOMAIN 1\n";

/** Takes the memory of a domain that does not run. */
export function takeFrames(memory: ArrayBufferLike): DomainSnapshot["frames"] {
  const frames: { frame: number; bytes: Uint8Array }[] = [];
  const longs = new BigUint64Array(memory);
  const perFrame = frameSize / 8;
  for (let frame = 0; frame < longs.length / perFrame; frame++) {
    const start = frame * perFrame;
    for (let i = start; i < start + perFrame; i++) {
      if (longs[i] === 0n) continue;
      frames.push({ frame, bytes: new Uint8Array(memory, frame * frameSize, frameSize).slice() });
      break;
    }
  }
  return frames;
}

/** A snapshot that was not decoded here may say anything. @throws {SnapshotError} */
export function checkFrames(snapshot: DomainSnapshot): void {
  const frames = (snapshot.pages * pageSize) / frameSize;
  for (const { frame, bytes } of snapshot.frames)
    if (!(Number.isInteger(frame) && frame >= 0 && frame < frames && bytes.length <= frameSize))
      throw new SnapshotError(`frame ${frame} is outside the domain's memory`);
}

/**
 * Puts a snapshot's memory into a domain's. What its old hosts had set in it is cleared: pending events, mapped grants. What its
 * console's ring holds was printed there, and is not printed again.
 */
export function putFrames(memory: ArrayBufferLike, snapshot: DomainSnapshot): void {
  for (const { frame, bytes } of snapshot.frames) new Uint8Array(memory, frame * frameSize, frameSize).set(bytes);
  const ring = consoleRing.view(memory, domainFrames.console * frameSize);
  ring.outCons = ring.outProd;
  const shared = new Uint8Array(memory, domainFrames.sharedInfo * frameSize, sharedInfo.size);
  shared.fill(0);
  const entries = new Int32Array(
    memory,
    domainFrames.grantTable * frameSize,
    domainFrames.grantTableFrames * entriesPerFrame * 2,
  );
  for (let i = 0; i < entries.length; i += 2) entries[i] = (entries[i] as number) & ~(GTF.reading | GTF.writing);
}

export function encodeSnapshot(snapshot: DomainSnapshot): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(
    `${firstLine}${JSON.stringify({
      name: snapshot.name,
      pages: snapshot.pages,
      timeNs: String(snapshot.timeNs),
      frames: snapshot.frames.length,
    })}\n`,
  );
  const out = new Uint8Array(header.length + snapshot.frames.length * (frameSize + 4));
  out.set(header);
  const data = new DataView(out.buffer);
  let at = header.length;
  for (const { frame, bytes } of snapshot.frames) {
    data.setUint32(at, frame, true);
    out.set(bytes, at + 4);
    at += frameSize + 4;
  }
  return out;
}

/** @throws {SnapshotError} */
export function decodeSnapshot(bytes: Uint8Array): DomainSnapshot {
  const line = bytes.indexOf(10, firstLine.length);
  if (new TextDecoder("latin1").decode(bytes.subarray(0, firstLine.length)) !== firstLine || line < 0)
    throw new SnapshotError("not a saved domain");
  let header: { name?: unknown; pages?: unknown; timeNs?: unknown; frames?: unknown };
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(firstLine.length, line)));
  } catch {
    throw new SnapshotError("the saved domain's header cannot be read");
  }
  const { name, pages, timeNs, frames: count } = header ?? {};
  const time = (t: unknown): t is string => typeof t === "string" && /^\d{1,19}$/.test(t);
  if (typeof name !== "string" || !Number.isInteger(pages) || !Number.isInteger(count) || !time(timeNs))
    throw new SnapshotError("the saved domain's header lacks something");
  const size = (pages as number) * pageSize;
  if (!(size > 0 && size <= maximumPages * pageSize)) throw new SnapshotError(`a memory of ${pages} pages`);
  const start = line + 1;
  const expected = start + (count as number) * (frameSize + 4);
  if (bytes.length !== expected)
    throw new SnapshotError(`the saved domain has ${bytes.length} bytes, not ${expected}: it was cut off or changed`);
  const data = new DataView(bytes.buffer, bytes.byteOffset);
  const frames = Array.from({ length: count as number }, (_, i) => {
    const at = start + i * (frameSize + 4);
    const frame = data.getUint32(at, true);
    if ((frame + 1) * frameSize > size) throw new SnapshotError(`frame ${frame} is outside the domain's memory`);
    return { frame, bytes: bytes.subarray(at + 4, at + 4 + frameSize) };
  });
  return { name, pages: pages as number, timeNs: BigInt(timeNs), frames };
}
