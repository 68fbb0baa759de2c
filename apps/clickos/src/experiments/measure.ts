/** How experiments measure: CPU time of the process, medians, and a loop to compare with in the same run. */
import { moduleBuilder, wasmBackend } from "@clickos/codegen";
import type { ExperimentSize, Spread } from "./experiment.ts";

/** Median, least and greatest. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN };
}

/** Of samples in ascending order: the least that a share `q` of them does not exceed. */
export function quantile(sorted: readonly number[] | Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

/** CPU nanoseconds of the process so far, on all its threads. */
export function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

const samplesBySize = { quick: 5, normal: 5, full: 7 } as const;
const sampleMs = { quick: 15, normal: 60, full: 200 } as const;
/** Engines compile what runs often again and better, on threads whose time counts too: that is to be over. */
const warmUpMs = { quick: 250, normal: 400, full: 1000 } as const;

/** What is measured: works for a while, and returns how many items it has done. */
export type Step = () => number | Promise<number>;

/** CPU nanoseconds for each item of `step`, as `ExperimentContext.measure` has them. `scale` makes the samples shorter. */
export async function measureSteps(step: Step, size: ExperimentSize, scale = 1): Promise<Spread> {
  const sample = async (ms: number): Promise<number> => {
    const start = cpuNs();
    let [items, taken] = [0, 0];
    do {
      const done = step();
      items += typeof done === "number" ? done : await done;
      taken = cpuNs() - start;
    } while (taken < ms * 1e6 * scale);
    if (items === 0) throw new Error("nothing came through what is measured");
    return taken / items;
  };
  await sample(warmUpMs[size]);
  const samples: number[] = [];
  for (let i = 0; i < samplesBySize[size]; i++) samples.push(await sample(sampleMs[size]));
  return spreadOf(samples);
}

/** A step that copies frames of 64 bytes between two pools of buffers, in one WebAssembly function. */
export function referenceStep(): () => number {
  const buffers = 1024;
  const frames = 16_384;
  const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 64 } });
  m.export(
    "copy",
    m.func("copy", { count: "i32" }, undefined, (c, { count }) => {
      c.for(0, count as never, 1, (i) => {
        const slot = i.and(buffers - 1).shl(11);
        for (let k = 0; k < 64; k += 16) c.copy16(slot.add(buffers * 2048), slot, k, k);
      });
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64 });
  const { copy } = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(m.toIr())), { env: { memory } })
    .exports as { copy(count: number): void };
  return () => {
    copy(frames);
    return frames;
  };
}
