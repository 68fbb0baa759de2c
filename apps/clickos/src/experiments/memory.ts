/** Memory: what an image consists of, and what a VM that runs takes. */

import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createSwitch } from "@clickos/vale";
import { compare, type Experiment, type ExperimentContext, type Result, type Row } from "./experiment.ts";
import { endAll, imageOf, localToolstack } from "./machines.ts";
import { paperFigures, sources } from "./sources.ts";

/** Of a WebAssembly module, by their numbers: the core specification, section 5.5. */
const sectionNames: Readonly<Record<number, string>> = {
  1: "types",
  2: "imports",
  3: "functions",
  5: "memory",
  7: "exports",
  10: "code",
  11: "data",
  12: "data count",
};

/** Sections that are told by themselves. */
const others = "all others";
const shownParts: readonly string[] = ["code", "data", "clickos.manifest", "name", others];

/** Bytes of a module by section, with their headers; custom sections by name. */
export function sectionSizes(module: Uint8Array): Map<string, number> {
  const sizes = new Map([["header", 8]]);
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  while (at < module.length) {
    const start = at;
    const id = module[at++] as number;
    const end = number() + at;
    let name = sectionNames[id] ?? `section ${id}`;
    if (id === 0) {
      const length = number();
      name = new TextDecoder().decode(module.subarray(at, at + length));
    }
    sizes.set(name, (sizes.get(name) ?? 0) + end - start);
    at = end;
  }
  return sizes;
}

/** Resident bytes of the process, garbage gone. */
async function resident(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    // The engine gives back the memory of what it has collected on threads of its own.
    await pause(50);
  }
  return process.memoryUsage.rss();
}

const images: readonly [string, string][] = [
  ["wire", "FromDevice(0) -> ToDevice(0)"],
  ["mirror", "FromDevice(0) -> EtherMirror -> c :: Counter -> ToDevice(0)"],
  [
    "firewall",
    "FromDevice(0) -> Strip(14) -> CheckIPHeader -> IPFilter(allow udp dst port 53, allow tcp dst port 80 or 443, deny all) -> Unstrip(14) -> ToDevice(1)",
  ],
  [
    "NAT",
    "FromDevice(0) -> MarkIPHeader(14) -> [0] n :: IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop); FromDevice(1) -> MarkIPHeader(14) -> [1] n; n [0] -> ToDevice(1); n [1] -> ToDevice(0)",
  ],
];

async function run(context: ExperimentContext): Promise<Result> {
  const { elements } = context;
  context.progress("images");
  const parts: Row[] = [];
  const totals: Row[] = [];
  for (const [name, text] of images) {
    const { bytes, manifest } = await imageOf(text, elements);
    const sizes = new Map(shownParts.map((part) => [part, 0]));
    for (const [section, size] of sectionSizes(bytes)) {
      const part = sizes.has(section) ? section : others;
      sizes.set(part, (sizes.get(part) ?? 0) + size);
    }
    for (const [part, size] of sizes) parts.push({ image: name, part, kib: size / 1024 });
    totals.push({ image: name, kib: bytes.length / 1024, memory: (manifest.router.pages * 65536) / 1024 });
  }
  const toolstack = localToolstack(elements);
  const bridge = createSwitch({ name: "vale0" });
  const image = await imageOf((images[1] as readonly [string, string])[1], elements);
  const rows: Row[] = [];
  try {
    // Code that is compiled on the way is not the VMs'.
    for (let i = 0; i < 30; i++) await toolstack.create({ name: `warm${i}`, image, vif: [{ bridge }] });
    for (let i = 0; i < 30; i++) toolstack.destroy(`warm${i}`);
    const before = await resident();
    for (const count of context.pick([50, 100, 300], [10, 100, 1000], [10, 100, 1000, 10_000])) {
      context.progress(`${count} VMs`);
      const running = toolstack.list().length;
      const made = await toolstack.createMany(
        Array.from({ length: count - running }, (_, i) => ({ name: `vm${running + i}`, image, vif: [{ bridge }] })),
      );
      for (const vm of made) if (vm instanceof Error) throw vm;
      while (toolstack.hypervisor.run());
      const bytes = (await resident()) - before;
      rows.push({ vms: count, mib: bytes / 2 ** 20, each: bytes / 1024 / count });
    }
  } finally {
    await endAll(toolstack);
  }
  const last = rows.at(-1) as Row;
  return {
    tables: [
      {
        name: "resident",
        title: "Resident memory by the number of VMs",
        columns: [
          { key: "vms", title: "VMs" },
          { key: "mib", title: "all of them", unit: "MiB" },
          { key: "each", title: "each", unit: "KiB" },
        ],
        rows,
        chart: {
          kind: "line",
          x: "vms",
          y: ["each"],
          yTitle: "KiB resident for each VM",
          logX: true,
          logY: true,
          marks: [{ name: "the paper: 5 MB", y: (paperFigures.imageMB * 1e6) / 1024 }],
        },
      },
      {
        name: "images",
        title: "Images, and the memory that they ask for",
        columns: [
          { key: "image", title: "image" },
          { key: "kib", title: "image", unit: "KiB" },
          { key: "memory", title: "memory of its VM", unit: "KiB", decimals: 0 },
        ],
        rows: totals,
      },
      {
        name: "parts",
        title: "Images by part",
        columns: [
          { key: "image", title: "image" },
          { key: "part", title: "part" },
          { key: "kib", title: "size", unit: "KiB" },
        ],
        rows: parts,
        chart: { kind: "bar", x: "image", y: ["kib"], by: "part", yTitle: "KiB", stacked: true },
      },
    ],
    comparisons: [
      compare(
        "image of a VM that sends frames back",
        "MB",
        ((totals[1] as Row).kib as number) * 1.024e-3,
        paperFigures.imageMB,
        "less",
      ),
      compare(
        `resident, each of ${last.vms} VMs`,
        "MB",
        (last.each as number) * 1.024e-3,
        paperFigures.imageMB,
        "less",
      ),
    ],
    notes: [
      "What the process itself takes, Node and the compiler, is there once and not counted: the figures are what VMs add to it.",
    ],
  };
}

export const memory: Experiment = {
  name: "memory",
  title: "memory footprint",
  paper: {
    measured: "The size of a ClickOS image, and the memory that a VM takes.",
    found: "VMs are small: 5 MB.",
    figures: [{ text: "5 MB", source: sources.abstract }],
  },
  setup:
    "Images of four configurations, by the sections of their WebAssembly modules. Then VMs that send frames back, on one switch, idle: " +
    "what the process has resident beyond what it had before, after the garbage collector ran.",
  differs:
    "A VM’s memory is reserved whole and becomes resident as its pages are touched; the code of an image is compiled once and shared by its VMs.",
  reading: "The line falls where what VMs share is divided by more of them. Both axes are logarithmic.",
  run,
};
