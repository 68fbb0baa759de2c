/** The switch alone. */
import { createSwitch, type FrameBatch } from "@clickos/vale";
import {
  compare,
  type Experiment,
  type ExperimentContext,
  type Result,
  type ResultTable,
  type Row,
} from "./experiment.ts";
import { batchOf, checkSequence, endlessPort, frameSizes, throughput, throughputColumns, udpFrame } from "./frames.ts";
import { sources } from "./sources.ts";

const group = [255, 255, 255, 255, 255, 255];

/** Frames from station `from` to `to`, or to everybody. */
function frameFor(bytes: number, from: number, to: number | undefined): Uint8Array {
  const frame = udpFrame(bytes - checkSequence, { to: to ?? 0, from });
  if (to === undefined) frame.set(group);
  return frame;
}

/** A switch whose port p sends `batches[p]`, over and over. Everybody's address is known. */
function switchStep(batches: readonly (FrameBatch | null)[], copies = 1): () => number {
  const sw = createSwitch();
  // Thousands of ports share what they take frames into.
  const model = endlessPort("model", null);
  const speak = batches.map((_, p) => batchOf([frameFor(64, p, p)], 1));
  const polled: (FrameBatch | null)[] = [...speak];
  for (const p of batches.keys()) {
    const port = { ...model, name: `p${p}`, poll: () => polled[p] as FrameBatch | null };
    // A copy of an object has the values of its getters, not the getters.
    Object.defineProperty(port, "sink", { value: model.sink });
    sw.attach(port);
  }
  sw.forward();
  for (const [p, batch] of batches.entries()) polled[p] = batch;
  return () => {
    let moved = 0;
    for (let i = 0; i < 16; i++) moved += sw.forward();
    const { nobody, runt } = sw.stats.drops;
    if (nobody + runt > 0) throw new Error("the switch loses frames");
    return moved * copies;
  };
}

/** Port p sends to the next one. */
const toNext = (ports: number, bytes: number, burst: number): FrameBatch[] =>
  Array.from({ length: ports }, (_, p) => batchOf([frameFor(bytes, p, (p + 1) % ports)], burst));

const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const portCounts = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 4000];

async function run(context: ExperimentContext): Promise<Result> {
  const row = async (step: () => number, own: Row, bytes = 64): Promise<Row> => ({
    ...own,
    ...throughput(await context.measure(step), bytes, context.referenceNs),
  });
  context.progress("lengths of frames");
  const lengths: Row[] = [];
  for (const bytes of frameSizes) lengths.push(await row(switchStep(toNext(2, bytes, 256)), { bytes }, bytes));
  context.progress("frames in a batch");
  const bursts: Row[] = [];
  for (const burst of context.pick([1, 4, 16, 64, 256], batchSizes, batchSizes))
    bursts.push(await row(switchStep(toNext(2, 64, burst)), { burst }));
  context.progress("ports");
  const ports: Row[] = [];
  for (const count of context.pick([2, 16, 128, 1000], [2, 8, 32, 128, 512, 1000, 4000], [...portCounts]))
    ports.push(await row(switchStep(toNext(count, 64, 64)), { ports: count }));
  context.progress("who sends to whom");
  const shapes: Row[] = [];
  for (const n of context.pick([2, 8, 32], [2, 4, 8, 16, 32], [2, 4, 8, 16, 32, 64])) {
    const idle = Array.from({ length: n }, () => null);
    const toFirst = Array.from({ length: n }, (_, i) => batchOf([frameFor(64, i + 1, 0)], 64));
    const toAll = Array.from({ length: n }, (_, p) =>
      batchOf(
        Array.from({ length: n - 1 }, (_, k) => frameFor(64, p, (p + 1 + k) % n)),
        64,
      ),
    );
    shapes.push(
      await row(switchStep([batchOf([frameFor(64, 0, undefined)], 64), ...idle], n), { n, shape: "1 → n, broadcast" }),
      await row(switchStep([null, ...toFirst]), { n, shape: "n → 1" }),
      await row(switchStep(toAll), { n, shape: "all to all" }),
    );
  }
  const first = lengths[0] as Row;
  const lineTable = (table: Pick<ResultTable, "name" | "title" | "rows">, x: string, title: string): ResultTable => ({
    ...table,
    columns: [{ key: x, title }, ...throughputColumns],
    chart: { kind: "line", x, y: ["mpps"], yTitle: "Mpps", logX: true },
  });
  return {
    tables: [
      lineTable({ name: "lengths", title: "Two ports, by length of frame", rows: lengths }, "bytes", "bytes"),
      lineTable(
        { name: "batches", title: "Two ports, by frames in a batch", rows: bursts },
        "burst",
        "frames in a batch",
      ),
      lineTable({ name: "ports", title: "Each to the next, by ports", rows: ports }, "ports", "ports"),
      {
        name: "shapes",
        title: "Frames delivered, by who sends to whom",
        columns: [{ key: "n", title: "n, ports" }, { key: "shape", title: "who to whom" }, ...throughputColumns],
        rows: shapes,
        chart: { kind: "line", x: "n", y: ["mpps"], by: "shape", yTitle: "Mpps delivered", logX: true },
      },
    ],
    comparisons: [
      compare("frames of 64 bytes, two ports", "Mpps", first.mpps as number, 20, "more", "VALE’s manual’s"),
    ],
  };
}

export const switchAlone: Experiment = {
  name: "switch",
  title: "the switch, for one NIC and more",
  paper: {
    measured: "How many frames the software switch moves, by their length and by the number of ports.",
    found: "The back end of ClickOS is a VALE switch. The figure that we can cite is of VALE’s own manual.",
    figures: [
      { text: "almost 20 Mpps a core with short frames, about 70 Gb/s with 1,500 bytes", source: sources.vale },
    ],
  },
  setup:
    "A learning switch between ports in memory that always have frames and take all that come: what is measured is the lookup and one " +
    "copy for each frame that is delivered.",
  differs:
    "VALE is in the kernel and is called once a batch; ours is WebAssembly in a process. Lengths are with the check sequence.",
  reading:
    "Batches show what the switch does once a batch: the rate levels off where that no longer counts. Ports show what many of them cost in " +
    "caches. For broadcasts each copy counts as a frame.",
  run,
};
