/** The back ends of a VM's interfaces, set up through device pages prepared in its memory. */

import type { ImageManifest } from "@clickos/click-image";
import type { Domain, Hypervisor } from "@clickos/hypervisor";
import { connectFrontEnd, type HeldFrames, parseRate, ringsOf, type Vif, type VifMode } from "@clickos/netback";
import { devicePage, postedPages, xenbusState } from "@clickos/netfront";
import { maximumMtu, minimumMtu, type Port, type PortOptions, SwitchError, type ValeSwitch } from "@clickos/vale";
import { ToolstackError } from "./error.ts";
import { type HoldingPort, holdingPort } from "./holding-port.ts";

/** What a switch is told of an interface besides its addresses and MTU. */
const portOptions = ["flood", "isolated", "floodLimits", "rateLimits", "vlans", "priority"] as const;

/**
 * A virtual interface of a VM to be created. The options of its port are the switch's: `vlans`, `isolated`, `flood`, `floodLimits`, `priority`, and
 * `rateLimits`, which drop what is beyond a rate where `rate` holds it back in the VM.
 */
export interface VifConfig extends Pick<PortOptions, (typeof portOptions)[number]> {
  /** The switch it is attached to. */
  readonly bridge: ValeSwitch;
  /** `02:00:…` by default, from the domain and the interface. */
  readonly mac?: string;
  /** How packets are moved; `+batch` by default. An image must have been linked with the rings for it. */
  readonly mode?: VifMode;
  /** What the VM may send, as `10Mb/s` or `500KB/s@20ms`. */
  readonly rate?: string;
  /** Bytes that its frames have behind the Ethernet header, up to 9,000; without it, frames are of 2,032 bytes at most. */
  readonly mtu?: number | undefined;
  /**
   * Whether the VM sends from its own addresses only, gets what is for them only, and nobody else uses them. The default
   * where the switch looks at addresses; `false` is for VMs that pass on others' frames, as bridges do.
   */
  readonly antiSpoof?: boolean;
  /** Addresses that are the VM's besides `mac`, for `antiSpoof`. */
  readonly addresses?: readonly string[];
}

/** An interface of a VM, connected or not. */
export interface VmInterface {
  readonly device: number;
  /** The name of its port at the switch, once it is connected. */
  readonly port: string;
  readonly bridge: string;
  readonly mac: string;
  readonly connected: boolean;
}

type Places = ImageManifest["vifs"][number];

/** Frames that came for an interface while nobody read them. */
export interface HeldForDevice {
  readonly device: number;
  readonly frames: readonly Uint8Array[];
}

interface Connected {
  readonly device: number;
  readonly vif: Vif;
  readonly bridge: ValeSwitch;
}

/** What is at the switch in place of an interface that is held. */
interface Holder {
  readonly bridge: ValeSwitch;
  readonly port: HoldingPort;
  attached: boolean;
}

export class VmVifs {
  private readonly connected: Connected[] = [];
  /** Domain 0's ports of devices that are prepared. */
  private readonly ports = new Map<number, number>();
  private readonly hypervisor: Hypervisor;
  private readonly domain: Domain;
  /** By device. */
  private readonly holders = new Map<number, Holder>();
  private configs: readonly VifConfig[] = [];
  private devices: readonly number[] = [];

  constructor(hypervisor: Hypervisor, domain: Domain) {
    this.hypervisor = hypervisor;
    this.domain = domain;
  }

  /** Says what the VM's interfaces are: `devices` are the device numbers of `configs`, one for each. */
  assign(configs: readonly VifConfig[], devices: readonly number[]): void {
    this.configs = configs;
    this.devices = devices;
  }

  get list(): Vif[] {
    return this.connected.map(({ vif }) => vif);
  }
  get interfaces(): VmInterface[] {
    return this.devices.map((device, i) => ({
      device,
      port: this.nameOf(device),
      bridge: (this.configs[i] as VifConfig).bridge.name,
      mac: this.macOf(device),
      connected: this.connected.some((c) => c.device === device),
    }));
  }
  private nameOf(device: number): string {
    return `vif${this.domain.id}.${device}`;
  }
  /** Device numbers, with the names of their switches. */
  get bridges(): readonly (readonly [device: number, bridge: string])[] {
    return this.configs.map(({ bridge }, i) => [this.devices[i] as number, bridge.name]);
  }

  private configOf(device: number): VifConfig {
    const config = this.configs[this.devices.indexOf(device)];
    if (!config)
      throw new ToolstackError(
        "BAD_VIFS",
        `'${this.domain.name}' has no interface ${device}; it has ${this.devices.join(", ") || "none"}`,
      );
    return config;
  }

  /** Kinds of rings that the devices' modes need. */
  get rings(): Record<number, ReturnType<typeof ringsOf>> {
    return Object.fromEntries(this.devices.map((d, i) => [d, ringsOf(this.configs[i]?.mode ?? "+batch")]));
  }
  /** Whether the VM has these interfaces, and they are free, or a router's that is to go. @throws {ToolstackError} */
  check(places: readonly Places[], leaving: readonly Places[] = []): void {
    for (const [i, { device, rings }] of places.entries()) {
      const { mode = "+batch", rate, mtu, bridge, antiSpoof } = this.configOf(device);
      if (antiSpoof && !bridge.byAddress)
        throw new ToolstackError("BAD_VIFS", `antiSpoof: switch '${bridge.name}' does not look at addresses`);
      if (rings !== ringsOf(mode))
        throw new ToolstackError(
          "BAD_VIFS",
          `interface ${device} of '${this.domain.name}' has ${rings} rings, where mode ${mode} needs ${ringsOf(mode)}: link the image with them`,
        );
      if (rate !== undefined && !parseRate(rate))
        throw new ToolstackError("BAD_VIFS", `'${rate}' is no rate: as in 10Mb/s, 500KB/s@20ms`);
      if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= minimumMtu && mtu <= maximumMtu))
        throw new ToolstackError("BAD_VIFS", `'${mtu}' is no MTU: a whole number from ${minimumMtu} to ${maximumMtu}`);
      if (places.findIndex((p) => p.device === device) !== i)
        throw new ToolstackError("BAD_VIFS", `a router of '${this.domain.name}' names interface ${device} twice`);
      if (this.ports.has(device) && !leaving.some((p) => p.device === device))
        throw new ToolstackError(
          "DEVICE_TAKEN",
          `interface ${device} of '${this.domain.name}' is used by another router`,
        );
    }
  }

  private macOf(device: number): string {
    const { id } = this.domain;
    return this.configOf(device).mac ?? `02:00:00:${hex(id >> 8)}:${hex(id & 255)}:${hex(device)}`;
  }
  /** What its switch is told about an interface. */
  private rulesOf(device: number): PortOptions {
    const config = this.configOf(device);
    const { bridge, antiSpoof = bridge.byAddress, addresses = [], mtu } = config;
    return {
      ...Object.fromEntries(portOptions.flatMap((key) => (config[key] === undefined ? [] : [[key, config[key]]]))),
      ...(antiSpoof ? { addresses: [this.macOf(device), ...addresses] } : {}),
      ...(mtu === undefined ? {} : { mtu }),
    };
  }

  /** Fills in the device pages: who the back end is, the event channel, the address. Of these, a router that boots reads the first. */
  prepare(places: readonly Places[]): void {
    this.check(places);
    for (const place of places) this.fillIn(place);
  }
  /** Fills in a device page; the channel is that of before, where there was one. */
  private fillIn({ device, page: at }: Places): void {
    const { events } = this.hypervisor;
    const { id, memory } = this.domain;
    let local = this.ports.get(device);
    if (local === undefined) {
      local = events.bindInterdomain(0, id, events.allocUnbound(id, 0));
      this.ports.set(device, local);
    }
    const end = events.status(0, local);
    const page = devicePage.view(memory.buffer, at);
    page.backendId = 0;
    page.eventChannel = end.state === "interdomain" ? end.remotePort : 0;
    page.mac = macBytes(this.macOf(device));
    // One that has booted has said more.
    if (page.state === xenbusState.unknown) page.state = xenbusState.initialising;
  }

  /** Maps what a router that has booted granted, and attaches its interfaces. All or none. */
  connect(places: readonly Places[], resume = false): void {
    try {
      for (const place of places) {
        const { device } = place;
        const { bridge } = this.configOf(device);
        const vif = this.vifOf(place, resume);
        try {
          bridge.attach(vif, this.rulesOf(device));
        } catch (e) {
          vif.disconnect();
          throw e instanceof SwitchError ? new ToolstackError("BAD_VIFS", e.message) : e;
        }
        this.connected.push({ device, vif, bridge });
      }
    } catch (e) {
      this.disconnect(places.map(({ device }) => device));
      throw e;
    }
  }
  /** The back end of an interface, which is not attached yet. @throws {NetbackError} */
  private vifOf({ device, page: at, rings }: Places, resume: boolean): Vif {
    const { hypervisor } = this;
    const { mapper, events } = hypervisor;
    const { id, memory } = this.domain;
    const page = devicePage.view(memory.buffer, at);
    const local = this.ports.get(device) as number;
    const { mode = "+batch", rate, mtu } = this.configOf(device);
    const { rxRingRef, txRingRef, bufferRef, bufferFrames, bufferCount, frameLimit } = page;
    const notify = (): void => void events.send(0, local);
    return connectFrontEnd(mode, {
      name: this.nameOf(device),
      domain: id,
      mapper,
      rings,
      grants: { rxRingRef, txRingRef, bufferRef, bufferFrames, bufferCount },
      mtu,
      frameLimit,
      rate: rate === undefined ? undefined : parseRate(rate),
      resume,
      onEvent: (listener) => {
        hypervisor.onEvent(local, listener);
        return () => hypervisor.onEvent(local, undefined);
      },
      notifyTx: notify,
      notifyRx: notify,
    });
  }

  /**
   * Has the interfaces of a router be those of another that takes its place, while the domain stands still. `change` puts that one's rings
   * where they are; what stood in the former ones goes on in these. Interfaces that the next router does not use leave their switches.
   */
  replace(before: readonly Places[], after: readonly Places[], change: () => void): { frames: number; lost: number } {
    const stays = (device: number): boolean => after.some((p) => p.device === device);
    // What a switch may refuse comes before anything is changed.
    const coming = this.keepPlaces(after.map(({ device }) => device));
    const held = new Map<number, HeldFrames>();
    let frames = 0;
    let lost = 0;
    for (const { device, vif, bridge } of this.connected.filter((c) => before.some((p) => p.device === c.device))) {
      bridge.settle(vif);
      const taken = vif.take(postedPages);
      if (stays(device)) {
        held.set(device, taken);
        frames += taken.sent.length + taken.unread.length;
      } else lost += taken.sent.length + taken.unread.length;
    }
    this.disconnect(before.map(({ device }) => device).filter((device) => !stays(device)));
    change();
    for (const place of after) this.fillIn(place);
    for (const place of after) {
      const { device } = place;
      const i = this.connected.findIndex((c) => c.device === device);
      const former = this.connected[i];
      const { bridge } = this.configOf(device);
      const vif = this.vifOf(place, false);
      bridge.replace(former?.vif ?? (coming.get(device) as Port), vif);
      if (!former) this.connected.push({ device, vif, bridge });
      else this.connected[i] = { ...former, vif };
      const left = vif.put(held.get(device) ?? { sent: [], unread: [] });
      frames -= left;
      lost += left;
    }
    return { frames, lost };
  }
  /** Has ports keep what comes for the interfaces of a domain that stands still: their rings stay as they are. */
  hold(): void {
    for (const { device, vif, bridge } of this.connected.splice(0)) {
      bridge.settle(vif);
      vif.flush();
      const port = holdingPort(vif.name, vif.frameLimit);
      bridge.replace(vif, port);
      this.holders.set(device, { bridge, port, attached: true });
    }
  }
  /** Has nothing come any more. */
  closeHeld(): void {
    for (const holder of this.holders.values()) {
      if (holder.attached) holder.bridge.detach(holder.port);
      holder.attached = false;
    }
  }
  /** What was kept. */
  get held(): HeldForDevice[] {
    return [...this.holders].map(([device, { port }]) => ({ device, frames: port.frames }));
  }
  /** Ends that: rings are taken up where they are, and what was kept comes into them. */
  release(places: readonly Places[]): void {
    for (const place of places) {
      const { device } = place;
      const holder = this.holders.get(device);
      if (!holder) continue;
      this.holders.delete(device);
      const { bridge, port, attached } = holder;
      const vif = this.vifOf(place, true);
      if (attached) bridge.replace(port, vif);
      else bridge.attach(vif, this.rulesOf(device));
      this.connected.push({ device, vif, bridge });
      vif.put({ sent: [], unread: port.frames });
    }
  }
  /** Attaches ports that do nothing for devices that are not connected yet. All or none. @throws {ToolstackError} */
  private keepPlaces(devices: readonly number[]): ReadonlyMap<number, Port> {
    const kept = new Map<number, Port>();
    for (const device of devices) {
      if (this.connected.some((c) => c.device === device)) continue;
      const { bridge } = this.configOf(device);
      try {
        kept.set(device, bridge.attach(silentPort(this.nameOf(device)), this.rulesOf(device)));
      } catch (e) {
        for (const [other, port] of kept) this.configOf(other).bridge.detach(port);
        throw e instanceof SwitchError ? new ToolstackError("BAD_VIFS", e.message) : e;
      }
    }
    return kept;
  }

  /** Detaches interfaces and closes their channels. */
  disconnect(devices: readonly number[] = [...this.ports.keys()]): void {
    const { events } = this.hypervisor;
    this.closeHeld();
    for (const device of devices) {
      const i = this.connected.findIndex((c) => c.device === device);
      const found = this.connected[i];
      if (found) {
        found.bridge.detach(found.vif);
        this.connected.splice(i, 1);
      }
      const local = this.ports.get(device);
      if (local === undefined) continue;
      this.ports.delete(device);
      const end = events.status(0, local);
      events.close(0, local);
      if (end.state === "interdomain" && end.remote === this.domain.id && this.domain.state !== "destroyed")
        events.close(this.domain.id, end.remotePort);
    }
  }
}

/** A port that has no frames and takes none. */
function silentPort(name: string): Port {
  return { name, poll: () => null, release() {}, deliver: () => 0, flush() {}, onReady: () => () => {} };
}

function hex(n: number): string {
  return n.toString(16).padStart(2, "0");
}

function macBytes(mac: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac))
    throw new ToolstackError("BAD_VIFS", `'${mac}' is not a MAC address`);
  return Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));
}
