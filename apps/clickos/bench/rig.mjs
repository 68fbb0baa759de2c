// What the benchmarks of the data path are made of: how they measure, the loop that they compare with, batches and ports.
import { moduleBuilder, wasmBackend } from "@clickos/codegen";
import { copyFrame, createMemoryPort, FrameBatch } from "@clickos/vale";
import { udpFrame } from "./configs.mjs";

/** CPU nanoseconds per packet of `run(n)`: median of five, after two rounds to warm up. */
export function measure(run, n) {
  run(n);
  run(n);
  const samples = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    run(n);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / n;
  });
  return samples.sort((a, b) => a - b)[2];
}

/** Copies frames of 64 bytes between two pools of buffers, in one WebAssembly function. */
export function reference(packets) {
  const frameLength = 64;
  const buffers = 1024;
  const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 64 } });
  m.export(
    "copy",
    m.func("copy", { count: "i32" }, undefined, (c, { count }) => {
      c.for(0, count, 1, (i) => {
        const slot = i.and(buffers - 1).shl(11);
        for (let k = 0; k < frameLength; k += 16) c.copy16(slot.add(buffers * 2048), slot, k, k);
      });
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64 });
  const { copy } = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(m.toIr())), { env: { memory } })
    .exports;
  return measure(copy, packets);
}

/** Frames with the addresses of two stations, so that a learning bridge knows where they go. */
export function station(from, to) {
  const frame = udpFrame();
  frame.set([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from]);
  return frame;
}

/** A batch of these frames, over and over, in buffers so many bytes apart. */
export function batchOf(frames, count = 256, stride = 2112) {
  const batch = new FrameBatch(count * stride);
  for (let i = 0; i < count; i++) {
    const frame = frames[i % frames.length];
    batch.offsets[i] = i * stride;
    batch.lengths[i] = frame.length;
    batch.memory.bytes.set(frame, i * stride);
  }
  batch.count = count;
  return batch;
}

/** A port in memory whose batch is always full and that takes everything: what is measured is the switch. */
export function endlessPort(name, frames) {
  const { sink } = createMemoryPort(name);
  const batch = batchOf(frames);
  const stride = 2112;
  const incoming = new FrameBatch(256 * stride);
  const port = {
    name,
    taken: 0,
    poll: () => batch,
    release() {},
    deliver(from, list, count) {
      for (let k = 0; k < count; k++) {
        const slot = port.taken++ & 255;
        copyFrame(from, list[k], incoming.memory, slot * stride);
        incoming.lengths[slot] = from.lengths[list[k]];
      }
      return count;
    },
    flush() {},
  };
  if (sink)
    port.sink = {
      kind: sink.kind,
      memory: sink.memory,
      places: sink.places,
      frameLimit: sink.frameLimit,
      get cursor() {
        return port.taken & 255;
      },
      begin: () => 256,
      done(frames) {
        port.taken += frames;
      },
    };
  return port;
}
