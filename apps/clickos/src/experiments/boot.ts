/** Boot times: from a loaded image to the VM's first packet. */
import type { Image } from "@clickos/click-image";
import { createSwitch, type MemoryPort, type ValeSwitch } from "@clickos/vale";
import type { Toolstack, Vm } from "@clickos/xl-fast";
import { compare, type Experiment, type ExperimentContext, type Result, type Row, type Spread } from "./experiment.ts";
import { endAll, imageOf, localToolstack } from "./machines.ts";
import { spreadOf } from "./measure.ts";
import { paperFigures, sources } from "./sources.ts";

interface Rig {
  readonly toolstack: Toolstack;
  readonly bridge: ValeSwitch;
  readonly outside: MemoryPort;
  readonly image: Image;
}

/** Sends a VM a packet, which it sends back, and waits for it. */
function echo({ toolstack, bridge, outside }: Rig, vm: Vm): void {
  const frame = new Uint8Array(60);
  const mac = vm.interfaces[0]?.mac.split(":").map((part) => Number.parseInt(part, 16)) ?? [];
  frame.set([...mac, 2, 1, 1, 1, 1, 1, 8, 0]);
  outside.send([frame]);
  const end = performance.now() + 10_000;
  while (outside.pending === 0) {
    if (performance.now() > end) throw new Error(`VM '${vm.name}' does not send its packet back`);
    bridge.forward();
    toolstack.hypervisor.run();
  }
  outside.receive();
}

/** Boots some VMs beside those that run, and ends them; milliseconds of each, to its packet. */
async function bootSome(rig: Rig, count: number, phases?: Map<string, number[]>): Promise<Spread> {
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = performance.now();
    const vm = await rig.toolstack.create({ name: `measured${i}`, image: rig.image, vif: [{ bridge: rig.bridge }] });
    const created = performance.now();
    echo(rig, vm);
    const done = performance.now();
    samples.push(done - at);
    if (!phases) continue;
    for (const { name, us } of [...vm.timeline.phases, { name: "first packet", us: (done - created) * 1000 }])
      phases.set(name, [...(phases.get(name) ?? []), us]);
  }
  for (let i = 0; i < count; i++) rig.toolstack.destroy(`measured${i}`);
  return spreadOf(samples);
}

async function run(context: ExperimentContext): Promise<Result> {
  const { elements } = context;
  const most = context.pick(1000, 1000, 10_000);
  const each = context.pick(15, 25, 50);
  const toolstack = localToolstack(elements);
  const bridge = createSwitch({ name: "vale0" });
  const rig: Rig = {
    toolstack,
    bridge,
    outside: bridge.attach("outside"),
    image: await imageOf("FromDevice(0) -> EtherMirror -> c :: Counter -> ToDevice(0)", elements),
  };
  try {
    context.progress("the first VM");
    const first = await bootSome(rig, 1);
    // What the engine compiles on the way is not the VM's.
    await bootSome(rig, each);
    const phases = new Map<string, number[]>();
    const shellPhases = new Map<string, number[]>();
    const rows: Row[] = [];
    for (let number = 1; number <= most; number *= 10) {
      context.progress(`VM number ${number}`);
      // Those before it run.
      const before = Array.from({ length: number - 1 - toolstack.list().length }, (_, i) => ({
        name: `vm${toolstack.list().length + i}`,
        image: rig.image,
        vif: [{ bridge }],
      }));
      for (const made of await toolstack.createMany(before)) if (made instanceof Error) throw made;
      const plain = await bootSome(rig, each, number * 10 > most ? phases : undefined);
      await toolstack.keepShells({ count: each, image: rig.image });
      const shells = await bootSome(rig, each, number * 10 > most ? shellPhases : undefined);
      await toolstack.keepShells({ count: 0, image: rig.image });
      rows.push({
        number,
        plain: plain.median,
        plainLow: plain.low,
        plainHigh: plain.high,
        shells: shells.median,
        shellsLow: shells.low,
        shellsHigh: shells.high,
      });
    }
    const last = rows.at(-1) as Row;
    const phaseRows = (list: Map<string, number[]>, how: string): Row[] =>
      [...list].map(([phase, us]) => {
        const { median, low, high } = spreadOf(us);
        return { how, phase, us: median, low, high };
      });
    return {
      tables: [
        {
          name: "by-number",
          title: "Boot time by the number of VMs that run",
          columns: [
            { key: "number", title: "VM number" },
            { key: "plain", title: "from the image", unit: "ms" },
            { key: "plainLow", title: "least", unit: "ms" },
            { key: "plainHigh", title: "greatest", unit: "ms" },
            { key: "shells", title: "in a prebuilt shell", unit: "ms" },
            { key: "shellsLow", title: "least", unit: "ms" },
            { key: "shellsHigh", title: "greatest", unit: "ms" },
          ],
          rows,
          chart: {
            kind: "line",
            x: "number",
            y: ["plain", "shells"],
            yTitle: "ms to the first packet",
            logX: true,
            logY: true,
            marks: [{ name: "the paper: 30 ms", y: paperFigures.bootMs }],
          },
        },
        {
          name: "phases",
          title: `What VM number ${last.number} spends its boot time on`,
          columns: [
            { key: "how", title: "how" },
            { key: "phase", title: "phase" },
            { key: "us", title: "median", unit: "µs" },
            { key: "low", title: "least", unit: "µs" },
            { key: "high", title: "greatest", unit: "µs" },
          ],
          rows: [...phaseRows(phases, "from the image"), ...phaseRows(shellPhases, "in a prebuilt shell")],
          chart: { kind: "bar", x: "phase", y: ["us"], by: "how", yTitle: "µs" },
        },
      ],
      comparisons: [
        compare("boot, the first VM of the process", "ms", first.median, paperFigures.bootMs, "less"),
        compare(`boot, VM number ${last.number}`, "ms", last.plain as number, paperFigures.bootMs, "less"),
        compare("the same in a prebuilt shell", "ms", last.shells as number, paperFigures.bootMs, "less"),
      ],
    };
  } finally {
    await endAll(toolstack);
  }
}

export const boot: Experiment = {
  name: "boot",
  title: "boot times",
  paper: {
    measured: "How long it takes to create a ClickOS VM and have it forward packets, with an optimised toolstack.",
    found: "A VM boots in about 30 milliseconds.",
    figures: [{ text: "about 30 ms", source: sources.abstract }],
  },
  setup:
    "VMs of one image, which sends frames back to where they come from, on one learning switch. The clock runs from the creation of a VM " +
    "to the return of its first packet. VMs are measured with 0, 9, 99 … others running, each time once from the image and once in " +
    "shells: domains that were booted before anybody asked for them.",
  differs:
    "A VM is a WebAssembly module with a memory of its own, in one process, where the paper’s is a domain of Xen. The image is linked " +
    "before; V8 compiles its code once for all VMs of it, except for the first VM of the process. Wall-clock time.",
  reading: "A flat line says that a VM boots as fast beside many others as alone. Both axes are logarithmic.",
  run,
};
