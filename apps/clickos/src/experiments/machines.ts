/** Machines that experiments put together: VMs of configurations, and NICs on switches. */
import type { ElementSet } from "@clickos/click-core";
import { type Image, linkImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor/node";
import { createIxgbe, drive, driverMemory, type Ixgbe } from "@clickos/ixgbe-model";
import { ringsOf, type VifMode } from "@clickos/netback";
import { frameMemory, type ValeSwitch } from "@clickos/vale";
import { createToolstack, type Toolstack } from "@clickos/xl-fast";

/** A toolstack whose VMs run on the caller's thread, by `toolstack.hypervisor.run()`. */
export function localToolstack(elements: ElementSet): Toolstack {
  return createToolstack({ elements, hypervisor: createHypervisor({ pcpus: 0 }) });
}

/** An image of a configuration; with a mode, all of its interfaces have the rings for it. */
export async function imageOf(text: string, elements: ElementSet, mode: VifMode = "+batch"): Promise<Image> {
  const source = { file: "experiment.click", text };
  const image = await linkImage(source, { elements, name: "experiment" });
  if (mode === "+batch") return image;
  const rings = Object.fromEntries(image.manifest.vifs.map(({ device }) => [device, ringsOf(mode)]));
  return linkImage(source, { elements, name: "experiment", rings });
}

export interface CountingNic {
  readonly nic: Ixgbe;
  /** Frames that have left on the wire. */
  readonly left: number;
}

/** A NIC on a switch, driven in the netmap way; what it sends is counted and gone. */
export function attachNic(bridge: ValeSwitch, number: number): CountingNic {
  const nic = createIxgbe({
    mac: `02:00:00:00:ff:${number.toString(16).padStart(2, "0")}`,
    dma: frameMemory(driverMemory),
  });
  let left = 0;
  nic.connect({
    receive(batch) {
      left += batch.count;
    },
  });
  bridge.attach(drive(nic, `nic${number}`));
  return {
    nic,
    get left() {
      return left;
    },
  };
}

/** Ends all VMs. */
export async function endAll(toolstack: Toolstack): Promise<void> {
  for (const { name } of toolstack.list()) toolstack.destroy(name);
  await toolstack.hypervisor.close();
}
