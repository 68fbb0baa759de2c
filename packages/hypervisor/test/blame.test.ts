/** Who is to blame for the end of a thread: the domain whose slice had begun, not one that was only asked whether it may run. */
import { expect, it } from "vitest";
import type { GuestContext } from "../src/guest-context.ts";
import { Machine, pcpuWord } from "../src/machine.ts";
import { Pcpu } from "../src/pcpu.ts";
import { PcpuThreadSet } from "../src/pcpu-threads.ts";

const never = (): never => {
  throw new Error("not in this test");
};
const slot = 4;

it.each([
  [true, [-5, 5, 0], 1],
  [false, [-5, 0], 0],
] as const)("a pCPU shows whom it asks and whom it runs; may it run: %s", (may, shown, slices) => {
  const seen: number[] = [];
  const look = (): void => void seen.push(Atomics.load(machine.words, machine.at(1, pcpuWord.current)));
  class Watched extends Machine {
    override claim(id: number): ReturnType<Machine["claim"]> {
      look();
      return super.claim(id);
    }
  }
  const machine = new Watched();
  const pcpu = new Pcpu(machine, 1, () => 0n, { halted: never, crashed: never });
  const guest = {
    run() {
      look();
      return "idle" as const;
    },
  };
  const context = { id: 9, timer: 0n, consoleDrain() {} } as unknown as GuestContext;
  pcpu.add({ slot, context, guest, timeOffset: 0n }, { weight: 256, cap: 0 });
  machine.setPlace(9, { pcpu: 1, slot });
  machine.setMayRun(9, true);
  machine.wake(9);
  // One that was woken before it was paused is come to, and does not run.
  machine.setMayRun(9, may);
  expect(pcpu.pass()).toBe(may);
  look();
  expect(seen).toEqual(shown);
  expect(Atomics.load(machine.words, machine.at(1, pcpuWord.slices))).toBe(slices);
});

it.each([
  [-5, -1],
  [0, -1],
  [5, slot],
])("a thread that ends when it shows %i is the fault of slot %i", async (current, blamed) => {
  const machine = new Machine();
  let end = (): void => {};
  const lost = await new Promise<number>((resolve) => {
    const threads = new PcpuThreadSet(
      machine,
      {
        count: 1,
        spawn(_index, _machine, on) {
          on.message({ op: "ready" });
          end = () => on.exit("ended from outside");
          return { post() {}, poll() {}, terminate: async () => {} };
        },
      },
      1000,
      {
        started: never,
        crashed: never,
        halted: never,
        call: never,
        lost(_pcpu, slot) {
          resolve(slot);
          void threads.close();
          return true;
        },
        fresh() {},
        failed: never,
      },
    );
    Atomics.store(machine.words, machine.at(1, pcpuWord.current), current);
    end();
  });
  expect(lost).toBe(blamed);
});
