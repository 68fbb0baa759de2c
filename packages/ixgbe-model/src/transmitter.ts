/**
 * The transmit side, section 7.2: which queues run, and when. With a line rate frames leave as the line is free, and wait in their
 * ring otherwise; without, as soon as the tail is written.
 */
import type { FrameBatch, FrameMemory } from "@clickos/vale";
import type { DmaWindow } from "./dma-window.ts";
import { fcsBytes, shortestFrame } from "./frame-counts.ts";
import type { Interrupts } from "./interrupts.ts";
import type { LineRate } from "./line-rate.ts";
import type { RegisterFile } from "./register-file.ts";
import * as R from "./registers.ts";
import type { Statistics } from "./statistics.ts";
import { transmitByCode } from "./transmit-by-code.ts";
import { FrameSender } from "./transmit-frames.ts";
import type { MakePlainTransmit, PlainTransmit } from "./transmit-plain.ts";
import { TransmitRing } from "./transmit-ring.ts";

interface Queue {
  readonly ring: TransmitRing;
  readonly sendPlain: PlainTransmit;
}

export class Transmitter {
  private readonly file: RegisterFile;
  private readonly memory: FrameMemory;
  private readonly statistics: Statistics;
  private readonly interrupts: Interrupts;
  private readonly line: LineRate | undefined;
  private readonly makePlain: MakePlainTransmit;
  private readonly leaves: (batch: FrameBatch) => void;
  private readonly queues: Queue[] = [];
  /** Puts frames together that need work; made when there is one. */
  private sender: FrameSender | undefined;
  private window: DmaWindow | undefined;
  private on = false;
  /** Frames are being sent: whoever takes them may write a tail, which is read again. */
  private busy = false;
  /** Frames of a queue wait for the line. */
  private waiting = false;

  constructor(
    file: RegisterFile,
    memory: FrameMemory,
    statistics: Statistics,
    interrupts: Interrupts,
    leaves: (batch: FrameBatch) => void,
    line: LineRate | undefined,
    makePlain: MakePlainTransmit = transmitByCode,
  ) {
    this.file = file;
    this.memory = memory;
    this.statistics = statistics;
    this.interrupts = interrupts;
    this.line = line;
    this.makePlain = makePlain;
    this.leaves = (batch) => {
      statistics.totalSent += batch.count;
      leaves(batch);
    };
    file.onRead("TDH", (n) => this.queue(n).ring.head);
    file.onRead("TDT", (n) => this.queue(n).ring.tail);
    file.onWrite("TDH", (value, n) => {
      const { ring } = this.queue(n);
      ring.head = ring.within(value);
    });
    file.onWrite("TDT", (value, n) => {
      const { ring } = this.queue(n);
      ring.tail = ring.within(value);
      this.run();
    });
    file.onWrite("TXDCTL", (_, n) => {
      this.queue(n);
      this.update();
    });
    for (const name of ["DMATXCTL", "HLREG0", "DTXTCPFLGL", "DTXTCPFLGH"] as const)
      file.onWrite(name, () => this.update());
    for (const name of ["TDWBAL", "TDWBAH"] as const) file.onWrite(name, (_, n) => this.configure(n));
  }

  reset(): void {
    for (const queue of this.queues) queue?.ring.reset();
    this.waiting = false;
    this.update();
  }
  /** Other memory that buffers may be in, from here on. */
  setWindow(window: DmaWindow | undefined): void {
    this.window = window;
    for (const queue of this.queues) if (queue) queue.ring.window = window;
  }
  /** Nanoseconds until the line is free for a frame that waits; `undefined` when none does. */
  get readyIn(): bigint | undefined {
    return this.waiting ? this.line?.freeIn : undefined;
  }

  /** Sends what may be sent now. */
  run(): void {
    if (!this.on || this.busy) return;
    const { line } = this;
    this.busy = true;
    try {
      line?.update(this.waiting);
      // Queues take turns, as each may find the line taken.
      for (let moved = true; moved; ) {
        moved = false;
        for (let n = 0; n < this.queues.length; n++) {
          const queue = this.queues[n];
          if (queue && this.runQueue(n, queue)) moved = true;
        }
      }
    } finally {
      this.busy = false;
    }
    if (line !== undefined) this.waiting = this.queues.some((queue) => queue?.ring.enabled && !isEmpty(queue.ring));
  }

  /** Whether it sent anything. */
  private runQueue(n: number, { ring, sendPlain }: Queue): boolean {
    if (!ring.enabled || isEmpty(ring)) return false;
    const { sent } = this.statistics;
    const { packets, octets } = sent;
    const { head } = ring;
    do {
      sendPlain();
    } while (!isEmpty(ring) && (ring.line?.free ?? true) && this.frames.send(ring));
    if (ring.head === head && sent.packets === packets) return false;
    const frames = sent.packets - packets;
    this.statistics.queueSent(n, frames, sent.octets - octets - frames * fcsBytes);
    this.statistics.dmaErrors += ring.dmaErrors;
    ring.dmaErrors = 0;
    ring.writeHead();
    if (ring.reported) {
      ring.reported = false;
      this.interrupts.sent(n);
    }
    return true;
  }

  private get frames(): FrameSender {
    if (!this.sender) {
      this.sender = new FrameSender(this.statistics.sent, this.leaves);
      this.configureSender();
    }
    return this.sender;
  }
  private configureSender(): void {
    const { sender, file } = this;
    if (!sender) return;
    sender.tagType = file.get("DMATXCTL") >>> R.DMATXCTL_VT_SHIFT;
    const low = file.get("DTXTCPFLGL");
    sender.flagMasks = [low & 0xfff, (low >>> 16) & 0xfff, file.get("DTXTCPFLGH") & 0xfff];
  }
  private queue(n: number): Queue {
    let queue = this.queues[n];
    if (!queue) {
      const ring = new TransmitRing(this.memory);
      ring.line = this.line;
      ring.window = this.window;
      queue = { ring, sendPlain: this.makePlain(ring, this.statistics.sent, this.leaves) };
      this.queues[n] = queue;
      this.configure(n);
    }
    return queue;
  }
  private configure(n: number): void {
    const { file } = this;
    const { ring } = this.queue(n);
    ring.least = (file.get("HLREG0") & R.HLREG0_TXPADEN) !== 0 ? shortestFrame : 0;
    const low = file.get("TDWBAL", n);
    // Bit 0 enables it; the address is a word's.
    ring.headAt = (low & 1) !== 0 && file.get("TDWBAH", n) === 0 ? (low & ~3) >>> 0 : -1;
  }
  /** Queues whose enable bits are set begin to run, and others stop. */
  update(): void {
    const { file } = this;
    this.on = (file.get("CTRL") & R.CTRL_GIO_DIS) === 0;
    const te = (file.get("DMATXCTL") & R.DMATXCTL_TE) !== 0;
    this.configureSender();
    this.queues.forEach(({ ring }, n) => {
      this.configure(n);
      const enabled = te && (file.get("TXDCTL", n) & R.DCTL_ENABLE) !== 0;
      if (enabled && !ring.enabled)
        ring.enable(file.get("TDBAH", n) * 2 ** 32 + file.get("TDBAL", n), file.get("TDLEN", n));
      ring.enabled = enabled;
    });
  }
}

function isEmpty(ring: TransmitRing): boolean {
  return ring.head === ring.tail;
}
