/** Who waits until a domain stands still: in every interleaving with the thread that runs it, it does. */
import { expect, it } from "vitest";
import { explore } from "../../xen-evtchn/test/explore.ts";
import { consoleBuffer } from "../src/console-writer.ts";
import { DomainControl, type DomainHost } from "../src/domain-control.ts";
import type { GuestContext } from "../src/guest-context.ts";
import { Machine, maximumPcpus } from "../src/machine.ts";
import { Pcpu } from "../src/pcpu.ts";

const never = (): never => {
  throw new Error("not in this test");
};
const id = 1;
const slot = 4;
const share = { weight: 256, cap: 0 };

/** A domain of pCPU 1, and a slice there; the guest counts slices that have begun and those that have ended. */
function paused() {
  const machine = new Machine();
  const count = new Int32Array(new SharedArrayBuffer(8));
  const kernel = { start: never };
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const host = { machine, own: undefined, threads: undefined, nothing: memory, now: () => 0n } as unknown as DomainHost;
  const place = { id, memory, pcpu: 1, slot, console: consoleBuffer(8) };
  const domain = new DomainControl({ name: "d", pages: 1, kernel }, place, share, host);
  machine.setPlace(id, { pcpu: 1, slot });
  const run = (): "idle" => {
    Atomics.add(count, 0, 1);
    Atomics.add(count, 1, 1);
    return "idle";
  };
  return {
    machine,
    domain,
    shared: [
      machine.words.subarray(0, machine.at(2, 0)),
      machine.words.subarray(machine.at(maximumPcpus, 0)).subarray(0, 32),
      count,
    ],
    slice(): void {
      // What ends the guest is how `explore` ends a thread.
      const crashed = (_vcpu: unknown, error: unknown): never => {
        throw error;
      };
      const pcpu = new Pcpu(machine, 1, () => 0n, { halted: never, crashed });
      const context = { id, timer: 0n, consoleDrain() {} } as unknown as GuestContext;
      pcpu.add({ slot, context, guest: { run }, timeOffset: 0n }, share);
      pcpu.step(slot);
    },
    /** What a look finds, and how many slices have begun and ended after it. */
    look: () => ({ moves: domain.moves, ended: Atomics.load(count, 1), begun: Atomics.load(count, 0) }),
    begun: (): number => count[0] as number,
  };
}

it("a domain that may run one slice is seen to move until that has ended", () => {
  const d = paused();
  d.machine.setMayRunOnce(id);
  let still = 0;
  explore(d.shared, [d.slice, d.look], ([, found]) => {
    const { moves, ended } = found as ReturnType<typeof d.look>;
    if (moves) return;
    still++;
    expect(ended).toBe(1);
  });
  expect(still).toBeGreaterThan(0);
});

it("a domain that may run no more is seen to move, or begins no slice", () => {
  const d = paused();
  d.machine.setMayRun(id, true);
  const looks = [0, 0];
  const stop = () => {
    d.machine.setMayRun(id, false);
    return d.look();
  };
  explore(d.shared, [d.slice, stop], ([, found]) => {
    const { moves, ended, begun } = found as ReturnType<typeof d.look>;
    looks[moves ? 1 : 0]!++;
    if (!moves) expect([ended, d.begun()]).toEqual([begun, begun]);
  });
  expect(Math.min(...looks)).toBeGreaterThan(0);
});
