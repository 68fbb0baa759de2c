/** What came of a boot: where packets passed and were dropped, what the domain is, how it crashed. */
import type { Drop } from "@clickos/click-core";
import type { Image } from "@clickos/click-image";
import type { CrashRecord } from "@clickos/hypervisor";
import type { Port, ValeSwitch } from "@clickos/vale";
import type { BootTimeline, Vm } from "@clickos/xl-fast";
import { CommandError } from "./failure.ts";
import { sha256 } from "./files.ts";
import { droppedAt } from "./port-drops.ts";

/** One place that frames pass, with how many did. */
export interface Hop {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

export interface NicReport {
  readonly device: number;
  /** Frames from the wire, and to it. */
  readonly rx: number;
  readonly tx: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly input: string | undefined;
  readonly output: string | undefined;
}

export interface BootReport {
  readonly boot: BootTimeline;
  readonly image: {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly contentSha256: string;
  };
  readonly nics: readonly NicReport[];
  readonly hops: readonly Hop[];
  /** Counts by `place: reason`. */
  readonly drops: Readonly<Record<string, number>>;
  readonly domain: {
    readonly id: number;
    readonly name: string;
    readonly state: string;
    readonly memoryBytes: number;
    readonly residentBytes: number;
  };
  readonly console: string;
  /** What was read at the end, by path. */
  readonly handlers: Readonly<Record<string, string>>;
  /** What was wrong with captures that were read. */
  readonly problems: readonly string[];
}

/** @throws {CommandError} for an interface that the image has not. */
export function checkInterfaces({ manifest }: Image, devices: Iterable<number>): void {
  for (const device of devices)
    if (!manifest.vifs.some((v) => v.device === device))
      throw new CommandError(
        `the image has no interface ${device}; it has ${manifest.vifs.map((v) => v.device).join(", ") || "none"}`,
      );
}

/** Handlers that are to be read at the end. @throws {HandlerError} for one that cannot be read. */
export function checkHandlers(vm: Vm, read: readonly string[] = []): void {
  for (const path of read) if (vm.handlers().describe(path).access === "w") vm.read(path);
}

export function crashText({ name, cause, message, element, configuration, stack: [innermost] }: CrashRecord): string {
  const where = element === undefined ? innermost : `${element}, ${configuration}`;
  return `domain '${name}' crashed: ${cause}: ${message}${where === undefined ? "" : `, in ${where}`}`;
}

/** Adds up what places say. */
export class Tally {
  private readonly hops: Hop[] = [];
  private readonly drops: Record<string, number> = {};

  hop(name: string, packets: number, bytes: number): void {
    if (packets > 0) this.hops.push({ name, packets, bytes });
  }
  drop(where: string, count: number): void {
    if (count > 0) this.drops[where] = (this.drops[where] ?? 0) + count;
  }
  /** What a switch dropped. */
  bridge(bridge: ValeSwitch): void {
    const { ports, drops } = bridge.stats;
    for (const [name, stats] of Object.entries(ports))
      for (const [reason, count] of droppedAt(name, stats)) this.drop(`${bridge.name}: ${reason}`, count);
    this.drop(`${bridge.name}: destination behind the port of entry`, drops.hairpin);
    this.drop(`${bridge.name}: nobody to send to`, drops.nobody);
    this.drop(`${bridge.name}: shorter than an Ethernet header`, drops.runt);
  }
  /** A switch that joins a port to an interface of the VM: in the order of a packet's way, in to the VM, then out of it. */
  lane(bridge: ValeSwitch, port: Port, vif: Port | undefined): void {
    const { ports } = bridge.stats;
    for (const [from, to] of [
      [port.name, vif?.name ?? ""],
      [vif?.name ?? "", port.name],
    ] as const) {
      const [a, b] = [ports[from], ports[to]];
      if (a) this.hop(`${from} → ${bridge.name}`, a.inPackets, a.inBytes);
      if (b) this.hop(`${bridge.name} → ${to}`, b.outPackets, b.outBytes);
    }
    for (const each of [port, vif])
      for (const [reason, count] of Object.entries(each?.drops ?? {})) this.drop(`${each?.name}: ${reason}`, count);
  }
  report(
    vm: Vm,
    nics: readonly NicReport[],
    read: readonly string[] | undefined,
    problems: readonly string[],
  ): BootReport {
    const { manifest, bytes, contentSha256 } = vm.image;
    for (const d of vm.drops() as Drop[]) this.drop(d.element ? `${d.element}: ${d.reason}` : d.reason, d.count);
    return {
      boot: vm.timeline,
      image: {
        name: manifest.name,
        bytes: bytes.length,
        sha256: sha256(bytes),
        contentSha256,
      },
      nics,
      hops: this.hops,
      drops: this.drops,
      domain: {
        id: vm.domain.id,
        name: vm.name,
        state: vm.domain.state === "paused" ? "running" : vm.domain.state,
        memoryBytes: vm.domain.memory.buffer.byteLength,
        residentBytes: vm.domain.residentBytes(),
      },
      console: vm.domain.console,
      handlers: Object.fromEntries((read ?? []).map((path) => [path, vm.read(path)])),
      problems,
    };
  }
}
