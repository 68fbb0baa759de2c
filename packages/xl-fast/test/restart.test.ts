/** VMs that crash: left, destroyed, or started anew, with pauses and a limit. */
import { linkImage } from "@clickos/click-image";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VmEvent } from "../src/index.ts";
import { RestartPolicy } from "../src/restart-policy.ts";
import { bench, configure, elements, frame } from "./rig.ts";

describe("the policy", () => {
  it("doubles the pause, begins anew after a quiet time, and gives up at the limit", () => {
    const policy = new RestartPolicy({ delayMs: 10, longestDelayMs: 50, limit: 4, withinMs: 1000 });
    expect([0, 20, 60, 130, 200].map((at) => policy.crashed(at))).toEqual([10, 20, 40, 50, undefined]);
    expect([policy.reason, policy.restarts]).toEqual(["5 crashes in 1 s", 4]);
    expect(policy.crashed(5000)).toBe(10);
  });
  it("never starts a VM more often than the limit says, whenever it crashes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }), (pauses) => {
        const policy = new RestartPolicy({ limit: 3, withinMs: 1000 });
        const started: number[] = [];
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          if (policy.crashed(now) === undefined) continue;
          started.push(now);
          expect(started.filter((at) => now - at < 1000).length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});

const crash = [frame(1, 0xee)];

async function rig(onCrash: "destroy" | "restart", limit = 2) {
  const b = bench(2);
  const events: VmEvent[] = [];
  b.xl.onVmEvent((event) => events.push(event));
  const image = await linkImage(
    { file: "f.click", text: "FromDevice(0) -> Faulty -> c :: Counter -> ToDevice(1)" },
    { elements, name: "f" },
  );
  const restart = { delayMs: 1, limit };
  const vm = await b.xl.create({ name: "vm", image, vif: b.vif, onCrash, restart });
  const until = async (kind: VmEvent["kind"], count = 1): Promise<void> => {
    while (events.filter((e) => e.kind === kind).length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { b, events, vm, until };
}

it("starts a VM anew as another domain of the same name, and leaves it when it crashes too often", async () => {
  const { b, events, vm, until } = await rig("restart");
  for (let round = 0; round < 2; round++) {
    b.ports[0]!.send(crash);
    b.settle();
    await until("restarted", round + 1);
    b.ports[0]!.send([frame(round)]);
    b.settle();
    expect([b.ports[1]!.receive(), b.xl.get("vm")!.read("c.count")]).toEqual([[frame(round)], "1"]);
  }
  expect(b.xl.list()).toMatchObject([{ name: "vm", state: "running", vifs: 2, restarts: 2 }]);
  expect(b.xl.get("vm")!.domain.id).not.toBe(vm.domain.id);
  expect(b.xl.get("vm")!.domain.console).toContain("started again after a crash: trap: divide by zero");
  expect(b.xl.hypervisor.domains).toHaveLength(1);
  b.ports[0]!.send(crash);
  b.settle();
  await until("given up");
  const { domain } = b.xl.get("vm")!;
  expect([domain.state, domain.console]).toEqual(["crashed", expect.stringContaining("not started again: 3 crashes")]);
  expect(b.xl.store.read(`/local/domain/${domain.id}/data/clickos/0/status`)).toBe("Error");
  expect(events.map((e) => e.kind).join()).toBe(
    "crashed,restarting,restarted,crashed,restarting,restarted,crashed,given up",
  );
});

it("starts routers anew that came through the store", async () => {
  const b = bench(2);
  const seen: string[] = [];
  b.xl.onVmEvent((event) => seen.push(event.kind));
  const vm = await b.xl.create({ name: "vm", vif: b.vif, onCrash: "restart", restart: { delayMs: 1 } });
  await configure(b, vm, 3, "FromDevice(0) -> Faulty -> c :: Counter -> ToDevice(1)");
  b.ports[0]!.send(crash);
  b.settle();
  while (!seen.includes("restarted")) await new Promise((resolve) => setTimeout(resolve, 1));
  const after = b.xl.get("vm")!;
  expect([after.routers, after.read("c.count", 3)]).toEqual([[3], "0"]);
  const home = `/local/domain/${after.domain.id}/data/clickos/3`;
  expect([b.xl.store.read(`${home}/status`), b.xl.store.read(`${home}/config/0`)]).toEqual([
    "Running",
    "FromDevice(0) -> Faulty -> c :: Counter -> ToDevice(1)",
  ]);
});

it("does not start a VM that is destroyed in the pause, and destroys one that is not to stay", async () => {
  const restarted = await rig("restart");
  restarted.b.ports[0]!.send(crash);
  restarted.b.settle();
  await restarted.until("restarting");
  restarted.b.xl.destroy("vm");
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([restarted.b.xl.list(), restarted.b.xl.hypervisor.domains]).toEqual([[], []]);
  const destroyed = await rig("destroy");
  destroyed.b.ports[0]!.send(crash);
  destroyed.b.settle();
  await destroyed.until("destroyed");
  expect([destroyed.b.xl.list(), destroyed.b.xl.hypervisor.domains]).toEqual([[], []]);
});
