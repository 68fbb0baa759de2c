/** Service chains: VMs in a row. */
import type { ElementSet } from "@clickos/click-core";
import { createSwitch, type FrameBatch, patch, type ValeSwitch } from "@clickos/vale";
import type { Toolstack } from "@clickos/xl-fast";
import type { Experiment, ExperimentContext, Result, Row } from "./experiment.ts";
import {
  addressText,
  batchOf,
  checkSequence,
  stationAddress,
  throughput,
  throughputColumns,
  udpFrame,
} from "./frames.ts";
import { attachNic, endAll, imageOf, localToolstack } from "./machines.ts";
import { quantile } from "./measure.ts";
import { type Path, pathDelays, pathStep } from "./path.ts";

/** VMs whose neighbours are joined by a switch of two ports each. */
export async function pipedChain(toolstack: Toolstack, elements: ElementSet, length: number): Promise<Path> {
  const bridges = Array.from({ length: length + 1 }, (_, i) => createSwitch({ name: `pipe${i}`, lookup: patch() }));
  const input = attachNic(bridges[0] as ValeSwitch, 0);
  const output = attachNic(bridges[length] as ValeSwitch, 1);
  const image = await imageOf("FromDevice(0) -> ToDevice(1)", elements);
  for (let i = 0; i < length; i++)
    await toolstack.create({
      name: `vm${i}`,
      image,
      vif: [{ bridge: bridges[i] as ValeSwitch }, { bridge: bridges[i + 1] as ValeSwitch }],
    });
  return { hypervisor: toolstack.hypervisor, input, output, bridges };
}

/** Stations of the chain through one switch: before the first VM, each VM, behind the last. */
const station = (place: number): number => place + 1;

/** VMs on one learning switch; each addresses its frames to the next one. */
async function switchedChain(toolstack: Toolstack, elements: ElementSet, length: number): Promise<Path> {
  const bridge = createSwitch({ name: "vale0" });
  const [input, output] = [attachNic(bridge, 0), attachNic(bridge, 1)];
  for (let i = 1; i <= length; i++) {
    const [own, next] = [station(i), station(i + 1)].map((n) => addressText(stationAddress(n)));
    const image = await imageOf(
      `FromDevice(0) -> Strip(14) -> EtherEncap(0x0800, ${own}, ${next}) -> ToDevice(0)`,
      elements,
    );
    await toolstack.create({ name: `vm${i}`, image, vif: [{ bridge, mac: own as string }] });
  }
  const path = { hypervisor: toolstack.hypervisor, input, output, bridges: [bridge] };
  // The switch learns where the end of the chain is when that speaks, to nobody; then where the VMs are, as they pass frames on.
  output.nic.arrive(batchFrom(station(length + 1)), 0);
  return path;
}

const batchFrom = (from: number): FrameBatch => batchOf([udpFrame(60, { to: from, from })], 1);

async function run(context: ExperimentContext): Promise<Result> {
  const { elements } = context;
  const rows: Row[] = [];
  for (const length of context.pick([1, 3, 5, 9], [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8, 9]))
    for (const [how, make] of [
      ["pipes", pipedChain],
      ["the switch", switchedChain],
    ] as const) {
      context.progress(`${length} VMs, by ${how}`);
      const toolstack = localToolstack(elements);
      try {
        const path = await make(toolstack, elements, length);
        const frame = udpFrame(64 - checkSequence, { to: station(1), from: station(0) });
        const delays = pathDelays(path, context.pick(500, 2000, 10_000), frame).sort((a, b) => a - b);
        const ns = await context.measure(pathStep(path, 64, 64, frame));
        rows.push({
          vms: length,
          how,
          ...throughput(ns, 64, context.referenceNs),
          delay: quantile(delays, 0.5),
          delay99: quantile(delays, 0.99),
        });
      } finally {
        await endAll(toolstack);
      }
    }
  const columns = [
    { key: "vms", title: "VMs" },
    { key: "how", title: "joined by" },
  ];
  return {
    tables: [
      {
        name: "throughput",
        title: "Frames of 64 bytes through a chain, by VMs",
        columns: [...columns, ...throughputColumns],
        rows,
        chart: { kind: "line", x: "vms", y: ["mpps"], by: "how", yTitle: "Mpps through the whole chain" },
      },
      {
        name: "delay",
        title: "Delay of one frame through a chain, by VMs",
        columns: [
          ...columns,
          { key: "delay", title: "median", unit: "µs" },
          { key: "delay99", title: "99 of 100 within", unit: "µs" },
        ],
        rows,
        chart: { kind: "line", x: "vms", y: ["delay"], by: "how", yTitle: "µs" },
      },
    ],
    comparisons: [],
  };
}

export const chain: Experiment = {
  name: "chain",
  title: "chaining",
  paper: {
    measured: "Throughput through a row of VMs on one host, each of which passes frames to the next.",
    found: "We have no figure from a source that we could cite.",
    figures: [],
  },
  setup:
    "One to nine VMs between two NICs. By pipes, a switch of two ports joins neighbours; by the switch, all are on one learning switch and " +
    "each addresses its frames to the next. Delays are of single frames through an idle chain.",
  differs: "All VMs run on one thread, one after another. Throughput in CPU time, delay in wall-clock time.",
  reading: "A rate that halves where VMs double says that a VM costs the same wherever in the chain it is.",
  run,
};
