/**
 * What is below a paravirtual guest, as staged code: hypercalls, pages that Xen shares, events, the clock, the console, and the end.
 *
 * The pages are mapped to where every guest of this project has them (`domainFrames`), so that all other code is the same.
 */
import type { Func, FunctionBuilder, I32, I32Like, I64, ModuleBuilder } from "@clickos/codegen";
import { frameSize } from "@clickos/grant-table";
import {
  consoleRing,
  DOMID_SELF,
  domainFrames,
  EVTCHNOP,
  SCHEDOP,
  type ShutdownReason,
  shutdownReasons,
  startInfo,
} from "@clickos/hypervisor";
import { sharedInfo, vcpuInfo, virq } from "@clickos/xen-evtchn";
import {
  grantSetupTable,
  hypercall,
  invalidatePage,
  pageFlags,
  readOnlyPageFlags,
  startInfoOffsets,
  timeOffsets,
  vcpuOffsets,
} from "./abi.ts";
import type { KernelMemory } from "./memory.ts";

const startInfoAt = domainFrames.startInfo * frameSize;
const sharedInfoAt = domainFrames.sharedInfo * frameSize;
const consoleAt = domainFrames.console * frameSize;
const consoleBytes = 2048;
/** Of the bits of all event channels. */
const eventBytes = 512;
/** How often a guest waits for its console to be read before it leaves text out. */
const patience = 64;

export class Machine {
  readonly module: ModuleBuilder;
  readonly memory: KernelMemory;
  private readonly call5: Func<"i64">;
  /** The argument of a hypercall. */
  private readonly argument: number;
  /** The address of the table of the machine's frames. */
  private readonly frames: number;
  /** What is to be added to the system time for the time of day; when the program's timer is due. */
  private readonly clockOffset: number;
  private readonly timer: number;

  constructor(module: ModuleBuilder, memory: KernelMemory) {
    this.module = module;
    this.memory = memory;
    this.call5 = module.import("xen", "hypercall", { number: "i32", a: "i64", b: "i64", c: "i64", d: "i64" }, "i64");
    this.argument = memory.take(64, 16);
    this.frames = memory.take(4);
    this.clockOffset = memory.take(8);
    this.timer = memory.take(8);
  }

  hypercall(c: FunctionBuilder, number: number, ...args: (I32 | I64 | number | bigint)[]): I64 {
    const wide = [0, 1, 2, 3].map((i) => {
      const arg = args[i] ?? 0;
      if (typeof arg === "number" || typeof arg === "bigint") return c.i64(BigInt(arg));
      return arg.type === "i32" ? (arg as I32).toI64() : (arg as I64);
    }) as [I64, I64, I64, I64];
    return c.call(this.call5, c.i32(number), ...wide);
  }

  /** Maps the pages that Xen shares; first of all. `info` is the address of the start-info page. */
  takeOver(c: FunctionBuilder, info: I32): void {
    c.store32(this.frames, c.load32(info, startInfoOffsets.mfnList));
    this.map(c, startInfoAt, this.machineFrame(c, info.shrU(12)).toI64());
    this.map(c, sharedInfoAt, c.load64(startInfoAt, startInfo.offsets.sharedInfo).shrU(12n));
    this.map(c, consoleAt, c.load64(startInfoAt, startInfo.offsets.consoleMfn));
    this.map(c, domainFrames.store * frameSize, c.load64(startInfoAt, startInfo.offsets.storeMfn));
    this.mapGrantTable(c);
    c.fill(sharedInfoAt + sharedInfo.offsets.evtchnMask, 0, eventBytes);
  }

  private map(c: FunctionBuilder, address: I32 | number, frame: I64, flags: bigint = pageFlags): void {
    this.hypercall(c, hypercall.updateVaMapping, address, frame.shl(12n).or(flags), invalidatePage);
  }

  /** Makes the code's pages what nobody writes to, Xen having filled in its own. */
  protectCode(c: FunctionBuilder): void {
    const place = (name: string): I32 => c.call(this.module.import("xen", name, {}, "i32"));
    c.for(place("code_start").shrU(12), place("code_end").shrU(12), 1, (page) =>
      this.map(c, page.shl(12), this.machineFrame(c, page).toI64(), readOnlyPageFlags),
    );
  }

  /** `struct gnttab_setup_table`: dom, nr_frames, status, and where the frames are to be listed. */
  private mapGrantTable(c: FunctionBuilder): void {
    const count = domainFrames.grantTableFrames;
    const list = this.memory.take(8 * count);
    const { argument } = this;
    c.store32(argument, DOMID_SELF);
    c.store32(argument + 4, count);
    c.store32(argument + 8, 0);
    c.store64(argument + 16, BigInt(list));
    this.hypercall(c, hypercall.grantTableOp, grantSetupTable, argument, 1);
    for (let i = 0; i < count; i++) this.map(c, (domainFrames.grantTable + i) * frameSize, c.load64(list + 8 * i));
  }

  /** The machine's frame that one of the guest's is in. */
  machineFrame(c: FunctionBuilder, frame: I32 | number): I32 {
    return c.load32(c.i32(frame).shl(3).add(c.load32(this.frames)));
  }

  // Events.

  send(c: FunctionBuilder, port: I32): void {
    c.store32(this.argument, port);
    this.hypercall(c, hypercall.eventChannelOp, EVTCHNOP.send, this.argument);
  }
  /** A port for a domain to bind to; 0 when there is none. */
  allocUnbound(c: FunctionBuilder, remote: I32): I32 {
    c.store32(this.argument, remote.shl(16).or(DOMID_SELF));
    c.store32(this.argument + 4, 0);
    this.hypercall(c, hypercall.eventChannelOp, EVTCHNOP.allocUnbound, this.argument);
    return c.load32(this.argument + 4);
  }
  closePort(c: FunctionBuilder, port: I32): void {
    c.store32(this.argument, port);
    this.hypercall(c, hypercall.eventChannelOp, EVTCHNOP.close, this.argument);
  }
  /** Waits for an event, unless there is one; whoever waits looks at what it waits for between `clearEvents` and this. */
  block(c: FunctionBuilder): void {
    this.hypercall(c, hypercall.schedOp, SCHEDOP.block);
  }
  /** Waits until something is so; events that come meanwhile are forgotten. */
  await(c: FunctionBuilder, isSo: () => I32): void {
    c.loop(() => {
      this.clearEvents(c);
      c.if(isSo(), () => c.break());
      this.block(c);
    });
  }
  /** Makes Xen's note of events empty. */
  clearEvents(c: FunctionBuilder): void {
    c.store8(sharedInfoAt, 0, vcpuInfo.offsets.upcallPending);
    c.store64(sharedInfoAt, 0n, vcpuInfo.offsets.pendingSel);
    c.fill(sharedInfoAt + sharedInfo.offsets.evtchnPending, 0, eventBytes);
  }
  yield(c: FunctionBuilder): void {
    this.hypercall(c, hypercall.schedOp, SCHEDOP.yield);
  }

  // The clock.

  /** Nanoseconds since Xen was started: the last note of the time, and what the processor's counter says since. */
  systemTime(outer: FunctionBuilder): I64 {
    const { module } = this;
    const tsc = module.import("xen", "tsc", {}, "i64");
    const helper = module.once("system time", () =>
      module.func("system time", {}, "i64", (c) => {
        const at = sharedInfoAt + vcpuOffsets.time;
        const result = c.var("i64", 0n, "time");
        c.loop(() => {
          const version = c.atomicLoad(at, timeOffsets.version);
          const delta = c.call(tsc).sub(c.load64(at, timeOffsets.tscTimestamp));
          const shift = c.load8(at, timeOffsets.tscShift).shl(24).shrS(24);
          const scaled = c.select(shift.ltS(0), delta.shrU(c.i32(0).sub(shift).toI64()), delta.shl(shift.toI64()));
          const factor = c.load32(at, timeOffsets.tscToSystemMul).toI64();
          // The product has 96 bits, of which the upper 64 are wanted.
          const high = scaled.shrU(32n).mul(factor);
          const low = scaled.and(0xffffffffn).mul(factor).shrU(32n);
          result.set(c.load64(at, timeOffsets.systemTime).add(high).add(low));
          c.if(
            version
              .and(1)
              .or(version.ne(c.atomicLoad(at, timeOffsets.version)))
              .eqz(),
            () => c.break(),
          );
        });
        return result.get();
      }),
    );
    return outer.call(helper);
  }
  /** Binds the timer's event, and notes the time of day; later the clock goes on by itself. */
  startClock(c: FunctionBuilder): void {
    c.store32(this.argument, virq.timer);
    c.store32(this.argument + 4, 0);
    c.store32(this.argument + 8, 0);
    this.hypercall(c, hypercall.eventChannelOp, EVTCHNOP.bindVirq, this.argument);
    c.store64(this.clockOffset, this.wallOffset(c));
  }
  /** Nanoseconds since 1970. */
  now(c: FunctionBuilder): I64 {
    return this.systemTime(c).add(c.load64(this.clockOffset));
  }
  /** Asks for an event at a time since 1970; 0 is never. Asks only when the time is another than before. */
  setProgramTimer(c: FunctionBuilder, at: I64): void {
    c.if(at.ne(c.load64(this.timer)), () => {
      c.store64(this.timer, at);
      const left = at.sub(c.load64(this.clockOffset));
      // A time that is past is now, and 0 would be never.
      const due = c.select(left.gtS(1n), left, c.i64(1n));
      this.hypercall(c, hypercall.setTimerOp, c.select(at.eqz(), c.i64(0n), due));
    });
  }
  /** What nobody outside knows well: the processor's counter, mixed (splitmix64). */
  random(c: FunctionBuilder): I64 {
    const tsc = c.call(this.module.import("xen", "tsc", {}, "i64"));
    const a = tsc.xor(this.systemTime(c).rotl(32n));
    const b = a.xor(a.shrU(30n)).mul(-0x40a7b892e31b1a47n);
    const d = b.xor(b.shrU(27n)).mul(-0x6b2fb644ecceee15n);
    return d.xor(d.shrU(31n));
  }
  /** Nanoseconds since 1970 at system time 0. */
  private wallOffset(c: FunctionBuilder): I64 {
    const { wcSec, wcNsec } = sharedInfo.offsets;
    return c.load32(sharedInfoAt, wcSec).toI64().mul(1_000_000_000n).add(c.load32(sharedInfoAt, wcNsec).toI64());
  }
  // The console.

  write(outer: FunctionBuilder, address: I32Like, length: I32): void {
    const { module } = this;
    const helper = module.once("xen console", () =>
      module.func("console write", { address: "i32", length: "i32" }, undefined, (c, p) => {
        const { output, outCons, outProd } = consoleRing.offsets;
        const port = c.load32(startInfoAt, startInfo.offsets.consoleEvtchn);
        const turns = c.var("i32", 0, "turns");
        const at = c.var("i32", 0, "at");
        c.while(
          () => at.get().ltU(p.length).and(turns.get().ltU(patience)),
          () => {
            const prod = c.load32(consoleAt, outProd);
            const used = prod.sub(c.atomicLoad(consoleAt, outCons));
            c.if(
              used.geU(consoleBytes),
              () => {
                turns.inc();
                this.send(c, port);
                this.yield(c);
              },
              () => {
                c.store8(prod.and(consoleBytes - 1).add(consoleAt), c.load8(at.get().add(p.address)), output);
                c.atomicStore(consoleAt, prod.add(1), outProd);
                at.inc();
              },
            );
          },
        );
        this.send(c, port);
      }),
    );
    outer.call(helper, address, length);
  }
  print(c: FunctionBuilder, text: string): void {
    const { address, length } = this.memory.text(text);
    this.write(c, address, c.i32(length));
  }

  // The end.

  shutdown(c: FunctionBuilder, reason: ShutdownReason): void {
    c.store32(this.argument, shutdownReasons.indexOf(reason));
    this.hypercall(c, hypercall.schedOp, SCHEDOP.shutdown, this.argument);
  }
}
