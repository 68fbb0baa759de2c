/**
 * Boots an image between captures: for each interface a NIC with a wire, and a switch that joins NIC and VM.
 *
 *   capture → wire → NIC → driver → switch → net back → VM → net back → switch → driver → NIC → wire → capture
 *
 * The VM runs on a thread of its own, where a watchdog ends it if it does not come back. It runs slice by slice, in turn with
 * everything else: what it does depends on the captures, and not on which thread is faster. Time is simulated: when all is quiet it
 * goes on to the next frame or timer.
 */
import type { ElementSet } from "@clickos/click-core";
import { type Image, loadImage } from "@clickos/click-image";
import type { Hypervisor } from "@clickos/hypervisor";
import { createHypervisor } from "@clickos/hypervisor/node";
import { createIxgbe, drive, driverMemory, type Ixgbe, registers } from "@clickos/ixgbe-model";
import { type LoopSource, runLoop, SharedClock } from "@clickos/run-loop";
import { frameMemory, type Port, type ValeSwitch } from "@clickos/vale";
import { createToolstack, type Vm } from "@clickos/xl-fast";
import { type BootReport, checkHandlers, checkInterfaces, crashText, type NicReport, Tally } from "./boot-report.ts";
import { CommandError } from "./failure.ts";
import { type LaneOptions, laneSwitches, nicPortOf, refusingPorts, vifOf } from "./lane-switches.ts";
import { earliest, Rest } from "./rest.ts";
import { CaptureWire } from "./wire.ts";

/** The captures of one NIC. */
export interface NicCaptures {
  /** Played into the NIC. */
  readonly input?: string;
  /** Records what leaves it. */
  readonly output?: string;
}

export interface BootOptions extends LaneOptions {
  readonly elements: ElementSet;
  /** By device number. */
  readonly nics: ReadonlyMap<number, NicCaptures>;
  /**
   * Whether the image's code is trusted to come back: it runs on the caller's thread, which is faster, and nobody ends it if
   * it loops. `false` by default.
   */
  readonly trusted?: boolean;
  /** Whether frames arrive without waiting for their times. */
  readonly fast?: boolean | undefined;
  /** Handlers to read at the end. */
  readonly read?: readonly string[] | undefined;
  /** How long the run lasts at most, in nanoseconds of the simulated time. */
  readonly lasts?: bigint | undefined;
  /** Ends the run; the report is up to then. */
  readonly signal?: AbortSignal;
  /** Called once the VM is up, before the first frame. */
  readonly onBoot?: (vm: Vm) => void;
}

/** Frames that arrive on each wire before the system settles. Less than any ring on the way holds: jumbo frames have six slots. */
const burst = 64;
const jumboBurst = 32;

/** What joins one of the VM's interfaces to its captures. */
interface Lane {
  readonly device: number;
  readonly nic: Ixgbe;
  readonly wire: CaptureWire;
  readonly bridge: ValeSwitch;
  readonly port: Port;
  readonly captures: NicCaptures;
}

/** Boots an image, plays the captures, and shuts everything down. */
export async function bootImage(bytes: Uint8Array<ArrayBuffer>, options: BootOptions): Promise<BootReport> {
  const stack: Lane[] = [];
  const image: Image = await loadImage(bytes);
  checkInterfaces(image, options.nics.keys());
  const clock = new SharedClock();
  const closeAll = (): void => {
    let failure: unknown;
    for (const { wire } of stack) {
      try {
        wire.close();
      } catch (e) {
        failure ??= e;
      }
    }
    if (failure) throw failure;
  };
  const hypervisor = createHypervisor({ pcpus: options.trusted ? 0 : 1, sharedClock: clock });
  const toolstack = createToolstack({ elements: options.elements, hypervisor });
  let report: BootReport;
  try {
    const switches = laneSwitches(
      image.manifest.vifs.map(({ device }) => device),
      options,
      () => Number(clock.now()) / 1e6,
    );
    for (const { device } of image.manifest.vifs) {
      const captures = options.nics.get(device) ?? {};
      const wire = new CaptureWire(captures.input, captures.output, clock.now);
      const nic = createIxgbe({
        mac: `02:00:00:00:ff:${device.toString(16).padStart(2, "0")}`,
        dma: frameMemory(driverMemory),
      });
      const bridge = switches.get(device) as ValeSwitch;
      nic.connect(wire);
      const driven = drive(nic, `nic${device}`, { mtu: options.mtu });
      const port = refusingPorts(device, () => bridge.attach(driven, nicPortOf(device, options)));
      stack.push({ device, nic, wire, bridge, port, captures });
    }
    // Time begins with the first frame, which a pipe may not have yet.
    for (const { wire } of stack) await wire.arrived(options.signal);
    clock.jump(earliest(stack.map(({ wire }) => wire.nextTime)) ?? 0n);
    const vm = await toolstack.create({
      name: image.manifest.name,
      image: bytes,
      paused: true,
      // What is in the captures is others' frames, and the VM passes them on.
      vif: stack.map(({ bridge, device }) => vifOf(bridge, device, options)),
    });
    checkHandlers(vm, options.read);
    options.onBoot?.(vm);
    const together = options.mtu === undefined ? burst : jumboBurst;
    const until = options.lasts === undefined ? undefined : clock.now() + options.lasts;
    await runLoop([machine({ hypervisor, vm, stack, together, clock, until, fast: options.fast ?? false })], {
      signal: options.signal,
      clock,
    });
    if (vm.domain.crash) throw new CommandError(crashText(vm.domain.crash));
    report = makeReport(vm, stack, options.read);
    toolstack.destroy(vm.name);
  } catch (e) {
    try {
      closeAll();
    } catch {
      // What stopped us first is what is told.
    }
    throw e;
  } finally {
    await hypervisor.close();
  }
  closeAll();
  return report;
}

interface Machine {
  readonly hypervisor: Hypervisor;
  readonly vm: Vm;
  readonly stack: readonly Lane[];
  /** Frames that arrive on a wire at once. */
  readonly together: number;
  readonly clock: SharedClock;
  readonly until: bigint | undefined;
  readonly fast: boolean;
}

/** The VM, one slice a turn, with its switches. Frames arrive when all else is quiet. */
function machine({ hypervisor, vm, stack, together, clock, until, fast }: Machine): LoopSource {
  const bridges = new Set(stack.map(({ bridge }) => bridge));
  const forward = (over: () => boolean): boolean => {
    let moved = false;
    for (const bridge of bridges)
      while (bridge.forward() > 0) {
        moved = true;
        if (over()) break;
      }
    return moved;
  };
  // What its interfaces hold is not held by elements.
  const rest = new Rest(clock.now(), vm.unfinished().held);
  return {
    async turn(over) {
      if (until !== undefined && clock.now() >= until) return "stopped";
      // Between two slices it stands still.
      if (vm.domain.state !== "paused") return "stopped";
      const end = await hypervisor.step(vm.domain.id);
      const moved = forward(over);
      const served = hypervisor.run();
      if (moved) rest.moved(clock.now());
      if (moved || served || end === "more") return "more";
      let arrived = 0;
      for (const { wire, nic } of stack) arrived += wire.play(nic, together, fast ? undefined : clock.now());
      forward(over);
      if (arrived > 0) return "more";
      if (stack.some(({ wire }) => wire.waits)) return "idle";
      if (stack.every(({ wire }) => wire.done) && rest.reached(vm.unfinished(), clock.now())) return "stopped";
      // With packets held and nothing to wait for, time has to go on all the same.
      return end === "polling" || this.wakesIn === undefined ? "polling" : "idle";
    },
    /** Until the next frame, the VM's timer or the end. What is late, as the NIC has no room for it, waits for nothing. */
    get wakesIn() {
      // Where a frame is not known that may be the next, time stands still.
      if (stack.some(({ wire }) => wire.waits)) return undefined;
      const now = clock.now();
      const times = [vm.domain.nextTimer, until, ...stack.map(({ wire }) => wire.nextTime)];
      const at = earliest(times.filter((time) => time !== undefined && time > now));
      return at === undefined ? undefined : at - now;
    },
    onWake(listener) {
      const ends = stack.map(({ wire }) => wire.onReady(listener));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

function makeReport(vm: Vm, stack: readonly Lane[], read: readonly string[] | undefined): BootReport {
  const tally = new Tally();
  const nics: NicReport[] = [];
  const problems: string[] = [];
  stack.forEach(({ device, nic, wire, bridge, port, captures }, i) => {
    const { player } = wire;
    if (player) {
      tally.hop(`wire${device} → nic${device}`, player.packets, player.bytes);
      tally.drop(`nic${device}: frame too long`, player.tooLong + nic.read32(registers.ROC));
      if (player.reader.problem) problems.push(player.reader.problem);
    }
    tally.lane(bridge, port, vm.vifs[i]);
    tally.hop(`nic${device} → wire${device}`, wire.packets, wire.bytes);
    nics.push({
      device,
      rx: player?.packets ?? 0,
      tx: wire.packets,
      rxBytes: player?.bytes ?? 0,
      txBytes: wire.bytes,
      input: captures.input,
      output: captures.output,
    });
  });
  for (const bridge of new Set(stack.map(({ bridge }) => bridge))) tally.bridge(bridge);
  return tally.report(vm, nics, read, problems);
}
