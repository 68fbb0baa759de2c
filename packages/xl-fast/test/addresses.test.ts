import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { ringsOf } from "@clickos/netback";
import { createSwitch, type MemoryPort, patch } from "@clickos/vale";
import { createToolstack, type VifConfig } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";

const [alice, bob, eve] = ["02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0e"] as const;
const bytes = (mac: string): number[] => mac.split(":").map((b) => Number.parseInt(b, 16));
const frame = (to: string, from: string): Uint8Array =>
  Uint8Array.from({ length: 60 }, (_, i) => [...bytes(to), ...bytes(from), 0x88, 0xb5][i] ?? i);

/** A learning switch with an outside, and VMs on it. */
async function tenants(vms: Record<string, { text: string; vif: Partial<VifConfig> }>) {
  const xl = createToolstack({ elements });
  const bridge = createSwitch();
  const outside = bridge.attach("outside");
  for (const [name, { text, vif }] of Object.entries(vms)) {
    const image = await linkImage(
      { file: "t.click", text },
      { elements, name, rings: { 0: ringsOf(vif.mode ?? "+batch") } },
    );
    await xl.create({ name, image, vif: [{ bridge, ...vif }] });
  }
  const settle = (): void => {
    for (let busy = true; busy; ) {
      busy = xl.hypervisor.run();
      while (bridge.forward() > 0) busy = true;
    }
  };
  const send = (port: MemoryPort, ...frames: Uint8Array[]): void => {
    port.send(frames);
    settle();
  };
  const stats = (name: string) => bridge.stats.ports[`vif${xl.get(name)!.domain.id}.0`]!;
  return { xl, bridge, outside, send, stats };
}
const count = "FromDevice(0) -> c :: Counter -> Discard";
const spoof = `FromDevice(0) -> Strip(14) -> EtherEncap(0x88b5, ${alice}, ff:ff:ff:ff:ff:ff) -> ToDevice(0)`;

describe("VMs on a learning switch", () => {
  it("send from their own addresses only, and do not get their neighbours' frames by any other", async () => {
    for (const mode of ["baseline", "+grants", "+vale", "+batch"] as const) {
      const n = await tenants({
        alice: { text: count, vif: { mac: alice, mode } },
        eve: { text: spoof, vif: { mac: eve, mode } },
      });
      n.send(n.outside, ...Array.from({ length: 20 }, () => frame(eve, bob)));
      expect([n.stats("eve").foreignSource, n.outside.pending, n.stats("alice").outPackets]).toEqual([20, 0, 0]);
      n.send(n.outside, ...Array.from({ length: 30 }, () => frame(alice, bob)));
      // For somebody who has not been heard of.
      n.send(n.outside, frame("02:00:00:00:00:77", bob));
      expect([n.xl.get("alice")!.read("c.count"), n.stats("eve").outPackets]).toEqual(["30", 20]);
      expect(n.bridge.stats.drops.nobody).toBe(1);
    }
  });

  it("use further addresses that they were given, and any when they pass on others' frames", async () => {
    for (const vif of [{ mac: eve, addresses: [alice] }, { antiSpoof: false }]) {
      const n = await tenants({ eve: { text: spoof, vif } });
      n.send(n.outside, frame(eve, bob));
      expect([n.stats("eve").foreignSource, n.outside.receive().length]).toEqual([0, 1]);
    }
  });

  it("are refused when their address is another's, or their switch does not look at addresses", async () => {
    const n = await tenants({ alice: { text: count, vif: { mac: alice } } });
    const image = await linkImage({ file: "t.click", text: count }, { elements, name: "t" });
    const create = (vif: VifConfig) => n.xl.create({ name: "t", image, vif: [vif] });
    await expect(create({ bridge: n.bridge, mac: alice })).rejects.toMatchObject({ code: "BAD_VIFS" });
    await expect(create({ bridge: n.bridge, addresses: ["ff:ff:ff:ff:ff:ff"] })).rejects.toMatchObject({
      code: "BAD_VIFS",
    });
    const joined = createSwitch({ lookup: patch() });
    await expect(create({ bridge: joined, antiSpoof: true })).rejects.toMatchObject({ code: "BAD_VIFS" });
    expect(n.xl.hypervisor.domains).toHaveLength(1);
    // The address is free when its VM is gone.
    n.xl.destroy("alice");
    await create({ bridge: n.bridge, mac: alice });
    await n.xl.create({ name: "u", image, vif: [{ bridge: joined }] });
  });
});
