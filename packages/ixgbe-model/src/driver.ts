/**
 * The netmap-mode driver: the NIC's rings as a switch port. Polled; buffers stay where they are and descriptors
 * go back to the hardware a batch at a time. Budget: 25 ns a 64-byte frame from wire to switch, or the reverse.
 */
import { copyFrame, FrameBatch, maximumFrame, type Port } from "@clickos/vale";
import type { Ixgbe } from "./ixgbe.ts";
import * as R from "./registers.ts";

/** Descriptors of each ring. */
export const ringDescriptors = 512;
const bufferSize = 2048;
/** Buffers stand a cache line more apart than their size, or all would compete for the same few cache sets. */
const bufferStride = bufferSize + 64;
const ringBytes = ringDescriptors * R.descriptorSize;
const rxRing = 0;
const txRing = ringBytes;
const rxBuffers = ringBytes * 2;
const txBuffers = rxBuffers + ringDescriptors * bufferStride;

/** Bytes of memory that the driver needs for rings and buffers. */
export const driverMemory: number = txBuffers + ringDescriptors * bufferStride;

/** Initialises the NIC (section 4.6.3) and returns its port. The NIC's memory is the driver's from 0 on. */
export function drive(nic: Ixgbe, name = "nic"): Port {
  const { dma } = nic;
  if (dma.byteLength < driverMemory)
    throw new RangeError(`the driver needs ${driverMemory} bytes of memory, not ${dma.byteLength}`);
  const batch = new FrameBatch(dma);
  const { memory } = batch;
  const { words } = memory;
  initialise(nic, words);
  let rxNext = 0;
  let txTail = 0;
  let txClean = 0;
  let polled = 0;
  let tooLong = 0;

  const clean = (): void => {
    // Descriptors come back in order, each marked done.
    while (txClean !== txTail && ((words[((txRing + txClean * R.descriptorSize) >> 2) + 3] as number) & R.TX_DD) !== 0)
      txClean = (txClean + 1) & (ringDescriptors - 1);
  };

  return {
    name,
    poll() {
      let n = 0;
      let i = rxNext;
      for (; n < 256; n++) {
        const d = (rxRing + i * R.descriptorSize) >> 2;
        if (((words[d + 3] as number) & R.RX_DD) === 0) break;
        batch.offsets[n] = rxBuffers + i * bufferStride;
        batch.lengths[n] = (words[d + 2] as number) & 0xffff;
        i = (i + 1) & (ringDescriptors - 1);
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
        rxNext = (rxNext + 1) & (ringDescriptors - 1);
      }
      // One descriptor stays with software: head equal to tail means that hardware has none.
      nic.write32(R.RDT, (rxNext + ringDescriptors - 1) & (ringDescriptors - 1));
      polled = 0;
    },
    deliver(from, list, count) {
      let k = 0;
      for (; k < count; k++) {
        const next = (txTail + 1) & (ringDescriptors - 1);
        if (next === txClean) {
          nic.write32(R.TDT, txTail);
          clean();
          if (next === txClean) break;
        }
        const i = list[k] as number;
        const length = from.lengths[i] as number;
        if (length > maximumFrame) {
          tooLong++;
          continue;
        }
        const buffer = txBuffers + txTail * bufferStride;
        copyFrame(from, i, memory, buffer);
        const d = (txRing + txTail * R.descriptorSize) >> 2;
        words[d] = buffer;
        words[d + 2] = length | R.TX_CMD_EOP | R.TX_CMD_IFCS | R.TX_CMD_RS;
        words[d + 3] = 0;
        txTail = next;
      }
      return k;
    },
    get drops() {
      return { "frame too long": tooLong };
    },
    onReady: (listener) => nic.onArrive(listener),
    flush() {
      if (txTail === txClean) return;
      nic.write32(R.TDT, txTail);
      clean();
    },
  };
}

function initialise(nic: Ixgbe, words: Int32Array): void {
  nic.write32(R.CTRL, R.CTRL_RST);
  if (!(nic.read32(R.EEC) & R.EEC_AUTO_RD) || !(nic.read32(R.RDRXCTL) & R.RDRXCTL_DMAIDONE))
    throw new Error("the NIC did not come out of reset");
  for (let i = 0; i < ringDescriptors; i++) {
    const d = (rxRing + i * R.descriptorSize) >> 2;
    words[d] = rxBuffers + i * bufferStride;
    words[d + 1] = words[d + 2] = words[d + 3] = 0;
  }
  // A switch port takes frames for any address.
  nic.write32(R.FCTRL, R.FCTRL_BAM | R.FCTRL_UPE | R.FCTRL_MPE);
  nic.write32(R.RDBAL, rxRing);
  nic.write32(R.RDBAH, 0);
  nic.write32(R.RDLEN, ringBytes);
  nic.write32(R.SRRCTL, bufferSize / 1024);
  nic.write32(R.RXDCTL, R.DCTL_ENABLE);
  nic.write32(R.RXCTRL, R.RXCTRL_RXEN);
  nic.write32(R.RDH, 0);
  nic.write32(R.RDT, ringDescriptors - 1);
  nic.write32(R.TDBAL, txRing);
  nic.write32(R.TDBAH, 0);
  nic.write32(R.TDLEN, ringBytes);
  nic.write32(R.TDH, 0);
  nic.write32(R.DMATXCTL, R.DMATXCTL_TE);
  nic.write32(R.TXDCTL, R.DCTL_ENABLE);
}
