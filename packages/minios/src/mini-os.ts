/**
 * A kernel for guests in TypeScript: an event loop with cooperative threads, timers, events, a console, frames, grants
 * and a client of the store. What a program does runs inside its domain's slices, so that what it throws is its own
 * crash and nobody else's. Its mistakes, that is: a program in TypeScript is trusted code, with the rights of the process.
 *
 * A thread is a generator: it yields where it waits, and is looked at again when anything has happened to the domain.
 */
import { createGrantTable, frameSize, type GrantTable } from "@clickos/grant-table";
import {
  consoleRing,
  domainFrames,
  EVTCHNOP,
  type GuestDomain,
  type Kernel,
  type RunState,
  startInfo,
} from "@clickos/hypervisor";
import type { Waiting } from "@clickos/netfront";
import { sharedInfo, takePending } from "@clickos/xen-evtchn";
import { ringSession } from "@clickos/xenstore";
import { createXenbus, type XenbusClient } from "./xenbus.ts";

export interface MiniOs {
  readonly domain: GuestDomain;
  readonly xenbus: XenbusClient;
  readonly grants: GrantTable;
  /** The time of this slice, nanoseconds. */
  now(): bigint;
  /** Starts a thread. */
  spawn(thread: Waiting<unknown>): void;
  /** Waits for so long. */
  sleep(nanoseconds: bigint): Waiting<void>;
  /** Has the domain run again at once, as if something had come. */
  again(): void;
  /** Opens an event channel to a domain: the port. @throws {Error} when there is none left. */
  openChannel(remote: number, handler: () => void): number;
  closeChannel(port: number): void;
  send(port: number): void;
  /** Frames of memory for the program, by number. @throws {RangeError} when all are in use. */
  allocateFrame(): number;
  freeFrame(frame: number): void;
  /** Writes to the console. */
  print(text: string): void;
  /** What was typed into the console since it was last asked for. */
  typed(): string;
}

const sharedInfoAt = domainFrames.sharedInfo * frameSize;
const consoleAt = domainFrames.console * frameSize;
const consoleSize = { output: 2048, input: 1024 };

/** A kernel that runs a program. The domain halts when all its threads have ended. */
export function miniOs(program: (os: MiniOs) => Waiting<unknown> | void): Kernel {
  return {
    start(domain) {
      const { buffer } = domain.memory;
      const bytes = new Uint8Array(buffer);
      const words = new Int32Array(buffer, sharedInfoAt, sharedInfo.size >> 2);
      const handlers = new Map<number, () => void>();
      let threads: Waiting<unknown>[] = [];
      const timers = new Set<bigint>();
      let now = 0n;
      let more = false;

      const info = startInfo.view(buffer, domainFrames.startInfo * frameSize);
      const storePort = info.storeEvtchn;
      const session = ringSession(
        buffer,
        Number(info.storeMfn) * frameSize,
        () => domain.eventSend(storePort),
        (path, token) => xenbus.event(path, token),
      );
      const xenbus = createXenbus(session);
      if (storePort > 0) handlers.set(storePort, () => session.poll());

      // Frames from the first that is the guest's own; those that were given back are used first.
      const frames = {
        next: domainFrames.firstFree as number,
        end: buffer.byteLength / frameSize,
        free: [] as number[],
      };
      const os: MiniOs = {
        domain,
        xenbus: xenbus.client,
        grants: createGrantTable({
          buffer,
          offset: domainFrames.grantTable * frameSize,
          frames: domainFrames.grantTableFrames,
        }),
        now: () => now,
        spawn(thread) {
          threads.push(thread);
          more = true;
        },
        *sleep(nanoseconds) {
          const due = now + nanoseconds;
          timers.add(due);
          while (now < due) yield;
          timers.delete(due);
        },
        again() {
          more = true;
        },
        openChannel(remote, handler) {
          const port = domain.eventOp(EVTCHNOP.allocUnbound, remote);
          if (port < 0) throw new Error(`no event channel to domain ${remote}: error ${port}`);
          handlers.set(port, handler);
          return port;
        },
        closeChannel(port) {
          handlers.delete(port);
          domain.eventOp(EVTCHNOP.close, port);
        },
        send: (port) => void domain.eventSend(port),
        allocateFrame() {
          const frame = frames.free.pop() ?? frames.next++;
          if (frame >= frames.end) {
            frames.next = frames.end;
            throw new RangeError("all frames of the domain are in use");
          }
          return frame;
        },
        freeFrame: (frame) => void frames.free.push(frame),
        print: (text) => printConsole(domain, new TextEncoder().encode(text)),
        typed() {
          const ring = new Uint32Array(buffer, consoleAt, frameSize >> 2);
          const { inCons, inProd } = consoleRing.offsets;
          const cons = Atomics.load(ring, inCons >> 2);
          const count = Math.min((Atomics.load(ring, inProd >> 2) - cons) >>> 0, consoleSize.input);
          let text = "";
          for (let i = 0; i < count; i++)
            text += String.fromCharCode(bytes[consoleAt + ((cons + i) & (consoleSize.input - 1))] as number);
          Atomics.store(ring, inCons >> 2, cons + count);
          return text;
        },
      };
      const main = program(os);
      if (main) threads.push(main);
      return {
        run(at): RunState {
          now = at;
          more = false;
          for (const port of takePending(words)) handlers.get(port)?.();
          // Threads that are started in between have their first turn at once.
          const turn = threads;
          threads = [];
          const alive = turn.filter((thread) => !thread.next().done);
          threads = [...alive, ...threads];
          if (threads.length === 0 && handlers.size <= 1) return "halted";
          let next = 0n;
          for (const due of timers) if (next === 0n || due < next) next = due;
          domain.setTimer(next);
          return more ? "more" : "idle";
        },
      };
    },
  };
}

/** Writes to the console's ring; when there is no room, through the hypercall, which empties it first. */
function printConsole(domain: GuestDomain, text: Uint8Array): void {
  const { buffer } = domain.memory;
  const ring = new Uint32Array(buffer, consoleAt, frameSize >> 2);
  const { output, outCons, outProd } = consoleRing.offsets;
  const prod = Atomics.load(ring, outProd >> 2);
  const used = (prod - Atomics.load(ring, outCons >> 2)) >>> 0;
  if (used + text.length > consoleSize.output) {
    domain.consoleWrite(text);
    return;
  }
  const bytes = new Uint8Array(buffer, consoleAt + output, consoleSize.output);
  for (let i = 0; i < text.length; i++) bytes[(prod + i) & (consoleSize.output - 1)] = text[i] as number;
  Atomics.store(ring, outProd >> 2, prod + text.length);
}
