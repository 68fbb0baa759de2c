/** The switches between NICs and interfaces of a VM: one for each interface, or for those that name the same. */
import { createSwitch, learningBridge, type PortOptions, patch, SwitchError, type ValeSwitch } from "@clickos/vale";
import type { VifConfig } from "@clickos/xl-fast";
import { CommandError } from "./failure.ts";
import type { PortSpecification } from "./port-specifications.ts";

/** What is said of the ports of interfaces, by device number. */
export interface LaneOptions {
  /** How each switch looks frames up: `patch` (the default) joins NIC and VM, `learning` is a bridge. */
  readonly lookup?: "patch" | "learning";
  readonly vifPorts?: ReadonlyMap<number, PortSpecification> | undefined;
  readonly nicPorts?: ReadonlyMap<number, PortSpecification> | undefined;
  /** What NICs and interfaces carry behind the Ethernet header, up to 9,000 bytes; frames of 2,032 bytes when it is not given. */
  readonly mtu?: number | undefined;
}

/** The interface of a VM on its switch. What comes from outside is others' frames, and the VM passes them on. */
export function vifOf(bridge: ValeSwitch, device: number, { vifPorts, mtu }: LaneOptions): VifConfig {
  const { options, mac, rate } = vifPorts?.get(device) ?? {};
  return {
    bridge,
    antiSpoof: false,
    mtu,
    ...(mac === undefined ? {} : { mac }),
    ...(rate === undefined ? {} : { rate }),
    ...options,
  };
}
/** What the switch is told of a NIC's port. */
export function nicPortOf(device: number, { nicPorts, mtu }: LaneOptions): PortOptions {
  return { ...(mtu === undefined ? {} : { mtu }), ...nicPorts?.get(device)?.options };
}

/**
 * Makes the switches, by device number. One that has to look at frames is a learning bridge whatever is said: it has more than two ports,
 * or ports in VLANs, isolated ones, or limits of what goes to many.
 *
 * @throws {CommandError} for a port of an interface that there is not.
 */
export function laneSwitches(
  devices: readonly number[],
  options: LaneOptions,
  now?: () => number,
): Map<number, ValeSwitch> {
  const said = { vif: options.vifPorts, "nic-port": options.nicPorts };
  for (const [option, ports] of Object.entries(said))
    for (const device of ports?.keys() ?? [])
      if (!devices.includes(device))
        throw new CommandError(
          `--${option} ${device}: the image has no interface ${device}; it has ${devices.join(", ") || "none"}`,
        );
  const nameOf = (device: number): string => options.vifPorts?.get(device)?.bridge ?? `vale${device}`;
  const made = new Map<string, ValeSwitch>();
  return new Map(
    devices.map((device) => {
      const name = nameOf(device);
      let bridge = made.get(name);
      if (!bridge) {
        const members = devices.filter((other) => nameOf(other) === name);
        const ports = members.flatMap((member) =>
          [options.vifPorts, options.nicPorts].flatMap((of) => of?.get(member)?.options ?? []),
        );
        const vlans = ports.some((port) => port.vlans);
        const looks = members.length > 1 || vlans || ports.some((port) => port.isolated || port.floodLimits);
        bridge = createSwitch({
          name,
          vlans,
          lookup: looks || options.lookup === "learning" ? learningBridge(now ? { now } : {}) : patch(),
          ...(now ? { now } : {}),
        });
        made.set(name, bridge);
      }
      return [device, bridge];
    }),
  );
}

/** What a switch refuses is the command's mistake. */
export function refusingPorts<T>(device: number, attach: () => T): T {
  try {
    return attach();
  } catch (e) {
    throw e instanceof SwitchError ? new CommandError(`the port of NIC ${device}: ${e.message}`) : e;
  }
}
