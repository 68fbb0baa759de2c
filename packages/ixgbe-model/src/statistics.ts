/**
 * Statistics, section 8.2.3.23. A counter is cleared by reading it, and stands still at its highest value. Octet counters have 36
 * bits in two registers, of which the lower is read first.
 */
import { FrameCounts } from "./frame-counts.ts";
import type { RegisterFile } from "./register-file.ts";
import { queueCount, type RegisterName } from "./register-table.ts";

/** Counters of queues: 16 of each kind, to which RQSMR and TQSM map the queues. */
const queueCounters = 16;

const highest = 0xffffffff;
const word = 0x100000000;

export class Statistics {
  readonly received: FrameCounts = new FrameCounts();
  readonly sent: FrameCounts = new FrameCounts();
  /** Frames and octets that arrived, good or not. */
  totalReceived = 0;
  totalOctets = 0;
  totalSent = 0;
  crcErrors = 0;
  illegalBytes = 0;
  errorBytes = 0;
  lengthErrors = 0;
  undersized = 0;
  fragments = 0;
  oversized = 0;
  jabbers = 0;
  missed = 0;
  checksumErrors = 0;
  /** Frames that were lost because a buffer was not in memory; no register has it. */
  dmaErrors = 0;
  localFaults = 0;
  remoteFaults = 0;
  private readonly queuePackets = [new Float64Array(queueCounters), new Float64Array(queueCounters)] as const;
  private readonly queueOctets = [new Float64Array(queueCounters), new Float64Array(queueCounters)] as const;
  private readonly queueDrops = new Float64Array(queueCounters);

  /** The counter of each queue. */
  private readonly receiveMap = new Uint8Array(queueCount);
  private readonly sendMap = new Uint8Array(queueCount);
  private readonly file: RegisterFile;

  constructor(file: RegisterFile) {
    this.file = file;
    file.onWrite("RQSMR", (value, n) => map(this.receiveMap, value, n));
    file.onWrite("TQSM", (value, n) => map(this.sendMap, value, n));
    const { received, sent } = this;
    this.counter("CRCERRS", this, "crcErrors");
    this.counter("ILLERRC", this, "illegalBytes");
    this.counter("ERRBC", this, "errorBytes");
    this.counter("RLEC", this, "lengthErrors");
    this.counter("RUC", this, "undersized");
    this.counter("RFC", this, "fragments");
    this.counter("ROC", this, "oversized");
    this.counter("RJC", this, "jabbers");
    this.counter("XEC", this, "checksumErrors");
    this.counter("MLFC", this, "localFaults");
    this.counter("MRFC", this, "remoteFaults");
    this.counter("TPR", this, "totalReceived");
    this.counter("TPT", this, "totalSent");
    this.counter("GPRC", received, "packets");
    this.counter("MPRC", received, "multicast");
    this.counter("BPRC", received, "broadcast");
    this.counter("GPTC", sent, "packets");
    this.counter("MPTC", sent, "multicast");
    this.counter("BPTC", sent, "broadcast");
    this.octets("TORL", "TORH", this, "totalOctets");
    this.octets("GORCL", "GORCH", received, "octets");
    this.octets("GOTCL", "GOTCH", sent, "octets");
    this.sizes(["PRC64", "PRC127", "PRC255", "PRC511", "PRC1023", "PRC1522"], received);
    this.sizes(["PTC64", "PTC127", "PTC255", "PTC511", "PTC1023", "PTC1522"], sent);
    // Missed frames are those of packet buffer 0: there is one.
    file.onRead("MPC", (n) => (n === 0 ? take(this, "missed") : 0));
    this.each("QPRC", this.queuePackets[0]);
    this.each("QPTC", this.queuePackets[1]);
    this.each("QPRDC", this.queueDrops);
    this.eachOctets("QBRC_L", "QBRC_H", this.queueOctets[0]);
    this.eachOctets("QBTC_L", "QBTC_H", this.queueOctets[1]);
  }

  /** Counts frames of a queue under the counter that it is mapped to; octets are without check sequences. */
  queueReceived(queue: number, packets: number, octets: number): void {
    const to = this.receiveMap[queue] as number;
    increase(this.queuePackets[0], to, packets);
    increase(this.queueOctets[0], to, octets);
  }
  queueSent(queue: number, packets: number, octets: number): void {
    const to = this.sendMap[queue] as number;
    increase(this.queuePackets[1], to, packets);
    increase(this.queueOctets[1], to, octets);
  }
  queueDropped(queue: number): void {
    increase(this.queueDrops, this.receiveMap[queue] as number, 1);
  }

  /** After a reset. */
  clear(): void {
    this.receiveMap.fill(0);
    this.sendMap.fill(0);
    this.received.clear();
    this.sent.clear();
    this.totalReceived = this.totalOctets = this.totalSent = this.missed = this.checksumErrors = 0;
    this.crcErrors = this.illegalBytes = this.errorBytes = this.lengthErrors = 0;
    this.undersized = this.fragments = this.oversized = this.jabbers = 0;
    this.localFaults = this.remoteFaults = this.dmaErrors = 0;
    for (const counters of [...this.queuePackets, ...this.queueOctets, this.queueDrops]) counters.fill(0);
  }

  private counter<K extends string>(name: RegisterName, of: Record<K, number>, key: K): void {
    this.file.onRead(name, () => take(of, key));
  }
  private octets<K extends string>(low: RegisterName, high: RegisterName, of: Record<K, number>, key: K): void {
    this.file.onRead(low, () => {
      const value = of[key] % word;
      of[key] -= value;
      return value;
    });
    this.file.onRead(high, () => {
      const value = Math.floor(of[key] / word);
      of[key] -= value * word;
      return value & 0xf;
    });
  }
  private sizes(names: readonly RegisterName[], { sizes }: FrameCounts): void {
    names.forEach((name, i) => {
      this.file.onRead(name, () => {
        let value = 0;
        // The last has all that are longer.
        const end = i === names.length - 1 ? sizes.length : i + 6;
        for (let k = i + 5; k < end; k++) {
          value += sizes[k] as number;
          sizes[k] = 0;
        }
        return Math.min(value, highest);
      });
    });
  }
  private each(name: RegisterName, counters: Float64Array): void {
    this.file.onRead(name, (n) => {
      const value = Math.min(counters[n] as number, highest);
      counters[n] = 0;
      return value;
    });
  }
  private eachOctets(low: RegisterName, high: RegisterName, counters: Float64Array): void {
    this.file.onRead(low, (n) => {
      const value = (counters[n] as number) % word;
      increase(counters, n, -value);
      return value;
    });
    this.file.onRead(high, (n) => {
      const value = Math.floor((counters[n] as number) / word);
      increase(counters, n, -value * word);
      return value & 0xf;
    });
  }
}

/** Four queues a register, a byte each. */
function map(counters: Uint8Array, value: number, n: number): void {
  for (let k = 0; k < 4; k++) counters[n * 4 + k] = (value >>> (k * 8)) & (queueCounters - 1);
}
function take<K extends string>(of: Record<K, number>, key: K): number {
  const value = of[key];
  of[key] = 0;
  return Math.min(value, highest);
}
function increase(counters: Float64Array, i: number, by: number): void {
  counters[i] = (counters[i] as number) + by;
}
