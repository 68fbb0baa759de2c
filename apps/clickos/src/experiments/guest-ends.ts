/** Base transmit and receive: one guest that makes frames, or one that takes them. */
import { createSwitch, patch } from "@clickos/vale";
import type { Experiment, ExperimentContext, Result, Row } from "./experiment.ts";
import { batchOf, checkSequence, frameSizes, lineRateMpps, throughput, throughputColumns, udpFrame } from "./frames.ts";
import { attachNic, endAll, imageOf, localToolstack } from "./machines.ts";
import { sources } from "./sources.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

/** A source for a configuration: frames of so many bytes, with their check sequence, without end. */
export const endlessSource = (bytes: number): string =>
  `InfiniteSource(DATA \\<${hex(udpFrame(bytes - checkSequence))}>, BURST 32)`;

function resultOf(title: string, rows: readonly Row[]): Result {
  const slow = rows.find((row) => (row.line as number) < 100);
  return {
    tables: [
      {
        name: "lengths",
        title,
        columns: [
          { key: "bytes", title: "bytes" },
          ...throughputColumns,
          { key: "lineMpps", title: "10 GbE", unit: "Mpps" },
        ],
        rows,
        chart: { kind: "line", x: "bytes", y: ["mpps", "lineMpps"], yTitle: "Mpps", logX: true, logY: true },
      },
    ],
    comparisons: [],
    notes: [
      slow
        ? `With frames of ${slow.bytes} bytes a core reaches ${Math.round(slow.line as number)}% of the line’s rate.`
        : "One core is faster than the line with frames of each length.",
    ],
  };
}

async function transmit(context: ExperimentContext): Promise<Result> {
  const rows: Row[] = [];
  for (const bytes of frameSizes) {
    context.progress(`${bytes} bytes`);
    const toolstack = localToolstack(context.elements);
    try {
      const bridge = createSwitch({ name: "vale0", lookup: patch() });
      const wire = attachNic(bridge, 0);
      const image = await imageOf(`${endlessSource(bytes)} -> Queue(256) -> ToDevice(0)`, context.elements);
      await toolstack.create({ name: "source", image, vif: [{ bridge }] });
      const ns = await context.measure(() => {
        const before = wire.left;
        for (let i = 0; i < 8; i++) {
          toolstack.hypervisor.run();
          bridge.forward();
        }
        return wire.left - before;
      });
      rows.push({ bytes, ...throughput(ns, bytes, context.referenceNs), lineMpps: lineRateMpps(bytes) });
    } finally {
      await endAll(toolstack);
    }
  }
  return resultOf("A guest transmits: guest → switch → NIC", rows);
}

async function receive(context: ExperimentContext): Promise<Result> {
  const rows: Row[] = [];
  const image = await imageOf("FromDevice(0) -> c :: Counter -> Discard", context.elements);
  for (const bytes of frameSizes) {
    context.progress(`${bytes} bytes`);
    const toolstack = localToolstack(context.elements);
    try {
      const bridge = createSwitch({ name: "vale0", lookup: patch() });
      const { nic } = attachNic(bridge, 0);
      const vm = await toolstack.create({ name: "sink", image, vif: [{ bridge }] });
      const batch = batchOf([udpFrame(bytes - checkSequence)], 128);
      let [before, arrived] = [0, 0];
      const ns = await context.measure(() => {
        for (let i = 0; i < 16; i++) {
          arrived += nic.arrive(batch, 0);
          bridge.forward();
          toolstack.hypervisor.run();
        }
        const count = Number(vm.read("c.count"));
        const frames = count - before;
        before = count;
        return frames;
      });
      while (bridge.forward() > 0 || toolstack.hypervisor.run());
      if (Number(vm.read("c.count")) !== arrived)
        throw new Error(`${vm.read("c.count")} of ${arrived} frames reached the guest`);
      rows.push({ bytes, ...throughput(ns, bytes, context.referenceNs), lineMpps: lineRateMpps(bytes) });
    } finally {
      await endAll(toolstack);
    }
  }
  return resultOf("A guest receives: NIC → switch → guest", rows);
}

const paper = {
  found: "ClickOS reaches 10 Gb/s for almost all packet sizes.",
  figures: [{ text: "10 Gb/s for almost all packet sizes", source: sources.fosdem }],
};
const differs =
  "The NIC is a model of an 82599 whose wire has no rate: what is measured is how many frames a core could move. Guest, switch and NIC " +
  "share that core, where the paper’s have cores of their own. CPU time; lengths are with the check sequence.";
const reading = "The line’s rate is the second series: where the guest’s is above it, the wire would be full.";

export const tx: Experiment = {
  name: "tx",
  title: "base transmit",
  paper: { measured: "How fast a guest that makes frames sends them through switch and NIC, by length.", ...paper },
  setup:
    "A VM with InfiniteSource, Queue and ToDevice, patched to a NIC. Frames are counted where they leave on the wire.",
  differs,
  reading,
  run: transmit,
};
export const rx: Experiment = {
  name: "rx",
  title: "base receive",
  paper: { measured: "How fast a guest takes frames that come from the NIC, by length.", ...paper },
  setup: "Frames arrive at a NIC that is patched to a VM with FromDevice, Counter and Discard. Its Counter is read.",
  differs,
  reading,
  run: receive,
};
