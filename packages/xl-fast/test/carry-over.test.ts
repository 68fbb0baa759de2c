/** A saved VM under another element library. */
import { element, elementSet, packetRing } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { u32, u64 } from "@clickos/layout";
import { createToolstack } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";
import { bench, frame } from "./rig.ts";

const text = `FromDevice(0) -> c :: Counter -> q :: Queue(7) -> u :: Unqueue(ACTIVE false) -> ToDevice(1);
  t :: TimedSource(INTERVAL 1000s) -> d :: Discard`;

/** The fields that Queue's code uses in a virtual machine, in another order. */
const queueState = { highwater: u32, drops: u32, packets: packetRing(7), roomy: u32, emptied: u32 };

/** The same two classes in a later library: fields in another order, one more, one of another type. */
const Counter = element({
  name: "Counter",
  ports: "1/1",
  processing: "a/a",
  state: { since: u64, bytes: u32, count: u64 },
  handlers: { count: { counter: "count" }, byte_count: { counter: "bytes", unit: "bytes" } },
  action(_c, _packet, { state }) {
    state.count.inc();
  },
});
const later = {
  ...elements,
  ...elementSet(Counter, { ...elements.Queue!, state: () => queueState }),
};

async function saved(frames: number, edit: (memory: ArrayBufferLike, queue: number) => void = () => {}) {
  const b = bench(2, createToolstack({ elements }));
  const image = await linkImage({ file: "t.click", text }, { elements, name: "vm" });
  const vm = await b.xl.create({ name: "vm", image: image.bytes, vif: b.vif });
  b.ports[0]!.send(Array.from({ length: frames }, (_, i) => frame(i)));
  b.settle();
  expect([vm.read("c.count"), vm.read("q.length")]).toEqual([String(frames), String(frames)]);
  edit(vm.domain.memory.buffer, image.manifest.router.elements.find((e) => e.name === "q")!.state);
  return b.xl.save("vm");
}

describe("a saved VM that is compiled again", () => {
  it("keeps what both libraries have: counters, queued packets in order, and time", async () => {
    const bytes = await saved(5);
    const b = bench(2, createToolstack({ elements: later }));
    const vm = await b.xl.restore(bytes, { vif: b.vif, recompile: true });
    // The field of another type starts anew.
    expect([vm.read("c.count"), vm.read("c.byte_count"), vm.read("q.length")]).toEqual(["5", "0", "5"]);
    expect(vm.read("q.highwater_length")).toBe("5");
    b.settle();
    vm.write("u.active", "true");
    b.settle();
    expect(b.ports[1]!.receive()).toEqual(Array.from({ length: 5 }, (_, i) => frame(i)));
    b.ports[0]!.send([frame(9)]);
    b.settle();
    expect([vm.read("c.count"), b.ports[1]!.receive()]).toEqual(["6", [frame(9)]]);
    // Without being compiled again it runs as it was saved, and plain values are right as well.
    const c = bench(2, createToolstack({ elements: later }));
    const same = await c.xl.restore(bytes, { vif: c.vif });
    expect([same.read("c.count"), same.read("c.byte_count"), same.read("q.length")]).toEqual(["5", "300", "5"]);
  });

  it("is refused where a class is not there, by name", async () => {
    const { Counter: _, Queue: __, ...fewer } = elements;
    const b = bench(2, createToolstack({ elements: fewer }));
    await expect(b.xl.restore(await saved(1), { vif: b.vif, recompile: true })).rejects.toMatchObject({
      code: "OTHER_LIBRARY",
      message: "'vm' cannot be compiled here: there is no element class Counter, Queue",
    });
    expect(b.xl.list()).toEqual([]);
  });

  it("is not believed: packets that cannot be where the memory says", async () => {
    const bytes = await saved(3, (memory, queue) => new DataView(memory).setUint32(queue + 8, 0xfffff000, true));
    const b = bench(2, createToolstack({ elements }));
    await expect(b.xl.restore(bytes, { vif: b.vif, recompile: true })).rejects.toMatchObject({
      code: "BAD_FILE",
      message: "the state of 'vm' cannot be moved: there is no packet at 4294963200",
    });
    expect(b.xl.list()).toEqual([]);
  });
});
