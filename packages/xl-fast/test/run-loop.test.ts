/**
 * Domain 0 as a run loop over the hypervisor and its switches: it sleeps while no guest sends, wherever the guests run. The
 * built worker is used: a thread cannot load TypeScript.
 */
import { createHypervisor } from "@clickos/hypervisor/node";
import { type VifMode, vifModes } from "@clickos/netback";
import { type LoopSource, runLoop } from "@clickos/run-loop";
import type { MemoryPort } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { type Bench, bench, elements, frame, shell } from "./rig.ts";

const worker = new URL("../../hypervisor/dist/pcpu-worker.js", import.meta.url);
let end = async (): Promise<void> => {};
afterEach(() => end());

const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
async function received(port: MemoryPort, count: number): Promise<Uint8Array[]> {
  const got: Uint8Array[] = [];
  while (got.length < count) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    got.push(...port.receive());
  }
  return got;
}

/** A bench whose domain 0 is a run loop, with a count of its passes. */
function running(pcpus: number): { readonly b: Bench; readonly counted: { passes: number }; start(): void } {
  const hypervisor = createHypervisor({ pcpus, worker, heapMiB: 32 });
  const b = bench(2, createToolstack({ elements, hypervisor }));
  const counted = { passes: 0 };
  const abort = new AbortController();
  const counter: LoopSource = {
    turn() {
      counted.passes++;
      return "idle";
    },
  };
  let loop: Promise<string> | undefined;
  end = async () => {
    abort.abort();
    await loop;
    await hypervisor.close();
  };
  return {
    b,
    counted,
    start() {
      loop = runLoop([counter, hypervisor, ...b.bridges], { signal: abort.signal });
    },
  };
}

/** More passes than a frame through a VM may take: turns of the guest and of both switches, and the events between. */
const passesPerFrame = 12;

describe("domain 0 in a run loop", () => {
  beforeAll(() => needsBuild(worker));
  for (const pcpus of [0, 1])
    for (const mode of Object.keys(vifModes) as VifMode[])
      it(`sleeps until a port or a guest has frames: ${mode}, guests on ${pcpus === 0 ? "this thread" : "another"}`, async () => {
        const { b, counted, start } = running(pcpus);
        const vif = b.vif.map((v) => ({ ...v, mode }));
        await shell(b, "FromDevice(0) -> Queue(400) -> DelayUnqueue(0.02) -> ToDevice(1)", { vif, pcpu: pcpus });
        start();
        await aWhile();
        let told = 0;
        b.bridges[1]?.onWake(() => told++);
        for (let n = 0; n < 3; n++) {
          const { passes } = counted;
          await aWhile();
          expect(counted.passes).toBe(passes);
          // The port wakes the loop; later the guest's own timer, and with its event the loop.
          b.ports[0]?.send([frame(n)]);
          expect(await received(b.ports[1] as MemoryPort, 1)).toEqual([frame(n)]);
          // The switch hears it from the interface, not from the hypervisor's being awake.
          expect(told).toBeGreaterThan(n);
          await aWhile();
          expect(counted.passes - passes).toBeLessThanOrEqual(passesPerFrame);
        }
      });

  it("wakes for what a rate holds back", async () => {
    const { b, counted, start } = running(0);
    const vif = b.vif.map((v) => ({ ...v, mode: "baseline" as const, rate: "600,10000" }));
    await shell(b, "FromDevice(0) -> Queue(400) -> ToDevice(1)", { vif });
    start();
    const sent = Array.from({ length: 50 }, (_, n) => frame(n));
    b.ports[0]?.send(sent);
    // Ten frames each hundredth of a second.
    expect(await received(b.ports[1] as MemoryPort, 50)).toEqual(sent);
    await aWhile();
    const { passes } = counted;
    await aWhile();
    expect(counted.passes).toBe(passes);
    expect(passes).toBeLessThan(60 * passesPerFrame);
  });

  it("wakes for a domain that this thread's program starts while it sleeps", async () => {
    const { b, counted, start } = running(0);
    start();
    await aWhile();
    const vm = await shell(b, "RatedSource(RATE 1000, LIMIT 3) -> c :: Counter -> Discard");
    while (vm.read("c.count") !== "3") await aWhile();
    await aWhile();
    const { passes } = counted;
    await aWhile();
    expect(counted.passes).toBe(passes);
  });
});
