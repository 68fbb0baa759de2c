/**
 * The kernel of compiled guests under Xen: what `guestKernel` stages, and around it what a guest of the real thing does itself.
 * It takes over from Xen's builder, finds its devices in the store, runs the program, and ends when it is told to.
 *
 * Entry points: `start(info)` with the address of the start-info page, and `trapped(vector, address)`; neither returns.
 */
import type { Func, ModuleBuilder } from "@clickos/codegen";
import { frameSize, reservedEntries } from "@clickos/grant-table";
import { domainFrames } from "@clickos/hypervisor";
import { type FramePlace, ownGrants } from "@clickos/netfront";
import { type GuestHost, type GuestKernel, type GuestProgram, guestKernel } from "../kernel.ts";
import { vcpuOffsets } from "./abi.ts";
import { Control } from "./control.ts";
import { Machine } from "./machine.ts";
import { endOfKernelMemory, KernelMemory, TextBuffer } from "./memory.ts";
import { StoreClient } from "./store.ts";
import { VifHandshake } from "./vif.ts";

/** Rounds of the program's tasks between two looks at the devices. */
const rounds = 64;
const shutdownToken = "s";
const shutdownRequests = { poweroff: "poweroff", halt: "poweroff", reboot: "reboot" } as const;
/** Exceptions, as a crash is told. */
const exceptions: Readonly<Record<number, string>> = {
  0: "a division that has no result",
  6: "the end of what the program says (a trap)",
  13: "a general protection fault",
  14: "an access outside of the memory",
};

export interface XenKernelOptions {
  /** Where frames are in the program's buffers. */
  readonly frames: FramePlace;
  /** What the console says it is. */
  readonly name: string;
}

export function xenKernel({ frames, name }: XenKernelOptions): GuestKernel {
  const kernel = guestKernel({
    host,
    frames,
    name,
    place: { base: endOfKernelMemory, firstGrant: reservedEntries },
    rings: Object.fromEntries(Array.from({ length: 100 }, (_, device) => [device, "netif"] as const)),
  });
  return {
    ...kernel,
    // What is received comes into pages of the interface's own.
    buffersPerDevice: ownGrants.netif - ownGrants.persistent,
    get vifs() {
      return kernel.vifs;
    },
    finish(module, program) {
      const start = stageStart(module, kernel, program, name);
      module.export("start", start);
      module.export("trapped", stageTrapped(module, program));
    },
  };
}

function machineOf(module: ModuleBuilder): Machine {
  return module.once("xen machine", () => new Machine(module, new KernelMemory(module)));
}

const host: GuestHost = {
  send: (c, port) => machineOf(c.module).send(c, port),
  setTimer: (c, at) => machineOf(c.module).setProgramTimer(c, at),
  write: (c, address, length) => machineOf(c.module).write(c, address, length),
  machineFrame: (c, frame) => machineOf(c.module).machineFrame(c, frame),
};

function stageStart(module: ModuleBuilder, kernel: GuestKernel, program: GuestProgram, name: string): Func<undefined> {
  const machine = machineOf(module);
  const store = new StoreClient(machine);
  const control = new Control(machine, store);
  const vifs = kernel.vifs.map((places, i) => new VifHandshake(machine, store, places, i));
  const { boot, vcpu } = kernel.entryPoints(module, program);
  return module.func("start", { info: "i32" }, undefined, (c, { info }) => {
    c.placeData();
    machine.takeOver(c, info);
    machine.protectCode(c);
    machine.print(c, `${name}: ClickOS under Xen, ${vifs.length} interface${vifs.length === 1 ? "" : "s"}\n`);
    machine.startClock(c);
    if (program.seed !== undefined) c.store64(program.seed, machine.random(c));
    for (const vif of vifs) vif.prepare(c);
    c.call(boot);
    for (const vif of vifs) vif.announce(c);
    store.watch(c, (t) => t.text(c, "control/shutdown"), shutdownToken);
    control.publish(c);
    machine.print(c, `${name}: runs\n`);
    const state = c.var("i32", 0, "state");
    c.loop(() => {
      c.if(
        control.isHalted(c),
        () => {
          machine.clearEvents(c);
          state.set(0);
        },
        () => state.set(c.call(vcpu, machine.now(c), c.i32(rounds))),
      );
      c.if(state.get().eq(2), () => {
        machine.print(c, `${name}: the configuration has stopped\n`);
        machine.shutdown(c, "poweroff");
      });
      store.takeEvents(c, (token, path, length) => {
        // What was asked for may be to run.
        state.set(1);
        c.if(token.eq(Control.token.charCodeAt(0)), () => control.changed(c, path, length));
        c.if(token.eq(shutdownToken.charCodeAt(0)), () => {
          const length = store.read(c, (t) => t.text(c, "control/shutdown"));
          for (const [request, reason] of Object.entries(shutdownRequests))
            c.if(store.equals(c, store.reply, length, request), () => {
              store.write(
                c,
                (t) => t.text(c, "control/shutdown"),
                () => {},
              );
              machine.print(c, `${name}: ${request}\n`);
              machine.shutdown(c, reason);
            });
          // What is left there is not acknowledged: the toolstack gives up, and the guest goes on.
          c.if(store.equals(c, store.reply, length, "suspend"), () => {
            machine.print(c, `${name}: suspend: refused, a guest of Xen cannot be saved; it goes on\n`);
            control.fail(c, (t) => t.text(c, "a guest of Xen cannot be saved or moved: create it where it is to run"));
          });
        });
        for (const vif of vifs) c.if(token.eq(vif.token), () => vif.changed(c));
      });
      c.if(state.get().eqz(), () => machine.block(c));
    });
  });
}

/** Says on the console what has happened, and where, and ends the guest as crashed. */
function stageTrapped(module: ModuleBuilder, program: GuestProgram): Func<undefined> {
  const machine = machineOf(module);
  const text = new TextBuffer(machine.memory, 512);
  return module.func("trapped", { vector: "i32", address: "i64" }, undefined, (c, { vector, address }) => {
    text.begin(c).text(c, "crash: ");
    const known = c.var("i32", 0, "known");
    for (const [number, what] of Object.entries(exceptions))
      c.if(vector.eq(Number(number)), () => {
        known.set(1);
        text.text(c, what);
      });
    c.if(known.get().eqz(), () => text.text(c, "exception ").decimal(c, vector));
    text.text(c, ", code 0x").number(c, address, 16n);
    c.if(vector.eq(14), () =>
      text.text(c, ", address 0x").number(c, c.load64(domainFrames.sharedInfo * frameSize, vcpuOffsets.cr2), 16n),
    );
    const running = c.load32(program.running);
    c.if(running, () => text.text(c, ", element ").decimal(c, running.sub(1)));
    text.text(c, "\n");
    machine.write(c, text.address, text.length(c));
    machine.shutdown(c, "crash");
  });
}
