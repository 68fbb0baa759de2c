/** The options that an interface has on its switch. */
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createSwitch, type SwitchOptions } from "@clickos/vale";
import { createToolstack, type VifConfig, type Vm } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";

const toAll = Uint8Array.from({ length: 60 }, (_, i) => (i < 6 ? 255 : i < 12 ? 2 : i));

async function tenants(options: SwitchOptions, vifs: readonly Partial<VifConfig>[], text: string) {
  const xl = createToolstack({ elements });
  const bridge = createSwitch(options);
  const image = await linkImage({ file: "t.click", text }, { elements, name: "vm" });
  const vms: Vm[] = [];
  for (const [i, vif] of vifs.entries())
    vms.push(await xl.create({ name: `vm${i}`, image, vif: [{ bridge, antiSpoof: false, ...vif }] }));
  return {
    bridge,
    vms,
    settle() {
      for (let busy = true; busy; ) {
        busy = xl.hypervisor.run();
        while (bridge.forward() > 0) busy = true;
      }
    },
    stats: (i: number) => bridge.stats.ports[`vif${vms[i]?.domain.id}.0`],
  };
}
const sink = "FromDevice(0) -> c :: Counter -> Discard";

describe("an interface", () => {
  it("is isolated from others, and limited, by its switch", async () => {
    const n = await tenants({}, [{ isolated: true }, { isolated: true }, {}], sink);
    const outside = n.bridge.attach("outside");
    outside.send([toAll]);
    n.settle();
    expect(n.vms.map((vm) => vm.read("c.count"))).toEqual(["1", "1", "1"]);
    const limited = await tenants({ now: () => 0 }, [{ rateLimits: { leaving: 8, burst: 118 }, mtu: 100 }, {}], sink);
    const port = limited.bridge.attach("outside");
    port.send([toAll, toAll, toAll]);
    limited.settle();
    expect(limited.vms.map((vm) => vm.read("c.count"))).toEqual(["1", "3"]);
    expect(limited.stats(0)?.overRateOut).toBe(2);
  });

  it("is in a VLAN, and has no part in others", async () => {
    const n = await tenants({ vlans: true }, [{ vlans: { access: 10 } }, { vlans: { trunk: [10, 20] } }, {}], sink);
    const ten = n.bridge.attach("ten", { vlans: { access: 10 } });
    ten.send([toAll]);
    n.settle();
    expect(n.vms.map((vm) => vm.read("c.count"))).toEqual(["1", "1", "0"]);
  });

  it.each<Partial<VifConfig>>([
    { vlans: { access: 10 } },
    { priority: 9 },
    { isolated: "" },
    { floodLimits: { broadcast: -1 } },
  ])("is refused with %j, and the VM with it", async (vif) => {
    await expect(tenants({}, [vif], sink)).rejects.toMatchObject({ name: "ToolstackError", code: "BAD_VIFS" });
  });
});
