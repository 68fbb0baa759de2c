/** The paper's middleboxes: the configurations of a folder, each in a VM. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSwitch, patch } from "@clickos/vale";
import { CommandError } from "../failure.ts";
import { readText } from "../files.ts";
import { compare, type Experiment, type ExperimentContext, type Result, type Row, SkippedError } from "./experiment.ts";
import {
  batchOf,
  checkSequence,
  endlessPort,
  type FrameOptions,
  throughput,
  throughputColumns,
  udpFrame,
} from "./frames.ts";
import { endAll, imageOf, localToolstack } from "./machines.ts";
import { paperFigures, sources } from "./sources.ts";

/** Where configurations are looked for, in this order: where the command was called, and in a clone of the repository. */
function folders(): string[] {
  const here = fileURLToPath(import.meta.url);
  const clone = here.slice(0, Math.max(0, here.lastIndexOf(join("apps", "clickos"))));
  return [join("examples", "middleboxes"), "examples", join(clone, "examples", "middleboxes"), join(clone, "examples")];
}

function configurations(): { folder: string; files: string[] } {
  for (const folder of folders()) {
    if (!existsSync(folder) || !statSync(folder).isDirectory()) continue;
    const files = readdirSync(folder)
      .filter((file) => file.endsWith(".click"))
      .sort();
    if (files.length > 0) return { folder, files };
  }
  throw new SkippedError(
    "there are no configurations here: run it in a clone of the repository, or in a folder that has examples/middleboxes",
  );
}

/** What comes to a middlebox, where it is not what comes to all others. */
const traffic: Readonly<Record<string, FrameOptions>> = {
  cgnat: { source: [100, 64, 0, 2] },
  "ddos-guard": { destination: [192, 0, 2, 10] },
};

/** What a VM does with frames that come on its first interface: CPU time for each, and how many leave it anywhere. */
async function measureOne(context: ExperimentContext, name: string, text: string, bytes: number): Promise<Row> {
  const image = await imageOf(text, context.elements);
  const toolstack = localToolstack(context.elements);
  try {
    const bridges = image.manifest.vifs.map(({ device }) => createSwitch({ name: `vale${device}`, lookup: patch() }));
    const [first] = bridges;
    if (!first) throw new CommandError("it has no interface");
    const options = traffic[name] ?? {};
    const source = options.source ?? [10, 0, 0, 2];
    // Sixty-four flows.
    const frames = Array.from({ length: 64 }, (_, i) =>
      udpFrame(bytes - checkSequence, {
        ...options,
        source: [...source.slice(0, 3), 2 + i],
        sourcePort: 1024 + i,
      }),
    );
    const batch = batchOf(frames, 128);
    const ends = bridges.map((bridge, i) => {
      const port = endlessPort(`wire${i}`, i === 0 ? batch : null);
      bridge.attach(port);
      return port;
    });
    const vm = await toolstack.create({ name: "box", image, vif: bridges.map((bridge) => ({ bridge })) });
    const port = vm.interfaces[0]?.port as string;
    const left = (): number => ends.reduce((sum, { taken }) => sum + taken, 0);
    const entered = (): number => first.stats.ports[port]?.outPackets ?? 0;
    const ns = await context.measure(() => {
      const before = entered();
      for (let i = 0; i < 4; i++) {
        for (const bridge of bridges) bridge.forward();
        toolstack.hypervisor.run();
      }
      return entered() - before;
    });
    if (vm.domain.crash) throw new CommandError("its VM has crashed");
    return { ...throughput(ns, bytes, context.referenceNs), passed: Math.min(100, (100 * left()) / entered()) };
  } finally {
    await endAll(toolstack);
  }
}

async function run(context: ExperimentContext): Promise<Result> {
  const { folder, files } = configurations();
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const file of files) {
    const name = basename(file, ".click");
    const text = readText(join(folder, file));
    for (const bytes of context.pick([64, 512], [64, 512, 1518], [64, 128, 256, 512, 1024, 1518])) {
      context.progress(`${name}, ${bytes} bytes`);
      try {
        rows.push({ middlebox: name, bytes: `${bytes} bytes`, ...(await measureOne(context, name, text, bytes)) });
      } catch (e) {
        if (
          !(e instanceof Error) ||
          !["ConfigurationError", "ImageError", "ToolstackError", "CommandError"].includes(e.name)
        )
          throw e;
        notes.push(`${name} is not measured: ${e.message.split("\n", 1)[0]}`);
        break;
      }
    }
  }
  const passing = rows.filter((row) => row.bytes === "512 bytes" && (row.passed as number) > 50);
  const slowest = passing.reduce<Row | undefined>(
    (least, row) => (least && (least.mpps as number) <= (row.mpps as number) ? least : row),
    undefined,
  );
  return {
    tables: [
      {
        name: "lengths",
        title: "Middleboxes: frames taken, by length",
        columns: [
          { key: "middlebox", title: "middlebox" },
          { key: "bytes", title: "bytes" },
          ...throughputColumns,
          { key: "passed", title: "frames out for each in", unit: "%", decimals: 0 },
        ],
        rows,
        chart: { kind: "bar", x: "middlebox", y: ["mpps"], by: "bytes", yTitle: "Mpps" },
      },
    ],
    comparisons: slowest
      ? [
          compare(
            `slowest of those that pass frames of 512 bytes (${slowest.middlebox})`,
            "Mpps",
            slowest.mpps as number,
            paperFigures.middleboxMpps,
            "more",
          ),
        ]
      : [],
    notes: [
      ...notes,
      "Where few frames leave, the figure is of refusing what the middlebox does not serve, or of what waits for an answer to its ARP query.",
    ],
  };
}

export const middleboxes: Experiment = {
  name: "middleboxes",
  title: "middleboxes",
  paper: {
    measured:
      "The throughput of middleboxes in one VM each, by length of packet: among them a firewall, a carrier-grade NAT, a load balancer.",
    found:
      "With packets of 512 bytes and more nearly all reach the line’s rate; with short ones they handle millions a second.",
    figures: [
      { text: "almost line rate, 2.3 Mp/s, for all at 512 bytes and more", source: sources.project },
      { text: "up to 5 Mp/s", source: sources.fosdem },
    ],
  },
  setup:
    "The configurations of examples/middleboxes, or of examples where that is not there, each in a VM. Frames of 64 UDP flows come on its " +
    "first interface without end; all interfaces are patched to ports that take what comes.",
  differs:
    "No NIC is in the path, and the traffic is the same for nearly all: what is not for a middlebox is refused there. Rates are of frames " +
    "that the VM takes, by CPU time of guest and switch together.",
  reading: "Bars of one middlebox are its rates by length. The table says how many frames leave for each that comes.",
  run,
};
