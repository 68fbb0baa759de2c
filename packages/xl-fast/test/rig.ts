/** VMs between memory ports, for tests. */

import { element, elementSet } from "@clickos/click-core";
import { elements as standard } from "@clickos/click-elements";
import { createSwitch, type MemoryPort, patch, type ValeSwitch } from "@clickos/vale";
import { createToolstack, type Toolstack, type Vm, type VmConfig } from "@clickos/xl-fast";

/** Divides by zero, or never returns, at packets whose first byte says so. */
export const Faulty = element({
  name: "Faulty",
  ports: "1/1",
  processing: "a/a",
  action(c, packet) {
    const first = c.load8(packet.data);
    c.if(first.eq(0xee), () => c.store8(packet.data, c.i32(1).divU(c.load8(packet.data).sub(first))));
    c.if(first.eq(0xff), () => c.loop(() => c.store8(packet.data, 0xff)));
  },
});
/** Divides by zero when its router boots. */
export const FaultyAtBoot = element({
  name: "FaultyAtBoot",
  ports: "1/1",
  processing: "a/a",
  init(c) {
    c.store32(4096 * 13, c.i32(1).divU(c.load32(0)));
  },
  action() {},
});
export const elements = { ...standard, ...elementSet(Faulty, FaultyAtBoot) };

export interface Bench {
  readonly xl: Toolstack;
  readonly bridges: ValeSwitch[];
  readonly ports: MemoryPort[];
  /** Interfaces for a VM, each patched to a port of its own. */
  readonly vif: { bridge: ValeSwitch }[];
  /** Runs everything until nothing moves. */
  settle(): void;
}

export function bench(interfaces: number, xl: Toolstack = createToolstack({ elements })): Bench {
  const bridges = Array.from({ length: interfaces }, (_, i) => createSwitch({ name: `br${i}`, lookup: patch() }));
  return {
    xl,
    bridges,
    ports: bridges.map((b) => b.attach("outside")),
    vif: bridges.map((bridge) => ({ bridge })),
    settle() {
      for (let busy = true; busy; ) {
        busy = xl.hypervisor.run();
        for (const b of bridges) while (b.forward() > 0) busy = true;
      }
    },
  };
}

/** A shell whose router 0 is written to the store. */
export async function shell(b: Bench, config: string, more: Partial<VmConfig> = {}): Promise<Vm> {
  const vm = await b.xl.create({ name: "vm", vif: b.vif, ...more });
  await configure(b, vm, 0, config);
  return vm;
}

export async function configure(b: Bench, vm: Vm, router: number, config: string): Promise<void> {
  const at = `/local/domain/${vm.domain.id}/data/clickos/${router}`;
  b.xl.store.write(`${at}/config/0`, config);
  b.xl.store.write(`${at}/status`, "Running");
  await vm.settled();
}

/** A frame whose bytes tell its number. */
export function frame(n: number, first = 2, length = 60): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i === 0 ? first : i < 5 ? (n >> ((i - 1) * 8)) & 255 : (i * n) & 255));
}
