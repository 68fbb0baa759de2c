/** Added delay: what VM and switch put between a frame's arrival and its leaving. */
import { createSwitch, patch } from "@clickos/vale";
import { compare, type Experiment, type ExperimentContext, type Result, type Row } from "./experiment.ts";
import { batchOf, checkSequence, udpFrame } from "./frames.ts";
import { attachNic, endAll, imageOf, localToolstack } from "./machines.ts";
import { cpuNs, quantile } from "./measure.ts";
import { type Path, pathDelays, turn } from "./path.ts";
import { paperFigures, sources } from "./sources.ts";

/** Milliseconds. */
type Clock = () => number;
/** What the process computes only: it stands still while the machine does something else. */
const cpuClock: Clock = () => cpuNs() / 1e6;
const wallClock: Clock = () => performance.now();

/** Frames that may be on the way; those that come when there are as many wait outside, as they would on the wire. */
const mostOnTheWay = 512;

/**
 * Microseconds from when each frame is due to when it left, with frames due at random times (a Poisson process), so many a second on
 * average. Frames leave in their order.
 */
function underLoad(path: Path, clock: Clock, perSecond: number, count: number): Float64Array {
  const batch = batchOf([udpFrame(64 - checkSequence)], 64);
  const due = new Float64Array(count);
  for (let i = 0, at = 0; i < count; i++) due[i] = at += (-Math.log(1 - Math.random()) * 1000) / perSecond;
  const delays = new Float64Array(count);
  const begun = clock();
  const before = path.output.left;
  for (let sent = 0, left = 0; left < count; ) {
    const now = clock() - begun;
    let ready = 0;
    while (
      sent + ready < count &&
      ready < 64 &&
      sent + ready - left < mostOnTheWay &&
      (due[sent + ready] as number) <= now
    )
      ready++;
    if (ready > 0) {
      batch.count = ready;
      sent += path.input.nic.arrive(batch, 0);
    }
    turn(path);
    const at = clock() - begun;
    for (const end = path.output.left - before; left < end; left++) delays[left] = (at - (due[left] as number)) * 1000;
    if (now > 60_000) throw new Error("frames are lost on the way");
  }
  return delays.sort();
}

const idleLoad = "idle, one frame at a time";
const percentiles: readonly [string, number][] = [
  ["50", 0.5],
  ["90", 0.9],
  ["99", 0.99],
  ["99.9", 0.999],
  ["99.99", 0.9999],
];

async function run(context: ExperimentContext): Promise<Result> {
  const toolstack = localToolstack(context.elements);
  try {
    const bridges = [0, 1].map((i) => createSwitch({ name: `vale${i}`, lookup: patch() }));
    const [first, second] = bridges as [ReturnType<typeof createSwitch>, ReturnType<typeof createSwitch>];
    const [input, output] = [attachNic(first, 0), attachNic(second, 1)];
    const image = await imageOf("FromDevice(0) -> ToDevice(1)", context.elements);
    await toolstack.create({ name: "path", image, vif: bridges.map((bridge) => ({ bridge })) });
    const path = { hypervisor: toolstack.hypervisor, input, output, bridges };
    context.progress("idle");
    pathDelays(path, 5000);
    const idle = Float64Array.from(pathDelays(path, context.pick(20_000, 100_000, 1_000_000))).sort();
    /** What it carries when frames come one by one. */
    const capacity = 1e6 / quantile(idle, 0.5);
    const rows: Row[] = [];
    const add = (load: string, perSecond: number | null, cpu: Float64Array | null, wall: Float64Array): void => {
      for (const [percentile, q] of percentiles)
        rows.push({
          load,
          rate: perSecond,
          percentile,
          cpu: cpu && quantile(cpu, q),
          wall: quantile(wall, q),
        });
    };
    add(idleLoad, null, null, idle);
    for (const share of [0.1, 0.5, 0.9]) {
      const perSecond = capacity * share;
      underLoad(path, cpuClock, perSecond, 20_000);
      // As long at each load.
      const count = Math.max(10_000, Math.ceil(perSecond * context.pick(0.8, 3, 20)));
      const [cpu, wall] = [cpuClock, wallClock].map((clock) => {
        context.progress(`at ${share * 100}% load, by ${clock === cpuClock ? "CPU" : "wall"} clock`);
        return underLoad(path, clock, perSecond, count);
      }) as [Float64Array, Float64Array];
      add(`${share * 100}% load`, perSecond, cpu, wall);
    }
    const of = (load: string, percentile: string, clock: "cpu" | "wall"): number =>
      rows.find((row) => row.load === load && row.percentile === percentile)?.[clock] as number;
    return {
      tables: [
        {
          name: "distribution",
          title: "Added delay, by load and percentile",
          columns: [
            { key: "load", title: "load" },
            { key: "rate", title: "frames a second", decimals: 0 },
            { key: "percentile", title: "percentile" },
            { key: "cpu", title: "by CPU clock", unit: "µs" },
            { key: "wall", title: "by wall clock", unit: "µs" },
          ],
          rows,
          chart: {
            kind: "line",
            x: "percentile",
            y: ["cpu"],
            by: "load",
            yTitle: "µs, by CPU clock",
            logY: true,
            marks: [{ name: "the paper: 45 µs", y: paperFigures.delayUs }],
          },
        },
      ],
      comparisons: [
        compare("delay of one frame, idle, median", "µs", of(idleLoad, "50", "wall"), paperFigures.delayUs, "less"),
        compare(
          "delay at half load, 99 of 100 within, by CPU clock",
          "µs",
          of("50% load", "99", "cpu"),
          paperFigures.delayUs,
          "less",
        ),
      ],
      notes: [
        `Loads are parts of ${Math.round(capacity).toLocaleString("en-US")} frames a second, what one core carries when they come one by one; in batches it carries far more.`,
      ],
    };
  } finally {
    await endAll(toolstack);
  }
}

export const delay: Experiment = {
  name: "delay",
  title: "delay, compared with other systems",
  paper: {
    measured: "The delay that a ClickOS VM adds to packets, beside dom0, KVM and a Linux guest.",
    found: "ClickOS adds little delay: 45 microseconds.",
    figures: [
      { text: "45 µs", source: sources.abstract },
      { text: "40 µs", source: sources.fosdem },
    ],
  },
  setup:
    "NIC → switch → VM → switch → NIC, frames of 64 bytes: one at a time through an idle path, then at random times (a Poisson process) at " +
    "10, 50 and 90% of what the path carries so. A frame’s delay runs from when it is due, so that waiting for its turn counts.",
  differs:
    "One thread polls everything, so that no wake-up is in the figures; the paper’s are of pings over a real wire. No kernel bridge and no " +
    "other hypervisor is measured beside it. Loads are measured twice: by the wall’s clock, where whatever else the machine does is in the " +
    "figures, and by the process’s CPU clock, which stands still meanwhile; what the engine’s own threads compute counts in it.",
  reading:
    "To the right are the slowest frames. A line that stays low to 99.9 and jumps at 99.99 shows pauses, of the machine or the collector.",
  run,
};
