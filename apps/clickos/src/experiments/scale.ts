/** Many VMs that share a NIC. */
import { createSwitch } from "@clickos/vale";
import { compare, type Experiment, type ExperimentContext, type Result, type Row } from "./experiment.ts";
import { frameSizes, lineRateMpps, throughput, throughputColumns } from "./frames.ts";
import { endlessSource } from "./guest-ends.ts";
import { attachNic, endAll, imageOf, localToolstack } from "./machines.ts";
import { paperFigures, sources } from "./sources.ts";

/** Jain's index: 1 when all have the same, 1/n when one has everything (Jain, Chiu and Hawe, DEC-TR-301, 1984). */
export function fairness(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  return sum ** 2 / (shares.length * shares.reduce((a, b) => a + b * b, 0));
}

async function run(context: ExperimentContext): Promise<Result> {
  const rows: Row[] = [];
  const lengths = context.pick([64, 1518], [64, 512, 1518], [...frameSizes]);
  for (const bytes of lengths) {
    const image = await imageOf(`${endlessSource(bytes)} -> Queue(256) -> ToDevice(0)`, context.elements);
    for (const vms of context.pick([1, 10, 100], [1, 10, 100, 1000], [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])) {
      context.progress(`${vms} VMs, ${bytes} bytes`);
      const toolstack = localToolstack(context.elements);
      try {
        const bridge = createSwitch({ name: "vale0" });
        const wire = attachNic(bridge, 0);
        const made = await toolstack.createMany(
          Array.from({ length: vms }, (_, i) => ({
            name: `vm${i}`,
            image,
            // The frames of all have the same source, which is the NIC's side of nobody.
            vif: [{ bridge, antiSpoof: false, flood: false }],
          })),
        );
        const ports = made.map((vm) => {
          if (vm instanceof Error) throw vm;
          return vm.interfaces[0]?.port as string;
        });
        const ns = await context.measure(() => {
          const before = wire.left;
          for (let i = 0; i < 4; i++) {
            toolstack.hypervisor.run();
            bridge.forward();
          }
          return wire.left - before;
        });
        const { ports: counted } = bridge.stats;
        rows.push({
          bytes,
          vms,
          ...throughput(ns, bytes, context.referenceNs),
          fairness: fairness(ports.map((port) => counted[port]?.inPackets ?? 0)),
        });
      } finally {
        await endAll(toolstack);
      }
    }
  }
  const long = rows.findLast((row) => row.bytes === 1518 && row.vms === paperFigures.sharedVms) as Row;
  return {
    tables: [
      {
        name: "aggregate",
        title: "VMs that transmit through one NIC: all together",
        columns: [
          { key: "bytes", title: "bytes" },
          { key: "vms", title: "VMs" },
          ...throughputColumns,
          { key: "fairness", title: "Jain’s fairness", decimals: 4 },
        ],
        rows: rows.map((row) => ({ ...row, bytes: `${row.bytes} bytes` })),
        chart: {
          kind: "line",
          x: "vms",
          y: ["gbps"],
          by: "bytes",
          yTitle: "Gb/s on the wire",
          logX: true,
          logY: true,
          marks: [{ name: "10 GbE", y: paperFigures.sharedGbps }],
        },
      },
    ],
    comparisons: [
      compare(
        `${paperFigures.sharedVms} VMs share a NIC, frames of 1,518 bytes`,
        "Gb/s",
        long.gbps as number,
        paperFigures.sharedGbps,
        "more",
      ),
    ],
    notes: [`A line of 10 Gb/s carries ${lineRateMpps(64).toFixed(2)} million frames of 64 bytes a second.`],
  };
}

export const scale: Experiment = {
  name: "scale",
  title: "many VMs share a NIC",
  paper: {
    measured: "What up to a hundred VMs that share a NIC reach together, and whether each gets its part.",
    found: "Over a hundred VMs run at the same time while they saturate a pipe of 10 Gb/s.",
    figures: [{ text: "over 100 VMs, 10 Gb/s", source: sources.abstract }],
  },
  setup:
    "VMs that transmit as fast as they can, on one learning switch with one NIC. Fairness is Jain’s index over the frames that each VM has " +
    "sent: 1 says that all have sent the same.",
  differs:
    "One thread runs all VMs, the switch and the NIC, whose wire has no rate: 10 Gb/s is a mark, not a limit. CPU time.",
  reading: "A flat line says that many VMs lose nothing to one; where it falls, changing between them costs time.",
  run,
};
