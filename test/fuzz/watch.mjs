/** What an input may take: time of this process's processor, scaled to how fast it is, and memory. */

/** What `loop` takes on the machine whose second is meant, in milliseconds. */
const referenceMs = 46;

function loop() {
  let x = 1;
  for (let i = 0; i < 2e7; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

/** Milliseconds that this process's threads have been running. */
export function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** How many times slower this machine is than the reference; at least 1. */
export function slowness() {
  const before = processorMs();
  if (loop() === 0) throw new Error("a xorshift generator never comes to 0");
  return Math.max(1, (processorMs() - before) / referenceMs);
}

/** MiB of JavaScript heap of a worker. */
export const heapLimitMiB = 512;
/** Bytes that a target may keep from one input to all later ones, in all. */
export const keptLimit = 64 << 20;
/** An input that neither ends nor uses the processor waits for something that does not come. */
export const waitLimitMs = 60_000;
