/** Ports that only TypeScript moves frames of. */
import { FrameBatch, type MemoryPort, type Port } from "@clickos/vale";

/** A port as one in another memory would be: nothing of it is reached by code. */
export function apart(port: MemoryPort): Port {
  const batch = new FrameBatch(new ArrayBuffer(256 * 2112));
  return {
    name: port.name,
    poll() {
      const from = port.poll();
      if (!from) return null;
      for (let i = 0; i < from.count; i++) {
        const [at, length] = [from.offsets[i] as number, from.lengths[i] as number];
        batch.memory.bytes.set(from.memory.bytes.subarray(at, at + length), i * 2112);
        batch.offsets[i] = i * 2112;
        batch.lengths[i] = length;
      }
      batch.count = from.count;
      return batch;
    },
    release: () => port.release(),
    deliver: (from, list, count) => port.deliver(from, list, count),
    flush: () => port.flush(),
    ...(port.onReady ? { onReady: port.onReady } : {}),
  };
}
