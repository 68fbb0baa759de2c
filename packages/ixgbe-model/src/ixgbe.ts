/**
 * An Intel 82599 as a driver sees it: registers, descriptor rings in memory that both can reach, interrupts, and a wire. Frames on the
 * wire carry no frame check sequence; counters, limits and the line's rate have its four bytes all the same.
 *
 * Spec: Intel 82599 10 GbE Controller Datasheet 331520, revision 3.4: sections 4.6 (initialisation), 7.1 (receive), 7.2 (transmit),
 * 7.3 (interrupts), 8.2 (registers).
 */
import { Wakers } from "@clickos/run-loop";
import { type FrameBatch, FrameMemory } from "@clickos/vale";
import type { DmaWindow } from "./dma-window.ts";
import { Eeprom } from "./eeprom.ts";
import { Interrupts } from "./interrupts.ts";
import { LineRate } from "./line-rate.ts";
import { Link } from "./link.ts";
import type { MakePlainReceive } from "./receive-plain.ts";
import { type Damage, Receiver } from "./receiver.ts";
import { RegisterFile } from "./register-file.ts";
import * as R from "./registers.ts";
import { Statistics } from "./statistics.ts";
import type { MakePlainTransmit } from "./transmit-plain.ts";
import { Transmitter } from "./transmitter.ts";

/** What is at the far end of a NIC's wire. */
export interface WireEnd {
  /**
   * Takes frames 0 to `count` of the batch, valid during the call. Where their memory is `shared`, a guest may change their bytes
   * meanwhile: what is looked at and used again is to be copied first.
   */
  receive(batch: FrameBatch): void;
}

export interface IxgbeOptions {
  readonly mac: string;
  /**
   * The memory that descriptors' addresses are in; with `frameMemory` of `@clickos/vale`, frames go by WebAssembly. The NIC never reads
   * or writes any other.
   */
  readonly dma: ArrayBufferLike | FrameMemory;
  /** Nanoseconds, for the line and for interrupts: real time by default, simulated time where a simulated clock is given. */
  readonly now?: () => bigint;
  /**
   * Bits a second that leave on the wire, with preambles and gaps; without it frames leave at once. Those that wait leave when
   * `advance` is called.
   */
  readonly lineRate?: number | undefined;
  /** Other implementations of the plain case of both directions. */
  readonly plainReceive?: MakePlainReceive;
  readonly plainTransmit?: MakePlainTransmit;
}

export interface Ixgbe {
  readonly mac: Uint8Array;
  /** What descriptors' addresses are in, from 0 on. */
  readonly memory: FrameMemory;
  /** The buffer that it is in. */
  readonly dma: ArrayBufferLike;
  read32(register: number): number;
  /** @throws {RangeError} where it enables a queue whose ring is not in memory. */
  write32(register: number, value: number): void;
  /**
   * Lets the NIC reach other memory, as an IOMMU does, or nothing but its own: addresses there have a high half of `windowUpper`, and
   * count from the window's beginning.
   */
  setWindow(window: DmaWindow | undefined): void;
  /** Connects the far end of the wire. */
  connect(end: WireEnd): void;
  /** Takes the light off the wire, or puts it on again: the link goes down or up, and frames are lost while it is down. */
  setCarrier(carrier: boolean): void;
  /**
   * Frames `first` and after of the batch arrive on the wire. Returns how many found a descriptor, or were not for this NIC; the
   * caller decides whether the rest waits or is `missed`.
   */
  arrive(batch: FrameBatch, first: number): number;
  /** A frame of the batch arrives damaged. It is counted, and stored only where software asked for bad frames. */
  arriveDamaged(batch: FrameBatch, i: number, damage: Damage): void;
  /** Calls back when frames have arrived, or found no descriptor, once for a batch. @returns ends it. */
  onArrive(listener: () => void): () => void;
  /** Calls back with the vector of each interrupt; 0 without MSI-X. @returns ends it. */
  onInterrupt(listener: (vector: number) => void): () => void;
  /** Counts frames that arrived when no descriptor was free. */
  missed(frames: number): void;
  /** Does what time has come for: frames that waited for the line, interrupts that were held back. */
  advance(): void;
  /** Nanoseconds until `advance` has something to do; `undefined` for never. */
  readonly readyIn: bigint | undefined;
  /** Receive descriptors of the first queue that software has given and hardware has not used. */
  readonly freeDescriptors: number;
  /** Frames that were lost because a buffer was not in memory. */
  readonly dmaErrors: number;
}

/** Nanoseconds since the program began. */
const realTime = (): bigint => BigInt(Math.round(performance.now() * 1e6));

/** @throws {RangeError} for an address that is none. */
export function createIxgbe(options: IxgbeOptions): Ixgbe {
  return new Nic(options);
}

class Nic implements Ixgbe {
  readonly mac: Uint8Array;
  readonly memory: FrameMemory;
  readonly dma: ArrayBufferLike;
  private readonly file = new RegisterFile();
  private readonly statistics: Statistics;
  private readonly interrupts: Interrupts;
  private readonly receiver: Receiver;
  private readonly transmitter: Transmitter;
  private readonly eeprom: Eeprom;
  private readonly link: Link;
  private readonly arrivals = new Wakers();
  private readonly interrupted = new Set<(vector: number) => void>();
  private wire: WireEnd | undefined;
  private dmaErrorsTold = 0;

  constructor({ mac, dma, now = realTime, lineRate, plainReceive, plainTransmit }: IxgbeOptions) {
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) throw new RangeError(`'${mac}' is not a MAC address`);
    this.mac = Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));
    const memory = dma instanceof FrameMemory ? dma : new FrameMemory(dma);
    this.memory = memory;
    this.dma = memory.bytes.buffer;
    const { file } = this;
    this.statistics = new Statistics(file);
    this.interrupts = new Interrupts(file, now, (vector) => {
      for (const listener of this.interrupted) listener(vector);
    });
    this.receiver = new Receiver(file, memory, this.statistics, this.interrupts, plainReceive);
    const leaves = (batch: FrameBatch): void => {
      if (!this.link.dark) this.wire?.receive(batch);
    };
    const line = lineRate === undefined ? undefined : new LineRate(now, lineRate);
    this.transmitter = new Transmitter(file, memory, this.statistics, this.interrupts, leaves, line, plainTransmit);
    this.eeprom = new Eeprom(file, this.mac);
    this.link = new Link(file, this.statistics, () => this.interrupts.raise(R.EICR_LSC));
    file.onRead("CTRL", () => file.get("CTRL"));
    file.onWrite("CTRL", (value) => this.control(value));
    // Software may stop the NIC from using memory, and sees here that it has.
    file.onRead("STATUS", () => ((file.get("CTRL") & R.CTRL_GIO_DIS) === 0 ? R.STATUS_GIO : 0));
    this.reset();
  }

  read32(register: number): number {
    return this.file.read(register);
  }
  write32(register: number, value: number): void {
    this.file.write(register, value);
    if (this.statistics.dmaErrors > this.dmaErrorsTold) this.tellDmaErrors();
  }
  setWindow(window: DmaWindow | undefined): void {
    this.receiver.setWindow(window);
    this.transmitter.setWindow(window);
  }
  connect(end: WireEnd): void {
    this.wire = end;
    this.link.connect();
  }
  setCarrier(carrier: boolean): void {
    this.link.setCarrier(carrier);
  }
  arrive(batch: FrameBatch, first: number): number {
    if (this.link.dark) return batch.count - first;
    const taken = this.receiver.arrive(batch, first);
    if (this.statistics.dmaErrors > this.dmaErrorsTold) this.tellDmaErrors();
    // Where no descriptor was free, whoever has some may want to know.
    if (first < batch.count) this.arrivals.wake();
    return taken;
  }
  arriveDamaged(batch: FrameBatch, i: number, damage: Damage): void {
    if (!this.link.dark) this.receiver.arriveDamaged(batch, i, damage);
  }
  onArrive(listener: () => void): () => void {
    return this.arrivals.add(listener);
  }
  onInterrupt(listener: (vector: number) => void): () => void {
    const own = (vector: number): void => listener(vector);
    this.interrupted.add(own);
    return () => void this.interrupted.delete(own);
  }
  missed(frames: number): void {
    this.statistics.missed += frames;
    if (frames > 0) this.interrupts.raise(R.EICR_RX_MISS);
  }
  advance(): void {
    this.transmitter.run();
    this.interrupts.advance();
  }
  get readyIn(): bigint | undefined {
    const line = this.transmitter.readyIn;
    const held = this.interrupts.readyIn;
    if (line === undefined || held === undefined) return line ?? held;
    return line < held ? line : held;
  }
  get freeDescriptors(): number {
    return this.receiver.free;
  }
  get dmaErrors(): number {
    return this.statistics.dmaErrors;
  }

  /** CTRL, section 4.2.1: both kinds of reset bring all back to where it was, and their bits clear themselves. */
  private control(value: number): void {
    if ((value & (R.CTRL_RST | R.CTRL_LRST)) !== 0) {
      this.reset();
      return;
    }
    this.file.set("CTRL", value);
    this.receiver.update();
    this.transmitter.update();
  }
  private reset(): void {
    this.file.reset();
    this.statistics.clear();
    this.interrupts.reset();
    this.eeprom.reset();
    this.receiver.reset();
    this.transmitter.reset();
    this.dmaErrorsTold = 0;
  }
  private tellDmaErrors(): void {
    this.dmaErrorsTold = this.statistics.dmaErrors;
    this.interrupts.raise(R.EICR_PCI);
  }
}
