/**
 * The netmap-mode driver: the NIC's rings as a switch port. Polled; buffers stay where they are and descriptors
 * go back to the hardware a batch at a time. Budget: 25 ns a 64-byte frame from wire to switch, or the reverse.
 *
 * A frame that is longer than a buffer has several descriptors, the last of them with EOP. Received ones are put together
 * for the switch, which is a copy more.
 */
import {
  type Borrow,
  batchSize,
  copyFrame,
  copyPart,
  FrameBatch,
  type FrameLender,
  type FrameSink,
  type FrameSource,
  GatheredFrames,
  longestFrame,
  type Port,
} from "@clickos/vale";
import { windowUpper } from "./dma-window.ts";
import {
  bufferSize,
  bufferStride,
  lastOfFrame,
  receiveRing,
  ringDescriptors,
  transmitRing,
  whole,
} from "./driver-ends.ts";
import { type LentDescriptors, startLoan } from "./driver-loan.ts";
import type { Ixgbe } from "./ixgbe.ts";
import * as R from "./registers.ts";

const ringBytes = ringDescriptors * R.descriptorSize;
const rxRing = 0;
const txRing = ringBytes;
const rxBuffers = ringBytes * 2;
const txBuffers = rxBuffers + ringDescriptors * bufferStride;

/** Bytes of memory that the driver needs for rings and buffers. */
export const driverMemory: number = txBuffers + ringDescriptors * bufferStride;

const next = (i: number): number => (i + 1) & (ringDescriptors - 1);

/** Where buffers are lent that are shorter than the longest frames. */
const lentMtu = 1500;

export interface DriveOptions {
  /** Bytes that frames carry behind the Ethernet header, up to 9,000; without it frames have 2,032 bytes in all, or `zeroCopy` 1,518. */
  readonly mtu?: number | undefined;
  /**
   * Whether frames are not copied where a switch's `patch` joins the port with an interface that lends its guest's buffers: the NIC
   * reads and writes those. A guest must then be as fast as the wire: the NIC has no buffers of its own for what comes meanwhile.
   */
  readonly zeroCopy?: boolean | undefined;
}

/**
 * Initialises the NIC (section 4.6.3) and returns its port. The NIC's memory is the driver's from 0 on.
 *
 * @throws {RangeError}
 */
export function drive(nic: Ixgbe, name = "nic", { mtu, zeroCopy = false }: DriveOptions = {}): Port {
  const frameLimit = longestFrame(mtu ?? (zeroCopy ? lentMtu : undefined));
  const { memory } = nic;
  if (memory.bytes.length < driverMemory)
    throw new RangeError(`the driver needs ${driverMemory} bytes of memory, not ${memory.bytes.length}`);
  const batch = new FrameBatch(memory);
  const { words, region } = memory;
  initialise(nic, words, frameLimit);
  let gathered: GatheredFrames | undefined;
  let rxNext = 0;
  let txTail = 0;
  let txClean = 0;
  /** Receive descriptors of the batch that was polled. */
  let polled = 0;

  /** The port whose buffers are lent. */
  let lender: FrameLender | undefined;

  const clean = (): void => {
    let lent = 0;
    // Descriptors come back in order; the last of each frame is marked done.
    for (let i = txClean; i !== txTail; ) {
      const d = (txRing + i * R.descriptorSize) >> 2;
      i = next(i);
      if (((words[d + 3] as number) & R.TX_DD) !== 0) {
        txClean = i;
        if (words[d + 1] === windowUpper) lent++;
      } else if (((words[d + 2] as number) & R.TX_CMD_EOP) !== 0) break;
    }
    if (lent > 0) lender?.left(lent);
  };
  /** Where the NIC's line or interrupts wait for their time, whoever asks for frames has it look at the clock. */
  const advance = (): void => {
    if (nic.readyIn === undefined) return;
    nic.advance();
    clean();
  };
  const freeDescriptors = (): number => (txClean - txTail - 1) & (ringDescriptors - 1);
  /** Whether there are so many free transmit descriptors, perhaps after a look at which are. */
  const hasFree = (descriptors: number): boolean => {
    if (freeDescriptors() >= descriptors) return true;
    nic.write32(R.TDT, txTail);
    clean();
    return freeDescriptors() >= descriptors;
  };
  /** Fills in the next transmit descriptor, whose buffer has its bytes. */
  const queue = (buffer: number, length: number, flags: number): void => {
    const d = (txRing + txTail * R.descriptorSize) >> 2;
    words[d] = buffer;
    words[d + 1] = 0;
    words[d + 2] = length | flags;
    words[d + 3] = 0;
    txTail = next(txTail);
  };
  /** Queues a frame that is longer than a buffer; false when there are too few descriptors. */
  const sendInParts = (from: FrameBatch, i: number, length: number): boolean => {
    if (!hasFree(Math.ceil(length / bufferSize))) return false;
    for (let done = 0; done < length; ) {
      const part = Math.min(bufferSize, length - done);
      const buffer = txBuffers + txTail * bufferStride;
      copyPart(from, i, done, part, memory, buffer);
      done += part;
      queue(buffer, part, done === length ? lastOfFrame : R.TX_CMD_IFCS);
    }
    return true;
  };

  /**
   * Frames from the next descriptor on, the first of which is in several: whole ones only, as many as there is room for.
   * `null` when the first has no end yet.
   */
  const pollGathered = (): FrameBatch | null => {
    gathered ??= new GatheredFrames(frameLimit);
    gathered.clear();
    let i = rxNext;
    polled = 0;
    while (gathered.hasRoom) {
      let parts = 0;
      for (let last = false; !last; parts++) {
        const status = words[((rxRing + ((i + parts) & (ringDescriptors - 1)) * R.descriptorSize) >> 2) + 3] as number;
        if ((status & R.RX_DD) === 0) return gathered.batch.count > 0 ? gathered.batch : null;
        last = (status & R.RX_EOP) !== 0;
      }
      for (; parts > 0; parts--, i = next(i), polled++)
        gathered.add(
          memory,
          rxBuffers + i * bufferStride,
          (words[((rxRing + i * R.descriptorSize) >> 2) + 2] as number) & 0xffff,
        );
      gathered.end();
    }
    return gathered.batch;
  };

  const giveBack = (): void => {
    // One descriptor stays with software: head equal to tail means that hardware has none.
    nic.write32(R.RDT, (rxNext + ringDescriptors - 1) & (ringDescriptors - 1));
  };
  const source: FrameSource | undefined = region && {
    kind: receiveRing,
    memory: region.memory,
    places: [region.at + rxRing, region.at + rxBuffers, rxBuffers, 0],
    frameLimit: bufferSize,
    get cursor() {
      return rxNext;
    },
    begin() {
      advance();
      // Each descriptor says whether a frame is there.
      return ((words[((rxRing + rxNext * R.descriptorSize) >> 2) + 3] as number) & R.RX_DD) !== 0 ? batchSize : 0;
    },
    done(frames) {
      if (frames === 0) return;
      rxNext = (rxNext + frames) & (ringDescriptors - 1);
      giveBack();
    },
  };
  const sink: FrameSink | undefined = region && {
    kind: transmitRing,
    memory: region.memory,
    places: [region.at + txRing, region.at + txBuffers, txBuffers, 0],
    frameLimit: bufferSize,
    get cursor() {
      return txTail;
    },
    begin() {
      hasFree(batchSize);
      return freeDescriptors();
    },
    done(frames) {
      txTail = (txTail + frames) & (ringDescriptors - 1);
    },
  };

  const flush = (): void => {
    if (txTail === txClean) return;
    nic.write32(R.TDT, txTail);
    clean();
  };
  const descriptors: LentDescriptors | undefined = region && {
    region,
    rxRing,
    txRing,
    restartReceive(own) {
      rxNext = 0;
      restartReceive(nic, words, own);
    },
    restartTransmit() {
      txTail = txClean = 0;
      restartTransmit(nic);
    },
    setWindow: (window) => nic.setWindow(window),
    advance,
    hasArrived: (i) => ((words[((rxRing + i * R.descriptorSize) >> 2) + 3] as number) & R.RX_DD) !== 0,
    giveReceive: (tail) => nic.write32(R.RDT, tail),
    get txTail() {
      return txTail;
    },
    txFree() {
      hasFree(batchSize);
      return freeDescriptors();
    },
    queued(frames) {
      txTail = (txTail + frames) & (ringDescriptors - 1);
    },
    send: flush,
  };
  const borrow: Borrow = (from) => {
    // What is on its way in its own buffers comes first.
    flush();
    if (!descriptors || lender || frameLimit > from.room || txTail !== txClean || descriptors.hasArrived(rxNext))
      return undefined;
    lender = from;
    const loan = startLoan(descriptors, from);
    return {
      arriving: loan.arriving,
      leaving: loan.leaving,
      end() {
        loan.end();
        lender = undefined;
      },
    };
  };

  return {
    name,
    frameLimit,
    source,
    sink,
    borrow: zeroCopy ? borrow : undefined,
    poll() {
      advance();
      let n = 0;
      let i = rxNext;
      for (; n < batchSize; n++) {
        const d = (rxRing + i * R.descriptorSize) >> 2;
        const status = words[d + 3] as number;
        if ((status & whole) !== whole) {
          // None is there; or it is in several buffers, and comes in the next batch when there are others before it.
          if ((status & R.RX_DD) !== 0 && n === 0) return pollGathered();
          break;
        }
        batch.offsets[n] = rxBuffers + i * bufferStride;
        batch.lengths[n] = (words[d + 2] as number) & 0xffff;
        i = next(i);
      }
      batch.count = n;
      polled = n;
      return n > 0 ? batch : null;
    },
    release() {
      for (let k = 0; k < polled; k++) {
        const d = (rxRing + rxNext * R.descriptorSize) >> 2;
        words[d] = rxBuffers + rxNext * bufferStride;
        words[d + 3] = 0;
        rxNext = next(rxNext);
      }
      giveBack();
      polled = 0;
    },
    deliver(from, list, count) {
      let k = 0;
      for (; k < count; k++) {
        const i = list[k] as number;
        const length = from.lengths[i] as number;
        if (length > bufferSize) {
          if (!sendInParts(from, i, length)) break;
          continue;
        }
        if (next(txTail) === txClean && !hasFree(1)) break;
        const buffer = txBuffers + txTail * bufferStride;
        copyFrame(from, i, memory, buffer);
        queue(buffer, length, lastOfFrame);
      }
      return k;
    },
    onReady: (listener) => nic.onArrive(listener),
    get readyIn() {
      return nic.readyIn;
    },
    flush,
  };
}

function initialise(nic: Ixgbe, words: Int32Array, frameLimit: number): void {
  nic.write32(R.CTRL, R.CTRL_RST);
  if (!(nic.read32(R.EEC) & R.EEC_AUTO_RD) || !(nic.read32(R.RDRXCTL) & R.RDRXCTL_DMAIDONE))
    throw new Error("the NIC did not come out of reset");
  // A switch port takes frames for any address.
  nic.write32(R.FCTRL, R.FCTRL_BAM | R.FCTRL_UPE | R.FCTRL_MPE);
  // It counts the frame check sequence.
  nic.write32(R.MAXFRS, (frameLimit + 4) << R.MAXFRS_MFS_SHIFT);
  // Frames of a guest may be shorter than Ethernet's shortest, and leave as they are.
  nic.write32(R.HLREG0, (nic.read32(R.HLREG0) | R.HLREG0_JUMBOEN) & ~R.HLREG0_TXPADEN);
  nic.write32(R.RDBAL, rxRing);
  nic.write32(R.RDBAH, 0);
  nic.write32(R.RDLEN, ringBytes);
  nic.write32(R.SRRCTL, bufferSize / 1024);
  nic.write32(R.RXCTRL, R.RXCTRL_RXEN);
  restartReceive(nic, words, true);
  nic.write32(R.TDBAL, txRing);
  nic.write32(R.TDBAH, 0);
  nic.write32(R.TDLEN, ringBytes);
  nic.write32(R.DMATXCTL, R.DMATXCTL_TE);
  restartTransmit(nic);
}

/** Begins at the first descriptor: all have the driver's own buffers and are the hardware's, or none is. */
function restartReceive(nic: Ixgbe, words: Int32Array, own: boolean): void {
  nic.write32(R.RXDCTL, 0);
  for (let i = 0; i < ringDescriptors; i++) {
    const d = (rxRing + i * R.descriptorSize) >> 2;
    words[d] = rxBuffers + i * bufferStride;
    words[d + 1] = words[d + 2] = words[d + 3] = 0;
  }
  nic.write32(R.RXDCTL, R.DCTL_ENABLE);
  nic.write32(R.RDH, 0);
  nic.write32(R.RDT, own ? ringDescriptors - 1 : 0);
}
function restartTransmit(nic: Ixgbe): void {
  nic.write32(R.TXDCTL, 0);
  nic.write32(R.TXDCTL, R.DCTL_ENABLE);
  nic.write32(R.TDH, 0);
  nic.write32(R.TDT, 0);
}
