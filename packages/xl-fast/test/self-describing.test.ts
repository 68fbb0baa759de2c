import { element, elementSet, HandlerError } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { u32, u64 } from "@clickos/layout";
import { createToolstack } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";
import { bench, frame } from "./rig.ts";

const text = `FromDevice(0) -> c :: Counter -> Paint(1) -> Discard; Idle -> f :: IPFilter(allow all) -> Discard;
  t :: TimedSource(1000) -> q :: Queue(7) -> u :: Unqueue(ACTIVE false) -> Discard`;
const image = await linkImage({ file: "t.click", text }, { elements, name: "vm" });

/** As a later library might have it: the state's fields in another order, and one more. */
const Counter = element({
  name: "Counter",
  ports: "1/1",
  processing: "a/a",
  state: { since: u64, bytes: u64, marks: u32, count: u64 },
  handlers: {
    count: { counter: "count" },
    byte_count: { counter: "bytes", unit: "bytes" },
    reset: {
      write: (s) => {
        s.count = 0n;
        s.bytes = 0n;
      },
    },
  },
  action(_c, packet, { state }) {
    state.count.inc();
    state.bytes.set(state.bytes.get().add(packet.length.toI64()));
  },
});

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (e) {
    if (e instanceof HandlerError) return `${e.code}: ${e.message}`;
    throw e;
  }
  return "";
};

async function running(library: typeof elements) {
  const b = bench(1, createToolstack({ elements: library }));
  const vm = await b.xl.create({ name: "vm", image: image.bytes, vif: b.vif });
  b.ports[0]!.send([frame(0), frame(1), frame(2)]);
  b.settle();
  return { ...b, vm };
}

describe("handlers of a VM whose image another element library made", () => {
  it("give plain values, and refuse by name what needs the code of a class that differs", async () => {
    const { vm, settle } = await running({ ...elements, ...elementSet(Counter) });
    expect([vm.read("c.count"), vm.read("c.byte_count"), vm.read("q.length")]).toEqual(["3", "180", "0"]);
    expect(refusal(() => vm.write("c.reset", ""))).toBe(
      "OTHER_LIBRARY: c.reset: it needs the code of Counter, and the image 'vm' was built with another version of that class",
    );
    expect(vm.read("c.count")).toBe("3");
    // Classes that are the same are used.
    vm.write("u.active", "true");
    settle();
    expect([vm.read("u.active"), vm.read("f.program")]).toEqual([
      "true",
      "all->[0]\nsafe length 0\nalignment offset 0\n",
    ]);
  });

  it("do without any library", async () => {
    const { vm } = await running({});
    const tree = vm.handlers();
    expect([vm.read("c.count"), vm.read("c.class"), vm.read("q.capacity")]).toEqual(["3", "Counter", "7"]);
    expect(vm.read("c.ports")).toBe("1 input\npush~\t-\tFromDevice@1 [0]\n1 output\npush~\t-\t[0] Paint@3\n");
    expect([vm.read("u.scheduled"), vm.read("u.active")]).toEqual(["false", "false"]);
    vm.write("u.tickets", "7");
    expect(vm.read("u.tickets")).toBe("7");
    expect(refusal(() => vm.write("u.scheduled", "true"))).toBe("NOT_WRITABLE: no 'u.scheduled' write handler");
    expect(vm.read("u.handlers")).toMatch(
      /^tickets\trw\nscheduled\tr\n[\s\S]*\nhandlers\tr\.\nports\tr\.\nconfig\tr\.\nclass\tr\.\nname\tr\.\n$/,
    );
    expect(tree.list("c.*").sort()).toEqual(
      "bit_rate byte_count byte_count_call byte_rate class config count count_call handlers name ports rate reset reset_counts"
        .split(" ")
        .map((h) => `c.${h}`),
    );
    expect(tree.describe("q.length")).toMatchObject({ kind: "gauge", unit: "packets", access: "r" });
    expect(refusal(() => vm.read("f.program"))).toMatch(/^OTHER_LIBRARY: f\.program: it needs the code of IPFilter/);
    expect(refusal(() => vm.read("c.nothing"))).toBe("NO_HANDLER: no 'c.nothing' read handler");
    expect(vm.drops()).toEqual([]);
  });

  it("leave out what cannot be checked, and say so by the handler's name", async () => {
    const { Unqueue: _, ...fewer } = elements;
    const { vm } = await running(fewer);
    // IPFilter is the same, and counts drops of its own; the configuration has a class that is not here.
    expect([vm.read("c.count"), vm.drops()]).toEqual(["3", []]);
    expect(refusal(() => vm.read("f.program"))).toBe(
      "OTHER_LIBRARY: f.program: it needs code, and the configuration of the image 'vm' cannot be checked with the element library that is here",
    );
  });

  it("are not believed when the image names handlers that its classes do not have", async () => {
    const { manifest } = image;
    const names = ["constructor", "__proto__", "toString"];
    const made = names.map((name) => ({ path: `c.${name}`, access: "rw", kind: "text" }) as const);
    const lying = { ...image, manifest: { ...manifest, handlers: [...manifest.handlers, ...made] } };
    const b = bench(1, createToolstack({ elements }));
    const vm = await b.xl.create({ name: "vm", image: lying, vif: b.vif });
    for (const name of names) {
      expect(refusal(() => vm.read(`c.${name}`))).toMatch(/^NO_HANDLER: c\./);
      expect(refusal(() => vm.write(`c.${name}`, "1"))).toMatch(/^NO_HANDLER: c\./);
    }
  });

  it("run nothing of the elements for plain values", async () => {
    const untouchable = Object.fromEntries(
      Object.entries(elements).map(([name, cls]) => [
        name,
        {
          ...cls,
          prepare() {
            throw new Error(`${name} is prepared`);
          },
        },
      ]),
    );
    const { vm } = await running(untouchable);
    expect([vm.read("c.count"), vm.read("f.config"), vm.read("u.active")]).toEqual(["3", "allow all", "false"]);
    expect(() => vm.read("f.program")).toThrow("is prepared");
  });
});

it("a handler of a VM is watched", async () => {
  const { vm, ports, settle } = await running(elements);
  const tree = vm.handlers();
  const values: string[] = [];
  let watch!: Disposable;
  await new Promise<void>((resolve) => {
    watch = tree.watch("c.count", (value) => {
      values.push(value);
      if (value === "5") resolve();
    });
    ports[0]!.send([frame(3), frame(4)]);
    settle();
  });
  vm.write("c.reset", "");
  expect(values).toEqual(["5", "0"]);
  watch[Symbol.dispose]();
  vm.write("c.reset", "");
});
