/** A domain as its guest sees it, on whatever thread runs it: memory, and what the hypercalls are made of. */
import { type EventEndpoint, type EvtchnPort, raiseVirq, sendEvent, virq } from "@clickos/xen-evtchn";
import type { ConsoleWriter } from "./console-writer.ts";
import { EVTCHNOP, errno, type ShutdownReason } from "./hypercalls.ts";
import type { GuestDomain } from "./kernel.ts";

/** What a thread does for the guests it runs. */
export interface ThreadServices {
  /** Domains that the thread can send events to. */
  endpoint(id: number): EventEndpoint | undefined;
  /** A hypercall that domain 0 answers, by number; the thread waits. */
  call(domain: number, number: number, command: number, a: number, b: number): number;
  shutdown(domain: number, reason: ShutdownReason): void;
}

export class GuestContext implements GuestDomain {
  /** When it is to run again, in the domain's time; 0 for never. */
  timer = 0n;

  readonly id: number;
  readonly memory: WebAssembly.Memory;
  readonly resumed: boolean;
  private readonly endpoint: EventEndpoint;
  private readonly console: ConsoleWriter;
  private readonly thread: ThreadServices;
  private over = false;

  constructor(
    id: number,
    memory: WebAssembly.Memory,
    resumed: boolean,
    endpoint: EventEndpoint,
    console: ConsoleWriter,
    thread: ThreadServices,
  ) {
    this.id = id;
    this.memory = memory;
    this.resumed = resumed;
    this.endpoint = endpoint;
    this.console = console;
    this.thread = thread;
  }

  /** Bytes of the guest's memory, `undefined` when they are not all in it. */
  bytes(address: number, length: number): Uint8Array | undefined {
    const { buffer } = this.memory;
    return address >= 0 && length >= 0 && address + length <= buffer.byteLength
      ? new Uint8Array(buffer, address, length)
      : undefined;
  }

  eventSend(port: EvtchnPort): boolean {
    return sendEvent(this.endpoint, port >>> 0, (id) => this.thread.endpoint(id));
  }
  eventOp(command: number, a: number, b = 0): number {
    if (command === EVTCHNOP.send) return this.eventSend(a) ? 0 : errno.EINVAL;
    return this.thread.call(this.id, 32, command, a, b);
  }
  ask(number: number, command: number, a: number, b: number): number {
    return this.thread.call(this.id, number, command, a, b);
  }
  consoleWrite(text: Uint8Array): void {
    this.console.write(text);
  }
  /** Takes what the guest has put in its console's ring. */
  consoleDrain(): void {
    this.console.drain();
  }
  setTimer(atNs: bigint): void {
    this.timer = atNs;
  }
  /** Its timer is due: it is set no more, and `VIRQ_TIMER` is raised for who has bound it. */
  timerDue(): void {
    this.timer = 0n;
    raiseVirq(this.endpoint, virq.timer);
  }
  shutdown(reason: ShutdownReason): void {
    // Said once: nobody has to listen to a guest that says it without end.
    if (this.over) return;
    this.over = true;
    this.thread.shutdown(this.id, reason);
  }
}
