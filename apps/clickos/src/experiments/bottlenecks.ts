/** Where time goes: the split driver step by step. */
import type { VifMode } from "@clickos/netback";
import { createSwitch, patch } from "@clickos/vale";
import type { Experiment, ExperimentContext, Result, Row } from "./experiment.ts";
import { frameSizes, throughput, throughputColumns } from "./frames.ts";
import { attachNic, endAll, imageOf, localToolstack } from "./machines.ts";
import { pathStep } from "./path.ts";

const modes: readonly VifMode[] = ["baseline", "+grants", "+vale", "+batch"];

/** Frames that come at once: as many as each mode's rings have room for. */
const burst = 64;

async function run(context: ExperimentContext): Promise<Result> {
  const rows: Row[] = [];
  for (const mode of modes) {
    const image = await imageOf("FromDevice(0) -> ToDevice(1)", context.elements, mode);
    for (const bytes of frameSizes) {
      context.progress(`${mode}, ${bytes} bytes`);
      const toolstack = localToolstack(context.elements);
      try {
        const bridges = [0, 1].map((i) => createSwitch({ name: `vale${i}`, lookup: patch() })) as [
          ReturnType<typeof createSwitch>,
          ReturnType<typeof createSwitch>,
        ];
        const [input, output] = [attachNic(bridges[0], 0), attachNic(bridges[1], 1)];
        await toolstack.create({ name: "path", image, vif: bridges.map((bridge) => ({ bridge, mode })) });
        const step = pathStep({ hypervisor: toolstack.hypervisor, input, output, bridges }, bytes, burst);
        rows.push({ mode, bytes, ...throughput(await context.measure(step), bytes, context.referenceNs) });
      } finally {
        await endAll(toolstack);
      }
    }
  }
  const short = (mode: VifMode): number => rows.find((r) => r.mode === mode && r.bytes === 64)?.mpps as number;
  return {
    tables: [
      {
        name: "ladder",
        title: "NIC → switch → VM → switch → NIC, by how the interface moves frames",
        columns: [{ key: "mode", title: "mode" }, { key: "bytes", title: "bytes" }, ...throughputColumns],
        rows,
        chart: { kind: "line", x: "bytes", y: ["mpps"], by: "mode", yTitle: "Mpps", logX: true, logY: true },
      },
    ],
    comparisons: [],
    notes: [
      `With frames of 64 bytes all steps together are ${(short("+batch") / short("baseline")).toFixed(1)} times the baseline: ` +
        modes
          .slice(1)
          .map((mode, i) => `${mode} × ${(short(mode) / short(modes[i] as VifMode)).toFixed(2)}`)
          .join(", "),
    ],
  };
}

export const bottlenecks: Experiment = {
  name: "bottlenecks",
  title: "where time goes",
  paper: {
    measured:
      "What Xen’s network path costs as it is, and what each change gains: grants that stay mapped, a VALE switch with netmap rings, batches.",
    found: "We have no figure from a source that we could cite.",
    figures: [],
  },
  setup:
    "One VM that passes frames from one NIC to another. Its interfaces are in the mode of each step: `baseline` has netif rings, a grant " +
    "operation and an event a frame; `+grants` keeps grants mapped; `+vale` has netmap rings; `+batch` handles whole bursts.",
  differs:
    "The switch is ours in all modes, and the guest is compiled in all: the steps are those of the split driver alone. CPU time.",
  reading: "The distance between two lines is what a step gains. Both axes are logarithmic.",
  run,
};
