/** An image as a kernel that a hypervisor can start in a domain. */
import type { Guest, GuestDomain, Kernel, RunState } from "@clickos/hypervisor";

const states: readonly RunState[] = ["idle", "more", "halted"];
/** Rounds of all tasks in a slice. */
const sliceRounds = 8;

/** A kernel of a compiled module. `onPhase` is told of the steps of starting it. */
export function imageKernel(module: WebAssembly.Module, onPhase: (phase: string) => void = () => {}): Kernel {
  return {
    start(domain: GuestDomain): Guest {
      const bytes = new Uint8Array(domain.memory.buffer);
      const instance = new WebAssembly.Instance(module, {
        xen: {
          memory: domain.memory,
          evtchn_send: (port: number) => domain.eventSend(port),
          set_timer_op: (at: bigint) => domain.setTimer(at),
          // The guest gives address and length: what is outside its memory is not read.
          console_io: (address: number, length: number) =>
            domain.consoleWrite(bytes.slice(address >>> 0, (address >>> 0) + (length >>> 0))),
        },
      });
      onPhase("instantiate");
      const { boot, vcpu } = instance.exports as { boot: () => void; vcpu: (now: bigint, rounds: number) => number };
      boot();
      onPhase("guest");
      return { run: (now) => states[vcpu(now, sliceRounds)] ?? "halted" };
    },
  };
}
