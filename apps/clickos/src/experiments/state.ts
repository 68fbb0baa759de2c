/** Reading and writing state: handlers in process, and through the Xen store. */
import { createSwitch } from "@clickos/vale";
import type { Vm } from "@clickos/xl-fast";
import type { Experiment, ExperimentContext, Result, Row } from "./experiment.ts";
import { spreadPercent } from "./frames.ts";
import { endAll, imageOf, localToolstack } from "./machines.ts";

/** Operations between two looks at the clock. */
const burst = 64;

async function run(context: ExperimentContext): Promise<Result> {
  const { elements } = context;
  const toolstack = localToolstack(elements);
  const bridge = createSwitch({ name: "vale0" });
  const image = await imageOf("FromDevice(0) -> c :: Counter -> s :: Switch(0) -> ToDevice(0)", elements);
  const counts = context.pick([1, 10, 100], [1, 10, 100, 1000], [1, 10, 100, 1000, 10_000]);
  const rows: Row[] = [];
  try {
    for (const count of counts) {
      context.progress(`${count} VMs`);
      const running = toolstack.list().length;
      const configs = Array.from({ length: count - running }, (_, i) => ({
        name: `vm${running + i}`,
        image,
        vif: [{ bridge }],
      }));
      for (const made of await toolstack.createMany(configs)) if (made instanceof Error) throw made;
      const vms = toolstack.list().map(({ name }) => toolstack.get(name) as Vm);
      const root = (vm: Vm): string => `/local/domain/${vm.domain.id}/data/clickos/0`;
      const { store } = toolstack;
      const values = ["0", "-1"] as const;
      const value = (n: number): string => values[n & 1] as string;
      const ways: readonly { name: string; act: (vm: Vm, n: number) => void; later?: boolean }[] = [
        { name: "read, in process", act: (vm) => void vm.read("c.count") },
        { name: "write, in process", act: (vm, n) => vm.write("s.switch", value(n)) },
        {
          name: "read, through the store",
          act: (vm) => store.write(`${root(vm)}/control/read/c/count`, "read"),
          later: true,
        },
        {
          name: "write, through the store",
          act: (vm, n) => store.write(`${root(vm)}/elements/s/switch`, value(n)),
          later: true,
        },
      ];
      for (const { name: way, act, later } of ways) {
        let at = 0;
        /** The next VMs in turn, each once; from one round over all of them to the next, they get the other value. */
        const round = (most: number): Vm[] => {
          const part = vms.slice(at % vms.length, (at % vms.length) + most);
          const n = Math.floor(at / vms.length);
          for (const vm of part) act(vm, n);
          at += part.length;
          return part;
        };
        const step = later
          ? async (): Promise<number> => {
              const asked = round(burst);
              for (const vm of asked) await vm.settled();
              return asked.length;
            }
          : (): number => {
              let done = 0;
              while (done < burst) done += round(burst).length;
              return done;
            };
        const ns = await context.measure(step);
        const [some] = vms;
        if (way.startsWith("write") && some?.read("s.switch") !== value(Math.floor((at - 1) / vms.length)))
          throw new Error(`'${way}' has not set the switch`);
        rows.push({
          vms: count,
          way,
          us: ns.median / 1000,
          spread: spreadPercent(ns),
          rate: 1e9 / ns.median,
          ratio: ns.median / context.referenceNs,
        });
      }
    }
  } finally {
    await endAll(toolstack);
  }
  return {
    tables: [
      {
        name: "handlers",
        title: "Handlers of VMs in turn: time for each",
        columns: [
          { key: "vms", title: "VMs" },
          { key: "way", title: "what" },
          { key: "us", title: "time", unit: "µs" },
          { key: "spread", title: "spread", unit: "±%", decimals: 0 },
          { key: "rate", title: "in a second", decimals: 0 },
          { key: "ratio", title: "to the reference", decimals: 0 },
        ],
        rows,
        chart: { kind: "line", x: "vms", y: ["us"], by: "way", yTitle: "µs an operation", logX: true, logY: true },
      },
    ],
    comparisons: [],
  };
}

export const state: Experiment = {
  name: "state",
  title: "reading and writing state",
  paper: {
    measured:
      "How long the control plane takes to read an element’s state in a VM, and to insert state, through handlers.",
    found: "We have no figure from a source that we could cite.",
    figures: [],
  },
  setup:
    "VMs with a Counter and a Switch. The count is read and the switch is set: by the toolstack’s calls, and as ClickOS does it, by nodes " +
    "of the Xen store that domain 0 watches. One VM is the single case; many in turn are the bulk one.",
  differs: "The store is in the same process, so that no message crosses a socket. CPU time.",
  reading: "Each line is one way to reach a handler; where it rises to the right, VMs are in each other’s way.",
  run,
};
