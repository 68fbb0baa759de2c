/**
 * Makes the collector see how much shared memory was dropped. An engine counts only the few bytes of a
 * `WebAssembly.Memory` or `SharedArrayBuffer` object, so that gigabytes that nobody can reach stay for hours. From time
 * to time a dropped one is given a ballast, an ordinary buffer that is never touched and so takes no memory, but that
 * counts: the collector runs, and takes both. Each thread weighs what it drops itself.
 */

/** Bytes dropped between two ballasts, at least. */
const dropped = 256 << 20;
/** Part of what is in use that may be dropped between two: a collection takes the longer, the more there is. */
const part = 1 / 2;
/** Large enough that engines collect for it, and that allocators take fresh pages, which are not resident. */
const ballast = 64 << 20;

const weights = new WeakMap<object, ArrayBuffer>();
let bytesDropped = 0;

/** Nobody on this thread uses `object` any more, and with it go so many bytes of shared memory; `used` are in use still. */
export function weigh(object: object, bytes: number, used: number = 0): void {
  bytesDropped += bytes;
  if (bytesDropped < Math.max(dropped, used * part)) return;
  bytesDropped = 0;
  try {
    weights.set(object, new ArrayBuffer(ballast));
  } catch {
    // There is no address space for it: engines collect when they find that out.
  }
}
