/**
 * The kernel of compiled guests, staged around their program: boot, event loop, console, timers, network interfaces.
 *
 * Entry points: `boot()` once; `vcpu(now, rounds)` for each slice: 0 idle, 1 more to do, 2 halted.
 */

import {
  type Func,
  type FunctionBuilder,
  type I32,
  type I32Like,
  type I64,
  type ModuleBuilder,
  staged,
} from "@clickos/codegen";
import { frameSize, reservedEntries } from "@clickos/grant-table";
import { consoleRing, domainFrames, firstFreeAddress, guestRules } from "@clickos/hypervisor";
import {
  type BufferPool,
  buffersPerVif,
  devicePage,
  type FramePlace,
  type GuestContext,
  grantPool,
  grantsPool,
  ownGrants,
  type RingKind,
  type StagedPort,
  type StagedVif,
  stageVif,
  type VifPlaces,
} from "@clickos/netfront";
import { sharedInfo, vcpuInfo } from "@clickos/xen-evtchn";

/** Buffers for packets that elements have in hand. */
const workingBuffers = 128;
const sharedInfoAddress = domainFrames.sharedInfo * frameSize;
const grantTableAddress = domainFrames.grantTable * frameSize;
const consoleAddress = domainFrames.console * frameSize;

/** Frames that grant entries are left for: the tables' entries less a few for rings. */
export const maximumPoolFrames = 4000;

/** A program's part of a domain: several share one, each in a part of its own. */
export interface GuestPlace {
  /** First byte of memory, a multiple of the frame size. */
  readonly base: number;
  /** First entry of the grant table. */
  readonly firstGrant: number;
}

export const firstPlace: GuestPlace = { base: firstFreeAddress, firstGrant: reservedEntries };

/** A program that the kernel runs. */
export interface GuestProgram {
  /** Called once, at boot, before interfaces are connected. */
  readonly init: Func<undefined>;
  /** `(now, rounds)`: 0 idle, 1 more to do, 2 stopped, 3 polls and found nothing. */
  readonly run: Func<"i32">;
  /** Address of the word that says what runs, for who looks at one that never ends: cleared between slices. */
  readonly running: number;
  /** Address of the time at which it is to run next; 2^63 - 1 is never. */
  readonly nextTimer: number;
  /** Address of 64 bits that nobody else should know, for who boots it to fill in before `init`. */
  readonly seed?: number;
}

/** What is below a compiled guest: how it reaches who runs it. */
export interface GuestHost {
  /** Notifies the other end of an event channel. */
  send(c: FunctionBuilder, port: I32): void;
  /** Has the guest run again at a time; 0 is never. */
  setTimer(c: FunctionBuilder, at: I64): void;
  /** Writes text to the console. */
  write(c: FunctionBuilder, address: I32Like, length: I32): void;
  /** The number that grant entries have of one of the guest's frames; the same when absent. */
  machineFrame?(c: FunctionBuilder, frame: I32): I32;
}

export interface KernelOptions {
  /** The hypervisor of this project when absent, by its hypercalls. */
  readonly host?: GuestHost;
  /** Where frames are in the program's buffers. */
  readonly frames: FramePlace;
  readonly place?: GuestPlace;
  /** What stack traces call the module. */
  readonly name?: string;
  /** Kinds of rings, by device; `netmap` when absent. */
  readonly rings?: Readonly<Record<number, RingKind>>;
}

/** The parts of a kernel, in the order in which they are staged. */
export interface GuestKernel {
  readonly moduleName?: string;
  readonly memoryImport: readonly [string, string];
  /** First byte of memory that is the program's. */
  readonly base: number;
  /** Packet buffers that the kernel wants beyond the program's own, in all and for each device. */
  readonly buffers: number;
  readonly buffersPerDevice: number;
  /** Pages that a program may ask for at most, and those of the domain that it may be in. */
  readonly maximumPages: number;
  readonly memoryPages: number;
  /** Stages an interface. */
  device(context: Pick<GuestContext, "pool" | "reserve" | "dropCounter">, number: number): StagedPort;
  /** Where the interfaces that were staged are. */
  readonly vifs: readonly VifPlaces[];
  /** Writes text to the console. */
  chatter(c: FunctionBuilder, address: I32Like, length: I32): void;
  /** Adds `boot` and `vcpu`. */
  entryPoints(module: ModuleBuilder, program: GuestProgram): GuestEntryPoints;
  /** Adds and exports them. */
  finish(module: ModuleBuilder, program: GuestProgram): void;
}

export interface GuestEntryPoints {
  readonly boot: Func<undefined>;
  /** `(now, rounds)`: 0 idle, 1 more to do, 2 stopped, 3 polls and found nothing. */
  readonly vcpu: Func<"i32">;
}

export function guestKernel({
  frames,
  place = firstPlace,
  name,
  rings = {},
  host = hypercallHost,
}: KernelOptions): GuestKernel {
  const fronts: StagedVif[] = [];
  let pool: BufferPool | undefined;
  const { machineFrame } = host;
  const kernel: GuestKernel = {
    ...(name === undefined ? {} : { moduleName: name }),
    memoryImport: ["xen", "memory"],
    base: place.base,
    buffers: workingBuffers,
    buffersPerDevice: buffersPerVif,
    maximumPages: 1024,
    memoryPages: guestRules.maximumPages,
    device(context, number) {
      pool = context.pool;
      const vif = stageVif(
        { ...frames, ...context, ...(machineFrame ? { machineFrame } : {}) },
        number,
        grantTableAddress,
        rings[number],
      );
      fronts.push(vif);
      return vif.device;
    },
    get vifs() {
      return fronts.map(({ places }) => places);
    },
    chatter: (c, address, length) => host.write(c, address, length),
    entryPoints: (module, { init, run, running, nextTimer }) => ({
      boot: module.func("boot", {}, undefined, (c) => {
        c.call(init);
        // Each interface's own entries, then those of the pool's frames.
        const bufferRef = place.firstGrant + fronts.reduce((sum, { places }) => sum + ownGrants[places.rings], 0);
        const page = fronts.find(({ places }) => grantsPool[places.rings])?.places.page;
        if (pool && page !== undefined)
          grantPool(c, grantTableAddress, pool, staged(c, devicePage, page).backendId.get(), bufferRef);
        let firstRef = place.firstGrant;
        for (const vif of fronts) {
          vif.connect(c, { firstRef, bufferRef });
          firstRef += ownGrants[vif.places.rings];
        }
      }),
      vcpu: module.func("vcpu", { now: "i64", rounds: "i32" }, "i32", (c, { now, rounds }) => {
        takeEvents(c);
        for (const vif of fronts) vif.enter(c);
        const result = c.var("i32", c.call(run, now, rounds), "result");
        // Of several programs in a domain, the one that never came back is the one whose word is set.
        c.store32(running, 0);
        for (const vif of fronts) vif.leave(c, (port) => host.send(c, port));
        c.if(result.get().eqz(), () => {
          // Going to sleep: ask for events, then look once more, so that none is missed in between.
          for (const vif of fronts) c.if(vif.wait(c), () => result.set(1));
        });
        const next = c.load64(nextTimer);
        host.setTimer(c, c.select(next.eq(0x7fffffffffffffffn), c.i64(0n), next));
        return result.get();
      }),
    }),
    finish(module, program) {
      const { boot, vcpu } = kernel.entryPoints(module, program);
      module.export("boot", boot);
      module.export("vcpu", vcpu);
    },
  };
  return kernel;
}

/** By imported hypercalls. */
const hypercallHost: GuestHost = {
  send: (c, port) => c.call(c.module.import("xen", "evtchn_send", { port: "i32" }, undefined), port),
  setTimer: (c, at) => c.call(c.module.import("xen", "set_timer_op", { at: "i64" }, undefined), at),
  write: (c, address, length) => writeConsole(c, address, length),
};

/** Clears the upcall and all pending bits: whatever happened, the program looks at all its devices. */
function takeEvents(c: FunctionBuilder): void {
  const selector = vcpuInfo.offsets.pendingSel;
  c.if(c.atomicLoad(sharedInfoAddress).and(0xff), () => {
    c.atomic("and", sharedInfoAddress, ~0xff);
    for (const half of [0, 4]) {
      const selected = c.var("i32", c.atomic("xchg", sharedInfoAddress, 0, selector + half), "selected");
      c.while(
        () => selected.get().ne(0),
        () => {
          const group = selected.get().ctz();
          selected.set(selected.get().and(selected.get().sub(1)));
          const words = group.shl(3).add(sharedInfoAddress + half * 64);
          c.atomicStore(words, 0, sharedInfo.offsets.evtchnPending);
          c.atomicStore(words, 0, sharedInfo.offsets.evtchnPending + 4);
        },
      );
    }
  });
}

/** Writes text to the console ring; when it does not fit, through the hypercall, which empties the ring first. */
function writeConsole(outer: FunctionBuilder, address: I32Like, length: I32): void {
  const helper = outer.module.once("console write", () => {
    const direct = outer.module.import("xen", "console_io", { address: "i32", length: "i32" }, undefined);
    return outer.module.func("console write", { address: "i32", length: "i32" }, undefined, (c, p) => {
      const { output, outCons, outProd } = consoleRing.offsets;
      const prod = c.load32(consoleAddress, outProd);
      const used = prod.sub(c.atomicLoad(consoleAddress, outCons));
      c.if(used.add(p.length).gtU(2048), () => {
        c.call(direct, p.address, p.length);
        c.return();
      });
      c.for(0, p.length, 1, (i) =>
        c.store8(prod.add(i).and(2047).add(consoleAddress), c.load8(p.address.add(i)), output),
      );
      c.atomicStore(consoleAddress, prod.add(p.length), outProd);
    });
  });
  outer.call(helper, address, length);
}
