/** What the paper left for the future: thousands of VMs, VMs made when packets come, long chains. */
import { createSwitch, learningBridge, steeredLookup } from "@clickos/vale";
import { createReactive } from "@clickos/xl-fast";
import { pipedChain } from "./chain.ts";
import { compare, type Experiment, type ExperimentContext, type Result, type Row } from "./experiment.ts";
import { checkSequence, udpFrame } from "./frames.ts";
import { endAll, imageOf, localToolstack } from "./machines.ts";
import { cpuNs, quantile } from "./measure.ts";
import { pathDelays, pathStep } from "./path.ts";
import { paperFigures, sources } from "./sources.ts";

/** VMs made at once, in parts. */
async function many(context: ExperimentContext): Promise<Row[]> {
  const toolstack = localToolstack(context.elements);
  try {
    const bridge = createSwitch({ name: "vale0" });
    const image = await imageOf("FromDevice(0) -> EtherMirror -> c :: Counter -> ToDevice(0)", context.elements);
    const rows: Row[] = [];
    const part = context.pick(250, 1000, 1000);
    for (let total = part; total <= context.pick(1000, 5000, 10_000); total += part) {
      context.progress(`VMs up to ${total}`);
      const [at, cpu] = [performance.now(), cpuNs()];
      const made = await toolstack.createMany(
        Array.from({ length: part }, (_, i) => ({ name: `vm${total - part + i}`, image, vif: [{ bridge }] })),
      );
      for (const vm of made) if (vm instanceof Error) throw vm;
      rows.push({
        vms: total,
        perSecond: (part * 1000) / (performance.now() - at),
        cpuUs: (cpuNs() - cpu) / 1000 / part,
      });
    }
    return rows;
  } finally {
    await endAll(toolstack);
  }
}

/** A VM for each of so many sources, with its first packet back. */
async function reactive(context: ExperimentContext): Promise<Row[]> {
  const rows: Row[] = [];
  for (const sources of context.pick([50, 200], [50, 200, 1000], [50, 200, 1000, 5000])) {
    context.progress(`reactive VMs, ${sources} sources`);
    const toolstack = localToolstack(context.elements);
    try {
      const bridge = createSwitch({ name: "vale0", lookup: steeredLookup(learningBridge()) });
      const users = bridge.attach("users");
      const rule = await createReactive(
        { toolstack, elements: context.elements },
        {
          name: "reactive",
          per: "source",
          configuration: { file: "mirror.click", text: "FromDevice(0) -> EtherMirror -> ToDevice(0)" },
          vif: [{ bridge, antiSpoof: false }],
          limit: sources,
          ratePerSecond: 1e6,
        },
      );
      const frame = (source: number): Uint8Array => {
        const bytes = udpFrame(64 - checkSequence);
        bytes.set([10, 0, source >> 8, source & 255], 26);
        return bytes;
      };
      const [at, cpu] = [performance.now(), cpuNs()];
      for (let sent = 0, back = 0; back < sources; ) {
        const some = Array.from({ length: Math.min(64, sources - sent) }, (_, i) => frame(sent + i));
        if (some.length > 0) sent += users.send(some);
        while (toolstack.hypervisor.run() || bridge.forward() > 0);
        back += users.receive().length;
        if (performance.now() - at > 120_000) throw new Error(`reactive VMs: ${back} of ${sources} packets came back`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      rows.push({
        sources,
        perSecond: (sources * 1000) / (performance.now() - at),
        cpuUs: (cpuNs() - cpu) / 1000 / sources,
      });
      await rule.close();
    } finally {
      await endAll(toolstack);
    }
  }
  return rows;
}

async function hops(context: ExperimentContext): Promise<Row[]> {
  const rows: Row[] = [];
  for (const length of context.pick([1, 10, 50], [1, 10, 50, 100], [1, 10, 50, 100, 200])) {
    context.progress(`${length} hops`);
    const toolstack = localToolstack(context.elements);
    try {
      const path = await pipedChain(toolstack, context.elements, length);
      const delays = pathDelays(path, context.pick(100, 500, 1000)).sort((a, b) => a - b);
      const ns = await context.measure(pathStep(path, 64, 64));
      rows.push({ hops: length, ns: ns.median, each: ns.median / length, delay: quantile(delays, 0.5) });
    } finally {
      await endAll(toolstack);
    }
  }
  return rows;
}

async function run(context: ExperimentContext): Promise<Result> {
  const made = await many(context);
  const wanted = await reactive(context);
  const far = await hops(context);
  const last = made.at(-1) as Row;
  return {
    tables: [
      {
        name: "many",
        title: "VMs created in a second, by how many run",
        columns: [
          { key: "vms", title: "VMs" },
          { key: "perSecond", title: "created in a second", decimals: 0 },
          { key: "cpuUs", title: "CPU time of each", unit: "µs", decimals: 0 },
        ],
        rows: made,
        chart: { kind: "line", x: "vms", y: ["perSecond"], yTitle: "VMs a second" },
      },
      {
        name: "reactive",
        title: "VMs that packets make: one for each source, with its packet back",
        columns: [
          { key: "sources", title: "sources at once" },
          { key: "perSecond", title: "in a second", decimals: 0 },
          { key: "cpuUs", title: "CPU time of each", unit: "µs", decimals: 0 },
        ],
        rows: wanted,
        chart: { kind: "bar", x: "sources", y: ["perSecond"], yTitle: "VMs a second" },
      },
      {
        name: "hops",
        title: "Long chains by pipes, frames of 64 bytes",
        columns: [
          { key: "hops", title: "VMs in a row" },
          { key: "ns", title: "time a frame", unit: "ns" },
          { key: "each", title: "for each VM", unit: "ns" },
          { key: "delay", title: "delay of one frame, median", unit: "µs" },
        ],
        rows: far,
        chart: { kind: "line", x: "hops", y: ["each"], yTitle: "ns a frame and VM" },
      },
    ],
    comparisons: [compare("VMs that run at the same time", "VMs", last.vms as number, paperFigures.sharedVms, "more")],
  };
}

export const future: Experiment = {
  name: "future",
  title: "future work",
  paper: {
    measured:
      "Nothing: it names what is to come, among it many more VMs, VMs created when traffic asks for them, and long chains.",
    found: "Over a hundred VMs run at the same time.",
    figures: [{ text: "over 100 VMs", source: sources.abstract }],
  },
  setup:
    "VMs created in bulk on one switch; a rule that makes a VM for each source when its first packet comes, and passes that packet to it; " +
    "chains of up to fifty VMs and more, joined by pipes.",
  differs: "There is nothing to differ from. Rates are by wall clock, and the chain’s time a frame is of the CPU.",
  reading: "Flat lines say that the next VM costs what the last one did.",
  run,
};
