/** What a front end with netmap rings granted, mapped: its two rings, and its buffers in a row. */
import type { GrantWindow } from "@clickos/grant-table";
import { bufferSize, NetbackError } from "./vif.ts";
import type { VifOptions } from "./vif-options.ts";

export interface MappedGrants {
  readonly window: GrantWindow;
  /** Where the rings are in the guest's memory, and each buffer. */
  readonly rxRing: number;
  readonly txRing: number;
  readonly offsets: Int32Array;
  unpinAll(): void;
}

/** @throws {NetbackError} when a grant is not as announced; nothing stays mapped. */
export function mapGrants({ name, mapper, domain, grants }: VifOptions): MappedGrants {
  const window = mapper.window(domain);
  if (!window) throw new NetbackError(`${name}: there is no domain ${domain}`);
  const { bufferFrames, bufferCount } = grants;
  /** The references in the order in which they are pinned, and how many are: the rings, then the buffers in a row. */
  const refOf = (i: number): number =>
    i === 0 ? grants.rxRingRef : i === 1 ? grants.txRingRef : grants.bufferRef + i - 2;
  let pinned = 0;
  const unpinAll = (): void => {
    while (pinned > 0) window.unpin(refOf(--pinned), false);
  };
  /** Where the next granted frame begins in the guest's memory. */
  const map = (): number => {
    const ref = refOf(pinned);
    const offset = window.pin(ref, false);
    if (offset < 0) {
      unpinAll();
      throw new NetbackError(`${name}: grant ${ref} of domain ${domain} cannot be mapped (GNTST ${offset})`);
    }
    pinned++;
    return offset;
  };
  if (!(bufferFrames >= 0 && bufferFrames <= 65536 && bufferCount >= 0 && bufferCount <= bufferFrames * 2))
    throw new NetbackError(`${name}: ${bufferCount} buffers in ${bufferFrames} frames`);
  const rxRing = map();
  const txRing = map();
  const offsets = new Int32Array(bufferCount);
  for (let f = 0; f < bufferFrames; f++) {
    const offset = map();
    if (f * 2 < bufferCount) offsets[f * 2] = offset;
    if (f * 2 + 1 < bufferCount) offsets[f * 2 + 1] = offset + bufferSize;
  }
  return { window, rxRing, txRing, offsets, unpinAll };
}
