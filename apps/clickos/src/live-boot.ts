/**
 * Boots an image between attachments: each interface is joined by a switch to a TAP device, a QEMU guest, a tunnel or what else
 * its text names. Time is the world's; it runs until it is interrupted, the VM ends, or its time is up.
 */
import type { ElementSet } from "@clickos/click-core";
import { loadImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor/node";
import { type Attachment, openAttachment } from "@clickos/netdev";
import { type LoopSource, runLoop } from "@clickos/run-loop";
import type { ValeSwitch } from "@clickos/vale";
import { createToolstack, type Vm } from "@clickos/xl-fast";
import { type BootReport, checkHandlers, checkInterfaces, crashText, type NicReport, Tally } from "./boot-report.ts";
import { CommandError } from "./failure.ts";
import { type LaneOptions, laneSwitches, nicPortOf, refusingPorts, vifOf } from "./lane-switches.ts";

export interface LiveBootOptions extends LaneOptions {
  readonly elements: ElementSet;
  /** Texts of attachments by device number, as `tap:click0`. */
  readonly nics: ReadonlyMap<number, string>;
  /** Whether the image's code runs on the caller's thread; on one of its own by default, where a watchdog ends it. */
  readonly trusted?: boolean;
  /** Handlers to read at the end. */
  readonly read?: readonly string[] | undefined;
  /** How long it runs at most, in nanoseconds. */
  readonly lasts?: bigint | undefined;
  readonly signal?: AbortSignal;
  /** Called once the VM runs. */
  readonly onBoot?: (running: RunningVm) => void;
}

/** One of the VM's interfaces, and what it is joined to. */
export interface LiveLane {
  readonly device: number;
  readonly attachment: string;
  readonly bridge: ValeSwitch;
  /** `undefined` where nothing was named for the interface. */
  readonly port: Attachment | undefined;
}

export interface RunningVm {
  readonly vm: Vm;
  readonly lanes: readonly LiveLane[];
}

/** How often it is looked whether the VM has ended by itself. */
const lookNs = 250_000_000n;

/** @throws {NetdevError} @throws {CommandError} when the VM crashes, or the image has no such interface. */
export async function bootLive(bytes: Uint8Array<ArrayBuffer>, options: LiveBootOptions): Promise<BootReport> {
  const image = await loadImage(bytes);
  checkInterfaces(image, options.nics.keys());
  const hypervisor = createHypervisor({ pcpus: options.trusted ? 0 : 1 });
  const toolstack = createToolstack({ elements: options.elements, hypervisor });
  const lanes: LiveLane[] = [];
  try {
    const switches = laneSwitches(
      image.manifest.vifs.map(({ device }) => device),
      options,
    );
    for (const { device } of image.manifest.vifs) {
      const attachment = options.nics.get(device) ?? "";
      const bridge = switches.get(device) as ValeSwitch;
      const port = attachment
        ? await openAttachment(attachment, { name: `nic${device}`, mtu: options.mtu })
        : undefined;
      lanes.push({ device, attachment, bridge, port });
      if (port) refusingPorts(device, () => bridge.attach(port, nicPortOf(device, options)));
    }
    const vm = await toolstack.create({
      name: image.manifest.name,
      image: bytes,
      // What comes from outside is others' frames, and the VM passes them on.
      vif: lanes.map(({ bridge, device }) => vifOf(bridge, device, options)),
    });
    checkHandlers(vm, options.read);
    options.onBoot?.({ vm, lanes });
    const until = options.lasts === undefined ? undefined : hypervisor.now() + options.lasts;
    const sources = [hypervisor, ...new Set(switches.values()), watch(vm, () => hypervisor.now(), until)];
    await runLoop(sources, { signal: options.signal });
    if (vm.domain.crash) throw new CommandError(crashText(vm.domain.crash));
    const report = reportOf(vm, lanes, options.read);
    toolstack.destroy(vm.name);
    return report;
  } finally {
    for (const { bridge, port } of lanes)
      if (port && bridge.stats.ports[port.name]) bridge.detach(port);
      else port?.detached?.();
    await hypervisor.close();
  }
}

/** Ends the run when the VM has ended, or the time is up. */
function watch(vm: Vm, now: () => bigint, until: bigint | undefined): LoopSource {
  return {
    turn() {
      if (until !== undefined && now() >= until) return "stopped";
      return vm.domain.state === "running" ? "idle" : "stopped";
    },
    get wakesIn() {
      const left = until === undefined ? lookNs : until - now();
      return left < lookNs ? left : lookNs;
    },
  };
}

function reportOf(vm: Vm, lanes: readonly LiveLane[], read: readonly string[] | undefined): BootReport {
  const tally = new Tally();
  const nics: NicReport[] = [];
  const problems: string[] = [];
  lanes.forEach(({ device, attachment, bridge, port }, i) => {
    if (!port) return;
    tally.lane(bridge, port, vm.vifs[i]);
    const stats = bridge.stats.ports[port.name];
    nics.push({
      device,
      rx: stats?.inPackets ?? 0,
      tx: stats?.outPackets ?? 0,
      rxBytes: stats?.inBytes ?? 0,
      txBytes: stats?.outBytes ?? 0,
      input: attachment,
      output: undefined,
    });
  });
  for (const bridge of new Set(lanes.map(({ bridge }) => bridge))) tally.bridge(bridge);
  return tally.report(vm, nics, read, problems);
}
