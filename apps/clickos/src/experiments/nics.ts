/** Several NICs. */
import { createSwitch, patch } from "@clickos/vale";
import type { Experiment, ExperimentContext, Result, Row } from "./experiment.ts";
import { throughput, throughputColumns } from "./frames.ts";
import { attachNic, endAll, imageOf, localToolstack } from "./machines.ts";
import { pathStep } from "./path.ts";

async function run(context: ExperimentContext): Promise<Result> {
  const rows: Row[] = [];
  const image = await imageOf("FromDevice(0) -> ToDevice(0)", context.elements);
  for (const bytes of context.pick([64, 1518], [64, 512, 1518], [64, 128, 256, 512, 1024, 1518]))
    for (let count = 1; count <= 6; count++) {
      context.progress(`${count} NICs, ${bytes} bytes`);
      const toolstack = localToolstack(context.elements);
      try {
        const steps: (() => number)[] = [];
        for (let i = 0; i < count; i++) {
          const bridge = createSwitch({ name: `vale${i}`, lookup: patch() });
          const nic = attachNic(bridge, i);
          await toolstack.create({ name: `vm${i}`, image, vif: [{ bridge }] });
          const { hypervisor } = toolstack;
          steps.push(pathStep({ hypervisor, input: nic, output: nic, bridges: [bridge, bridge] }, bytes));
        }
        const ns = await context.measure(() => steps.reduce((frames, step) => frames + step(), 0));
        rows.push({ bytes: `${bytes} bytes`, nics: count, ...throughput(ns, bytes, context.referenceNs) });
      } finally {
        await endAll(toolstack);
      }
    }
  return {
    tables: [
      {
        name: "aggregate",
        title: "All NICs together, by their number",
        columns: [{ key: "bytes", title: "bytes" }, { key: "nics", title: "NICs" }, ...throughputColumns],
        rows,
        chart: { kind: "line", x: "nics", y: ["gbps"], by: "bytes", yTitle: "Gb/s out and in, each" },
      },
    ],
    comparisons: [],
  };
}

export const nics: Experiment = {
  name: "nics",
  title: "several NICs",
  paper: {
    measured: "What a host with several 10 GbE NICs forwards when each NIC has a VM of its own.",
    found: "We have no figure from a source that we could cite.",
    figures: [],
  },
  setup: "One to six NIC models, each patched to a VM that sends each frame back out of the same NIC.",
  differs: "One thread serves all of them: more NICs share one core, where the paper gives them cores. CPU time.",
  reading: "A flat line says that a core’s work is the same however many NICs it is for.",
  run,
};
