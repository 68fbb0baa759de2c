/**
 * An Intel 82599 with one receive and one transmit queue, as a driver sees it: registers, descriptor rings in
 * memory that both can reach, and a wire. Frames on the wire carry no frame check sequence.
 *
 * Spec: Intel 82599 datasheet 3.4, sections 4.6 (initialisation), 7.1 (receive), 7.2 (transmit), 8.2 (registers).
 * Not modelled: interrupts (`onArrive` is in their place), offloads, filters beyond promiscuous reception, other queues.
 */
import { Wakers } from "@clickos/run-loop";
import { copyFrame, copyPart, FrameBatch, GatheredFrames } from "@clickos/vale";
import * as R from "./registers.ts";

/** What is at the far end of a NIC's wire. */
export interface WireEnd {
  /** Takes frames 0 to `count` of the batch, valid during the call. */
  receive(batch: FrameBatch): void;
}

export interface IxgbeOptions {
  readonly mac: string;
  /** The memory that descriptors' addresses are in. */
  readonly dma: ArrayBufferLike;
}

export interface Ixgbe {
  readonly mac: Uint8Array;
  readonly dma: ArrayBufferLike;
  read32(register: number): number;
  write32(register: number, value: number): void;
  /** Connects the far end of the wire. */
  connect(end: WireEnd): void;
  /**
   * Frames `first` and after of the batch arrive on the wire. Returns how many found a descriptor; the caller
   * decides whether the rest waits or is `missed`.
   */
  arrive(batch: FrameBatch, first: number): number;
  /** Calls back when frames have arrived and found descriptors, once for a batch. @returns ends it. */
  onArrive(listener: () => void): () => void;
  /** Counts frames that arrived when no descriptor was free. */
  missed(frames: number): void;
  /** Receive descriptors that software has given and hardware has not used. */
  readonly freeDescriptors: number;
}

/** The frame check sequence counts for MAXFRS, and is not on the wire here. */
const fcsBytes = 4;
const longestSent = R.MFS_MAXIMUM - fcsBytes;

export function createIxgbe(options: IxgbeOptions): Ixgbe {
  const mac = Uint8Array.from(options.mac.split(":"), (part) => Number.parseInt(part, 16));
  if (mac.length !== 6 || !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(options.mac))
    throw new RangeError(`'${options.mac}' is not a MAC address`);
  const registers = new Map<number, number>();
  const size = options.dma.byteLength;
  const outgoing = new FrameBatch(options.dma);
  const { memory } = outgoing;
  const { words } = memory;
  /** Frames on their way out that are in several buffers. */
  let gathered: GatheredFrames | undefined;
  let wire: WireEnd | undefined;
  const arrivals = new Wakers();

  // Registers of the hot paths, as plain variables.
  let rxBase = 0;
  let rxCount = 0;
  let rdh = 0;
  let rdt = 0;
  let rxEnabled = false;
  let bufferSize = 2048;
  let longest = 0;
  let txBase = 0;
  let txCount = 0;
  let tdh = 0;
  let tdt = 0;
  let txEnabled = false;
  const count = { mpc: 0, gprc: 0, gptc: 0, gorc: 0, gotc: 0, roc: 0 };

  const setLongest = (): void => {
    const jumbo = ((registers.get(R.HLREG0) ?? 0) & R.HLREG0_JUMBOEN) !== 0;
    const mfs = (registers.get(R.MAXFRS) ?? 0) >>> R.MAXFRS_MFS_SHIFT;
    longest = (jumbo ? Math.min(mfs, R.MFS_MAXIMUM) : R.MFS_DEFAULT) - fcsBytes;
  };
  const reset = (): void => {
    registers.clear();
    rxBase = rxCount = rdh = rdt = txBase = txCount = tdh = tdt = 0;
    rxEnabled = txEnabled = false;
    bufferSize = 2048;
    registers.set(R.MAXFRS, R.MFS_DEFAULT << R.MAXFRS_MFS_SHIFT);
    setLongest();
    for (const key of Object.keys(count) as (keyof typeof count)[]) count[key] = 0;
    registers.set(
      R.RAL0,
      mac.subarray(0, 4).reduceRight((n, b) => n * 256 + b, 0),
    );
    registers.set(R.RAH0, ((mac[4] as number) | ((mac[5] as number) << 8) | R.RAH_AV) >>> 0);
  };
  reset();

  const ring = (base: number, length: number, what: string): number => {
    const n = length / R.descriptorSize;
    if (length % 128 !== 0 || base % 128 !== 0 || base + length > size)
      throw new RangeError(`${what} ring at ${base}, ${length} bytes: it must be 128-byte aligned and in memory`);
    return n;
  };
  const clearOnRead = (key: keyof typeof count): number => {
    const value = count[key];
    count[key] = 0;
    return value >>> 0;
  };

  const afterTx = (i: number): number => (i + 1 === txCount ? 0 : i + 1);
  /** Sends descriptors from TDH to TDT, section 7.2.3. */
  const transmit = (): void => {
    if (!txEnabled) return;
    while (tdh !== tdt) {
      outgoing.count = 0;
      while (tdh !== tdt && outgoing.count < outgoing.offsets.length) {
        const d = (txBase + tdh * R.descriptorSize) >> 2;
        const command = words[d + 2] as number;
        const address = words[d] as number;
        if ((command & R.TX_CMD_EOP) === 0) break;
        const length = command & 0xffff;
        // An address outside memory is a bus error on hardware; here the frame is not sent.
        if (address >= 0 && address + length <= size && length > 0) {
          outgoing.offsets[outgoing.count] = address;
          outgoing.lengths[outgoing.count] = length;
          outgoing.count++;
          count.gptc++;
          count.gotc += length;
        }
        if (command & R.TX_CMD_RS) words[d + 3] = R.TX_DD;
        tdh = afterTx(tdh);
      }
      if (outgoing.count > 0) wire?.receive(outgoing);
      // It stands before a frame in several buffers; one that has no end yet waits for it.
      else if (tdh !== tdt && !transmitGathered()) return;
    }
  };
  /** Sends frames in several buffers, and those that follow while there is room. Whether any was whole. */
  const transmitGathered = (): boolean => {
    gathered ??= new GatheredFrames(longestSent);
    gathered.clear();
    const from = tdh;
    while (tdh !== tdt && gathered.hasRoom) {
      let length = 0;
      let good = true;
      let end = tdh;
      for (let last = false; !last; end = afterTx(end)) {
        if (end === tdt) {
          end = -1;
          break;
        }
        const d = (txBase + end * R.descriptorSize) >> 2;
        const address = words[d] as number;
        const command = words[d + 2] as number;
        length += command & 0xffff;
        if (address < 0 || address + (command & 0xffff) > size) good = false;
        last = (command & R.TX_CMD_EOP) !== 0;
      }
      if (end < 0) break;
      if (length === 0 || length > longestSent) good = false;
      for (; tdh !== end; tdh = afterTx(tdh)) {
        const d = (txBase + tdh * R.descriptorSize) >> 2;
        const command = words[d + 2] as number;
        if (good) gathered.add(memory, words[d] as number, command & 0xffff);
        if (command & R.TX_CMD_RS) words[d + 3] = R.TX_DD;
      }
      if (!good) continue;
      gathered.end();
      count.gptc++;
      count.gotc += length;
    }
    if (gathered.batch.count > 0) wire?.receive(gathered.batch);
    return tdh !== from;
  };

  /** Lets a frame that is longer than a buffer arrive, section 7.1.2; false when there are too few descriptors for it. */
  const arriveInParts = (batch: FrameBatch, i: number, length: number): boolean => {
    const parts = Math.ceil(length / bufferSize);
    if (parts >= rxCount) {
      // This ring never has room for it.
      count.mpc++;
      return true;
    }
    if (parts > freeDescriptors()) return false;
    for (let done = 0; done < length; ) {
      const part = Math.min(bufferSize, length - done);
      const d = (rxBase + rdh * R.descriptorSize) >> 2;
      copyPart(batch, i, done, part, memory, bufferOf(d));
      done += part;
      words[d + 2] = part;
      words[d + 3] = done === length ? R.RX_DD | R.RX_EOP : R.RX_DD;
      rdh = rdh + 1 === rxCount ? 0 : rdh + 1;
    }
    count.gprc++;
    count.gorc += length;
    return true;
  };
  /** The buffer of a receive descriptor. */
  const bufferOf = (d: number): number => {
    const address = words[d] as number;
    if (address < 0 || address + bufferSize > size)
      throw new RangeError(`receive descriptor ${rdh}: buffer at ${address} is outside memory`);
    return address;
  };
  const freeDescriptors = (): number => (rxEnabled ? (rdt - rdh + rxCount) % rxCount : 0);

  return {
    mac,
    dma: options.dma,
    read32(register) {
      switch (register) {
        case R.RDH:
          return rdh;
        case R.RDT:
          return rdt;
        case R.TDH:
          return tdh;
        case R.TDT:
          return tdt;
        case R.EEC:
          return R.EEC_AUTO_RD;
        case R.RDRXCTL:
          return (registers.get(register) ?? 0) | R.RDRXCTL_DMAIDONE;
        case R.LINKS:
          return wire ? R.LINKS_UP : 0;
        case R.MPC0:
          return clearOnRead("mpc");
        case R.GPRC:
          return clearOnRead("gprc");
        case R.GPTC:
          return clearOnRead("gptc");
        case R.GORCL:
          return clearOnRead("gorc");
        case R.GOTCL:
          return clearOnRead("gotc");
        case R.ROC:
          return clearOnRead("roc");
        default:
          return registers.get(register) ?? 0;
      }
    },
    write32(register, value) {
      registers.set(register, value >>> 0);
      switch (register) {
        case R.CTRL:
          // The reset bit clears itself, section 4.2.1.6.1.
          if (value & R.CTRL_RST) reset();
          break;
        case R.RDH:
          rdh = rxCount > 0 ? value % rxCount : 0;
          break;
        case R.RDT:
          rdt = rxCount > 0 ? value % rxCount : 0;
          break;
        case R.TDH:
          tdh = txCount > 0 ? value % txCount : 0;
          break;
        case R.TDT:
          tdt = txCount > 0 ? value % txCount : 0;
          transmit();
          break;
        case R.HLREG0:
        case R.MAXFRS:
          setLongest();
          break;
        case R.SRRCTL:
          // BSIZEPACKET, in units of 1 KiB.
          bufferSize = (value & 31) * 1024 || 2048;
          break;
        case R.RXDCTL:
        case R.RXCTRL: {
          const on =
            ((registers.get(R.RXDCTL) ?? 0) & R.DCTL_ENABLE) !== 0 &&
            ((registers.get(R.RXCTRL) ?? 0) & R.RXCTRL_RXEN) !== 0;
          if (on && !rxEnabled) {
            rxBase = registers.get(R.RDBAL) ?? 0;
            rxCount = ring(rxBase, registers.get(R.RDLEN) ?? 0, "receive");
          }
          rxEnabled = on;
          break;
        }
        case R.TXDCTL:
        case R.DMATXCTL: {
          const on =
            ((registers.get(R.TXDCTL) ?? 0) & R.DCTL_ENABLE) !== 0 &&
            ((registers.get(R.DMATXCTL) ?? 0) & R.DMATXCTL_TE) !== 0;
          if (on && !txEnabled) {
            txBase = registers.get(R.TDBAL) ?? 0;
            txCount = ring(txBase, registers.get(R.TDLEN) ?? 0, "transmit");
          }
          txEnabled = on;
          break;
        }
      }
    },
    connect(end) {
      wire = end;
    },
    arrive(batch, first) {
      if (!rxEnabled) return 0;
      let i = first;
      for (; i < batch.count && rdh !== rdt; i++) {
        const length = batch.lengths[i] as number;
        if (length > longest) {
          count.roc++;
          continue;
        }
        if (length > bufferSize) {
          if (!arriveInParts(batch, i, length)) break;
          continue;
        }
        const d = (rxBase + rdh * R.descriptorSize) >> 2;
        copyFrame(batch, i, memory, bufferOf(d));
        words[d + 2] = length;
        words[d + 3] = R.RX_DD | R.RX_EOP;
        rdh = rdh + 1 === rxCount ? 0 : rdh + 1;
        count.gprc++;
        count.gorc += length;
      }
      if (i > first) arrivals.wake();
      return i - first;
    },
    onArrive: (listener) => arrivals.add(listener),
    missed(frames) {
      count.mpc += frames;
    },
    get freeDescriptors() {
      return freeDescriptors();
    },
  };
}
