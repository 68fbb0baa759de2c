/**
 * The receive side, section 7.1: which frames the NIC takes, which queue each is for, and what its descriptor tells of it.
 *
 * In the plain case — one queue, legacy descriptors, every frame taken as it is — whole batches go to the queue at once. In all others
 * the NIC looks at each frame.
 */
import { type FrameBatch, type FrameMemory, OwnFrames } from "@clickos/vale";
import { AddressFilter } from "./address-filter.ts";
import type { DmaWindow } from "./dma-window.ts";
import { fcsBytes, shortestFrame } from "./frame-counts.ts";
import { ipv4, read16 } from "./headers.ts";
import { Inspection } from "./inspection.ts";
import type { Interrupts } from "./interrupts.ts";
import { receiveByCode } from "./receive-by-code.ts";
import { checkPacket, typeOf } from "./receive-checksum.ts";
import type { MakePlainReceive, PlainReceive } from "./receive-plain.ts";
import { type FrameReport, ReceiveRing } from "./receive-ring.ts";
import type { RegisterFile } from "./register-file.ts";
import * as R from "./registers.ts";
import { Rss } from "./rss.ts";
import type { Statistics } from "./statistics.ts";

/**
 * What is wrong with a frame that arrives: its check sequence; a symbol of the line; its length field; or that it is shorter than
 * Ethernet's shortest, with a good check sequence.
 */
export type Damage = "check sequence" | "symbol" | "length" | "undersized";

export class Receiver {
  private readonly file: RegisterFile;
  private readonly statistics: Statistics;
  private readonly interrupts: Interrupts;
  private readonly memory: FrameMemory;
  private readonly filter: AddressFilter;
  private readonly rss = new Rss();
  private readonly packet = new Inspection();
  private readonly report: FrameReport = { type: 0, hash: 0, status: 0, tag: -1 };
  private readonly rings: ReceiveRing[] = [];
  private readonly receivePlain: PlainReceive;
  private window: DmaWindow | undefined;
  /** Copies of frames that others can write to; made when there are some. */
  private own: OwnFrames | undefined;
  /** Whether the first queue can take batches as they are. */
  private plain = false;
  /** RXCTRL.RXEN, and the NIC may use memory. */
  private on = false;
  /** Bytes of the longest frame, without its check sequence. */
  private longest = 0;
  /** Queues that frames came to in this batch: RSS chooses among 16. */
  private touched = 0;

  constructor(
    file: RegisterFile,
    memory: FrameMemory,
    statistics: Statistics,
    interrupts: Interrupts,
    makePlain: MakePlainReceive = receiveByCode,
  ) {
    this.file = file;
    this.memory = memory;
    this.statistics = statistics;
    this.interrupts = interrupts;
    this.filter = new AddressFilter(file);
    this.receivePlain = makePlain(this.ring(0), statistics.received);
    this.hookQueues();
    file.onWrite("RXCTRL", () => this.update());
    for (const name of ["FCTRL", "VLNCTRL"] as const) file.onWrite(name, () => this.choosePath());
    file.onWrite("MRQC", (value) => {
      this.rss.setMode(value);
      this.choosePath();
    });
    file.onWrite("RSSRK", (value, n) => this.rss.setKey(value, n));
    file.onWrite("RETA", (value, n) => this.rss.setEntries(value, n));
    for (const name of ["HLREG0", "MAXFRS"] as const) file.onWrite(name, () => this.setLongest());
    file.onRead("RDRXCTL", () => file.get("RDRXCTL") | R.RDRXCTL_DMAIDONE);
    file.onWrite("RDRXCTL", (value) => file.set("RDRXCTL", value));
  }

  reset(): void {
    for (const ring of this.rings) ring?.reset();
    this.rings.forEach((_, n) => this.configure(n));
    this.rss.reset();
    this.filter.read();
    this.setLongest();
    this.update();
  }
  /** Descriptors of the first queue that are the hardware's. */
  get free(): number {
    return this.on ? this.ring(0).free : 0;
  }

  /** Other memory that buffers may be in, from here on. */
  setWindow(window: DmaWindow | undefined): void {
    this.window = window;
    for (const ring of this.rings) if (ring) ring.window = window;
  }

  /** Takes frames `first` and after; returns how many, up to one that waits for a descriptor. */
  arrive(batch: FrameBatch, first: number): number {
    if (!this.on) return 0;
    const taken = this.plain ? this.arrivePlain(batch, first) : this.arriveFiltered(batch, first);
    this.statistics.totalReceived += taken;
    this.tellQueues();
    return taken;
  }

  /** Counts a frame that arrives damaged; it is stored where FCTRL.SBP asks for that. */
  arriveDamaged(batch: FrameBatch, i: number, damage: Damage): void {
    if (!this.on) return;
    const { statistics } = this;
    const length = batch.lengths[i] as number;
    statistics.totalReceived++;
    statistics.totalOctets += length + fcsBytes;
    if (damage === "length") statistics.lengthErrors++;
    else if (damage === "undersized") statistics.undersized++;
    else if (length < shortestFrame) statistics.fragments++;
    else if (length > this.longest) statistics.jabbers++;
    else statistics.crcErrors++;
    if (damage === "symbol") {
      statistics.illegalBytes++;
      statistics.errorBytes++;
    }
    if ((this.file.get("FCTRL") & R.FCTRL_SBP) === 0 || length > this.longest) return;
    this.look(batch, i, length);
    if (this.filter.accepts(this.packet)) this.store(batch, i, length, R.RX_ERROR_RXE);
    this.tellQueues();
  }

  private arrivePlain(batch: FrameBatch, first: number): number {
    const { statistics } = this;
    const { received } = statistics;
    const { packets, octets } = received;
    let i = first;
    for (;;) {
      i += this.receivePlain(batch, i, this.longest);
      if (i >= batch.count || (batch.lengths[i] as number) <= this.longest) break;
      this.oversized(batch.lengths[i] as number);
      i++;
    }
    const frames = received.packets - packets;
    if (frames > 0) {
      statistics.totalOctets += received.octets - octets;
      statistics.queueReceived(0, frames, received.octets - octets - frames * fcsBytes);
      this.touched = 1;
    }
    return i - first;
  }

  private arriveFiltered(given: FrameBatch, first: number): number {
    const { statistics, filter, packet } = this;
    // What was looked at is what is stored.
    if (given.memory.shared) this.own ??= new OwnFrames();
    const batch = given.memory.shared && this.own ? this.own.copy(given) : given;
    const { bytes } = batch.memory;
    let i = first;
    for (; i < batch.count; i++) {
      const length = batch.lengths[i] as number;
      if (length > this.longest) {
        this.oversized(length);
        continue;
      }
      this.look(batch, i, length);
      if (filter.accepts(packet)) {
        const stored = this.store(batch, i, length, 0);
        if (stored === "full") break;
        if (stored === "put") statistics.received.add(bytes, batch.offsets[i] as number, length);
      }
      statistics.totalOctets += length + fcsBytes;
    }
    return i - first;
  }

  /** Puts the frame that was looked at into its queue. A queue that drops is never full. */
  private store(batch: FrameBatch, i: number, length: number, status: number): "put" | "lost" | "full" {
    const { packet, report, rss, statistics } = this;
    const queue = rss.queueOf(packet);
    const ring = this.rings[queue];
    // Section 4.6.7: what is for a queue that is not enabled is dropped.
    if (!ring?.enabled) return "lost";
    report.tag = packet.tag;
    report.type = report.hash = 0;
    report.status = status;
    if (this.filter.inexact) report.status |= R.RX_PIF;
    if (ring.takesTags && packet.tag >= 0) report.status |= R.RX_VP;
    if (ring.advanced) this.describe(report);
    const put = ring.put(batch, i, length, report);
    if (put === "put") {
      statistics.queueReceived(queue, 1, length);
      this.touched |= 1 << queue;
    } else if (put === "full" && ring.drops) {
      statistics.queueDropped(queue);
      return "lost";
    }
    return put;
  }
  /** What an advanced descriptor tells beside. */
  private describe(report: FrameReport): void {
    const { packet, rss } = this;
    const checked = checkPacket(packet);
    if ((checked & (R.RX_ERROR_IPE | R.RX_ERROR_TCPE)) !== 0) this.statistics.checksumErrors++;
    report.status |= checked;
    report.type = typeOf(packet);
    if ((this.file.get("RXCSUM") & R.RXCSUM_PCSD) !== 0) {
      report.type |= rss.type;
      report.hash = rss.hash;
    } else if (packet.ip === 4) report.hash = read16(packet.bytes, packet.ipAt + ipv4.identification);
  }
  private look(batch: FrameBatch, i: number, length: number): void {
    this.packet.look(batch.memory.bytes, batch.offsets[i] as number, length, this.filter.tagType);
  }
  private oversized(length: number): void {
    this.statistics.oversized++;
    this.statistics.totalOctets += length + fcsBytes;
  }

  /** Tells the queues that frames came to, and what went wrong. */
  private tellQueues(): void {
    const { interrupts, statistics } = this;
    for (let queue = 0, bits = this.touched; bits !== 0; queue++, bits >>>= 1)
      if ((bits & 1) !== 0) interrupts.received(queue);
    this.touched = 0;
    for (const ring of this.rings) {
      if (!ring) continue;
      statistics.missed += ring.tooLong;
      statistics.dmaErrors += ring.dmaErrors;
      ring.tooLong = ring.dmaErrors = 0;
    }
  }

  private ring(n: number): ReceiveRing {
    let ring = this.rings[n];
    if (!ring) {
      ring = new ReceiveRing(this.memory);
      ring.window = this.window;
      this.rings[n] = ring;
      this.configure(n);
    }
    return ring;
  }
  private hookQueues(): void {
    const { file } = this;
    file.onRead("RDH", (n) => this.ring(n).head);
    file.onRead("RDT", (n) => this.ring(n).tail);
    file.onWrite("RDH", (value, n) => {
      const ring = this.ring(n);
      ring.head = ring.within(value);
    });
    file.onWrite("RDT", (value, n) => {
      const ring = this.ring(n);
      ring.tail = ring.within(value);
    });
    for (const name of ["SRRCTL", "RXDCTL"] as const)
      file.onWrite(name, (_, n) => {
        this.ring(n);
        this.configure(n);
        this.update();
      });
  }
  private configure(n: number): void {
    const ring = this.rings[n] as ReceiveRing;
    const srrctl = this.file.get("SRRCTL", n);
    ring.bufferSize = (srrctl & R.SRRCTL_BSIZEPACKET) * 1024 || 2048;
    ring.advanced = (srrctl & R.SRRCTL_DESCTYPE) !== 0;
    ring.drops = (srrctl & R.SRRCTL_DROP_EN) !== 0;
    ring.takesTags = (this.file.get("RXDCTL", n) & R.RXDCTL_VME) !== 0;
  }
  /** Queues whose enable bits are set begin to run, and others stop. */
  update(): void {
    const { file } = this;
    this.on = (file.get("RXCTRL") & R.RXCTRL_RXEN) !== 0 && (file.get("CTRL") & R.CTRL_GIO_DIS) === 0;
    this.rings.forEach((ring, n) => {
      const enabled = this.on && (file.get("RXDCTL", n) & R.DCTL_ENABLE) !== 0;
      // What is above 4 GiB is not in memory.
      if (enabled && !ring.enabled)
        ring.enable(file.get("RDBAH", n) * 2 ** 32 + file.get("RDBAL", n), file.get("RDLEN", n));
      ring.enabled = enabled;
    });
    this.choosePath();
  }
  private choosePath(): void {
    const ring = this.ring(0);
    const asIs = !ring.advanced && !ring.drops && !ring.takesTags;
    this.plain = ring.enabled && asIs && !this.rss.enabled && this.filter.takesAll;
  }
  private setLongest(): void {
    const jumbo = (this.file.get("HLREG0") & R.HLREG0_JUMBOEN) !== 0;
    const limit = this.file.get("MAXFRS") >>> R.MAXFRS_MFS_SHIFT;
    this.longest = (jumbo ? Math.min(limit, R.MFS_MAXIMUM) : R.MFS_DEFAULT) - fcsBytes;
  }
}
