import { linkImage } from "@clickos/click-image";
import { type VifMode, vifModes } from "@clickos/netback";
import { describe, expect, it, vi } from "vitest";
import { bench, elements, frame, shell } from "./rig.ts";

const modes = Object.keys(vifModes) as VifMode[];

describe("a compiled guest's interfaces", () => {
  for (const rx of modes)
    for (const tx of modes)
      it(`work in mode ${rx} in, ${tx} out`, async () => {
        const b = bench(2);
        const vif = b.vif.map((v, i) => ({ ...v, mode: i === 0 ? rx : tx }));
        const vm = await shell(b, "FromDevice(0) -> c :: Counter -> Queue(400) -> ToDevice(1)", { vif });
        let n = 0;
        for (let round = 0; round < 10; round++) {
          const sent = Array.from({ length: 1 + ((round * 7) % 50) }, () => frame(n++, 2, 60 + ((n * 37) % 1400)));
          b.ports[0]!.send(sent);
          b.settle();
          expect(b.ports[1]!.receive()).toEqual(sent);
        }
        expect([vm.read("c.count"), vm.drops(), vm.domain.crash]).toEqual([String(n), [], undefined]);
        for (const v of vm.vifs) expect(Object.values(v.drops!).filter((d) => d > 0)).toEqual([]);
      });

  it("go on after a save and restore in every mode", async () => {
    for (const mode of modes) {
      const a = bench(2);
      const vif = (b: typeof a) => b.vif.map((v) => ({ ...v, mode }));
      const vm = await shell(a, "FromDevice(0) -> q :: Queue(100) -> u :: Unqueue(ACTIVE true) -> ToDevice(1)", {
        vif: vif(a),
      });
      a.ports[0]!.send(Array.from({ length: 40 }, (_, i) => frame(i)));
      a.settle();
      expect(a.ports[1]!.receive()).toHaveLength(40);
      vm.write("u.active", "false");
      a.ports[0]!.send(Array.from({ length: 10 }, (_, i) => frame(i)));
      a.settle();
      const b = bench(2);
      const back = await b.xl.restore(await a.xl.save("vm"), { vif: vif(b) });
      back.write("u.active", "true");
      b.ports[0]!.send(Array.from({ length: 30 }, (_, i) => frame(10 + i)));
      b.settle();
      expect(b.ports[1]!.receive()).toEqual(Array.from({ length: 40 }, (_, i) => frame(i)));
    }
  });

  it("keep to their rates: a batch may go over, and is paid for in the periods that follow", async () => {
    const seconds = (n: number): void => void clock.mockReturnValue(n * 1000);
    const clock = vi.spyOn(performance, "now");
    try {
      seconds(0);
      const b = bench(2);
      // A hundred frames of 60 bytes a minute.
      await shell(b, "FromDevice(0) -> Queue(400) -> ToDevice(1)", {
        vif: b.vif.map((v) => ({ ...v, rate: "6000,60000000" })),
      });
      const [first, second] = [0, 200].map((from) => Array.from({ length: 200 }, (_, i) => frame(from + i)));
      b.ports[0]!.send(first!);
      b.settle();
      expect(b.ports[1]!.receive()).toEqual(first);
      b.ports[0]!.send(second!);
      const passed = [59.9, 60, 119.9, 120, 239.9, 240].map((at) => {
        seconds(at);
        b.settle();
        return b.ports[1]!.receive();
      });
      expect(passed.map((frames) => frames.length)).toEqual([0, 0, 0, 200, 0, 0]);
      expect(passed[3]).toEqual(second);
    } finally {
      clock.mockRestore();
    }
  });

  it("are refused when an image has other rings than the mode needs", async () => {
    const b = bench(1);
    const image = await linkImage({ file: "x", text: "FromDevice(0) -> Discard" }, { elements, name: "x" });
    const vif = b.vif.map((v) => ({ ...v, mode: "baseline" as const }));
    await expect(b.xl.create({ name: "x", image, vif })).rejects.toMatchObject({ code: "BAD_VIFS" });
    const rate = b.vif.map((v) => ({ ...v, rate: "quick" }));
    await expect(b.xl.create({ name: "x", image, vif: rate })).rejects.toThrow("'quick' is no rate");
    const standard = await linkImage(
      { file: "x", text: "FromDevice(0) -> Discard" },
      { elements, name: "x", rings: { 0: "netif" } },
    );
    await b.xl.create({ name: "x", image: standard, vif });
  });
});
