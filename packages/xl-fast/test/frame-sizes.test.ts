import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { ringsOf, type VifMode, vifModes } from "@clickos/netback";
import { createSwitch, FrameBatch, type Port, patch } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";

/** What an interface without an MTU carries. */
const limit = 2032;
const sizes = Array.from({ length: 2100 - 13 }, (_, i) => 14 + i);

/** A port that sends frames of any size and remembers the sizes that it gets; a frame is of bytes of its size. */
function anySize(name: string, headers = 0): Port & { headers: number; next: number; got: number[]; wrong: number } {
  const batch = new FrameBatch(new ArrayBuffer(4096));
  return {
    name,
    headers,
    next: 0,
    got: [],
    wrong: 0,
    poll() {
      if (this.next === 0) return null;
      batch.memory.bytes.fill(this.next & 255);
      batch.lengths[0] = this.next;
      batch.count = 1;
      this.next = 0;
      return batch;
    },
    release() {},
    deliver(from, list, count) {
      for (let k = 0; k < count; k++) {
        const i = list[k] as number;
        const [at, length] = [from.offsets[i] as number, from.lengths[i] as number];
        // What is behind the headers that were put before it, if it had any.
        const frame = from.memory.bytes.subarray(at + this.headers, at + length);
        if (frame.some((b) => b !== ((length - this.headers) & 255))) this.wrong++;
        this.got.push(length);
      }
      return count;
    },
    flush() {},
  };
}

describe("frames of 14 to 2,100 bytes through a compiled VM", () => {
  for (const mode of Object.keys(vifModes) as VifMode[])
    for (const headers of [0, 4])
      it(`arrive, or are counted by their reason, in mode ${mode}, with ${headers} headers put before them`, async () => {
        const xl = createToolstack({ elements });
        const encap = " -> EtherEncap(0x88b5, 2:0:0:0:0:1, 2:0:0:0:0:2)".repeat(headers);
        const text = `FromDevice(0) -> c :: Counter${encap} -> ToDevice(1)`;
        const rings = { 0: ringsOf(mode), 1: ringsOf(mode) };
        const image = await linkImage({ file: "t.click", text }, { elements, name: "t", rings });
        const bridges = [0, 1].map((i) => createSwitch({ name: `br${i}`, lookup: patch() }));
        const [from, to] = bridges.map((bridge, i) => bridge.attach(anySize(`outside${i}`, headers * 14))) as [
          ReturnType<typeof anySize>,
          ReturnType<typeof anySize>,
        ];
        const vm = await xl.create({ name: "vm", image, vif: bridges.map((bridge) => ({ bridge, mode })) });
        const settle = (): void => {
          for (let busy = true; busy; ) {
            busy = xl.hypervisor.run();
            for (const b of bridges) while (b.forward() > 0) busy = true;
          }
        };
        for (const size of sizes) {
          from.next = size;
          settle();
        }
        const taken = sizes.filter((s) => s <= limit);
        const sent = taken.map((s) => s + headers * 14);
        const carried = sent.filter((s) => s <= limit);
        expect(vm.read("c.count")).toBe(String(taken.length));
        expect([to.got, to.wrong]).toEqual([carried, 0]);
        expect(bridges[0]!.stats.ports[vm.vifs[0]!.name]).toMatchObject({
          tooLong: sizes.length - taken.length,
          noRoom: 0,
        });
        expect(Object.values(vm.vifs[0]!.drops!).every((n) => n === 0)).toBe(true);
        expect(Object.entries(vm.vifs[1]!.drops!).filter(([, n]) => n > 0)).toEqual(
          sent.length > carried.length ? [["transmit frame too long", sent.length - carried.length]] : [],
        );
        expect(vm.drops()).toEqual([]);
      });
});
