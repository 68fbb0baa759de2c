import { createIxgbe, drive, driverMemory, type Ixgbe, registers as R, ringDescriptors } from "@clickos/ixgbe-model";
import { createSwitch, FrameBatch, longestFrame, patch } from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const stride = 10_240;
function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const batch = new FrameBatch(new ArrayBuffer(Math.max(1, frames.length) * stride));
  frames.forEach((f, i) => {
    batch.memory.bytes.set(f, i * stride);
    batch.offsets[i] = i * stride;
    batch.lengths[i] = f.length;
  });
  batch.count = frames.length;
  return batch;
}
const frame = (length: number, n = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) + length + n) & 255);
const framesOf = (batch: FrameBatch): Uint8Array[] =>
  Array.from({ length: batch.count }, (_, i) =>
    batch.memory.bytes.slice(batch.offsets[i]!, batch.offsets[i]! + batch.lengths[i]!),
  );
/** Much faster than `toEqual` for many bytes. */
const same = (got: readonly Uint8Array[], expected: readonly Uint8Array[]): void => {
  expect(got.map((f) => f.length)).toEqual(expected.map((f) => f.length));
  got.forEach((f, i) => expect(Buffer.compare(f, expected[i]!), `frame ${i}`).toBe(0));
};

function connected(dma = new ArrayBuffer(driverMemory)): { nic: Ixgbe; sent: Uint8Array[]; words: Int32Array } {
  const nic = createIxgbe({ mac: "02:00:00:00:00:01", dma });
  const sent: Uint8Array[] = [];
  nic.connect({ receive: (batch) => void sent.push(...framesOf(batch)) });
  return { nic, sent, words: new Int32Array(dma) };
}
/** A receive ring of `count` descriptors at 0 with buffers of 2 KiB from 8192 on, and jumbo frames up to `mfs`. */
function receiving(count: number, mfs?: number) {
  const rig = connected();
  const { nic, words } = rig;
  if (mfs !== undefined) {
    nic.write32(R.HLREG0, R.HLREG0_JUMBOEN);
    nic.write32(R.MAXFRS, mfs << R.MAXFRS_MFS_SHIFT);
  }
  nic.write32(R.FCTRL, R.FCTRL_UPE | R.FCTRL_MPE | R.FCTRL_BAM);
  nic.write32(R.RDLEN, count * 16);
  nic.write32(R.SRRCTL, 2);
  nic.write32(R.RXDCTL, R.DCTL_ENABLE);
  nic.write32(R.RXCTRL, R.RXCTRL_RXEN);
  for (let i = 0; i < count; i++) words[i * 4] = 8192 + i * 2048;
  return rig;
}

describe("the NIC, with frames longer than a buffer", () => {
  it("takes them only with jumbo frames enabled, and counts what MAXFRS does not allow, with its check sequence", () => {
    const { nic, words } = receiving(8);
    nic.write32(R.RDT, 7);
    expect(nic.read32(R.MAXFRS) >>> R.MAXFRS_MFS_SHIFT).toBe(1518);
    // The limit is fixed while jumbo frames are not enabled.
    nic.write32(R.MAXFRS, 9022 << R.MAXFRS_MFS_SHIFT);
    expect(nic.arrive(batchOf([frame(1514), frame(1515), frame(9018)]), 0)).toBe(3);
    expect([nic.read32(R.GPRC), nic.read32(R.ROC), words[2]]).toEqual([1, 2, 1514]);
    nic.write32(R.HLREG0, R.HLREG0_JUMBOEN);
    expect(nic.arrive(batchOf([frame(9019), frame(9018)]), 0)).toBe(2);
    expect([nic.read32(R.GPRC), nic.read32(R.GORCL), nic.read32(R.ROC), nic.read32(R.RDH)]).toEqual([1, 10540, 1, 6]);
    nic.write32(R.MAXFRS, 65535 << R.MAXFRS_MFS_SHIFT);
    nic.arrive(batchOf([frame(9725)]), 0);
    expect(nic.read32(R.ROC)).toBe(1);
    nic.write32(R.CTRL, R.CTRL_RST);
    expect([nic.read32(R.HLREG0), nic.read32(R.MAXFRS) >>> R.MAXFRS_MFS_SHIFT]).toEqual([0x08010403, 1518]);
  });

  it("fills one buffer after the other, with EOP in the last descriptor", () => {
    const { nic, words } = receiving(8, 9022);
    nic.write32(R.RDT, 7);
    const sent = [frame(4097), frame(60), frame(4096)];
    expect(nic.arrive(batchOf(sent), 0)).toBe(3);
    const status = (d: number): number[] => [words[d * 4 + 2]!, words[d * 4 + 3]!];
    expect([0, 1, 2, 3, 4, 5, 6].map(status)).toEqual([
      [2048, R.RX_DD],
      [2048, R.RX_DD],
      [1, R.RX_DD | R.RX_EOP],
      [60, R.RX_DD | R.RX_EOP],
      [2048, R.RX_DD],
      [2048, R.RX_DD | R.RX_EOP],
      [0, 0],
    ]);
    const buffers = new Uint8Array(nic.dma, 8192);
    same([buffers.slice(0, 4097), buffers.slice(6144, 6204), buffers.slice(8192, 12288)], sent);
    // The rest of a buffer is as it was.
    expect(buffers[4097]).toBe(0);
  });

  it("takes all of a frame or nothing; what a ring can never hold is missed", () => {
    const { nic } = receiving(8, 9728);
    nic.write32(R.RDT, 4);
    expect(nic.arrive(batchOf([frame(9018), frame(60)]), 0)).toBe(0);
    expect(nic.read32(R.RDH)).toBe(0);
    nic.write32(R.RDT, 6);
    expect(nic.arrive(batchOf([frame(9018), frame(60), frame(60)]), 0)).toBe(2);
    expect([nic.freeDescriptors, nic.read32(R.MPC0)]).toEqual([0, 0]);
    nic.write32(R.SRRCTL, 1);
    nic.write32(R.RDT, 5);
    // Ten buffers of 1 KiB, where the ring has seven at most.
    expect(nic.arrive(batchOf([frame(9724), frame(60)]), 0)).toBe(2);
    expect([nic.read32(R.MPC0), nic.read32(R.GPRC)]).toEqual([1, 3]);
  });

  it("sends descriptors up to EOP as one frame, and waits for it", () => {
    const { nic, sent, words } = connected();
    nic.write32(R.TDLEN, 128);
    nic.write32(R.TXDCTL, R.DCTL_ENABLE);
    nic.write32(R.DMATXCTL, R.DMATXCTL_TE);
    const memory = new Uint8Array(nic.dma);
    const whole = frame(5000);
    memory.set(whole, 8192);
    const put = (d: number, at: number, length: number, flags: number): void => {
      words.set([8192 + at, 0, length | flags, 0], d * 4);
    };
    put(0, 0, 100, R.TX_CMD_EOP | R.TX_CMD_RS);
    put(1, 0, 1, 0);
    put(2, 1, 3000, 0);
    put(3, 0, 0, 0);
    nic.write32(R.TDT, 4);
    // The frame before is sent, and nothing of the one that has no end.
    same(sent.splice(0), [whole.slice(0, 100)]);
    expect(nic.read32(R.TDH)).toBe(1);
    put(4, 3001, 1999, R.TX_CMD_EOP | R.TX_CMD_RS);
    put(5, 0, 60, R.TX_CMD_EOP);
    nic.write32(R.TDT, 6);
    same(sent.splice(0), [whole, whole.slice(0, 60)]);
    expect([nic.read32(R.TDH), nic.read32(R.GPTC), nic.read32(R.GOTCL)]).toEqual([6, 3, 5172]);
    expect([1, 2, 3, 4, 5].map((d) => words[d * 4 + 3]! & R.TX_DD)).toEqual([0, 0, 0, 1, 0]);
    // Over the end of the ring; outside memory; longer than anything; of no bytes.
    put(6, 0, 2500, 0);
    put(7, 2500, 2500, R.TX_CMD_EOP);
    put(0, driverMemory, 60, 0);
    put(1, 0, 60, R.TX_CMD_EOP | R.TX_CMD_RS);
    nic.write32(R.TDT, 2);
    same(sent.splice(0), [whole]);
    expect([nic.read32(R.TDH), words[1 * 4 + 3]! & R.TX_DD]).toEqual([2, 1]);
    put(2, 0, 9000, 0);
    put(3, 0, 725, R.TX_CMD_EOP);
    put(4, 0, 0, 0);
    put(5, 0, 0, R.TX_CMD_EOP);
    put(6, 0, 9000, 0);
    put(7, 0, 724, R.TX_CMD_EOP);
    nic.write32(R.TDT, 0);
    expect(sent.splice(0).map((f) => f.length)).toEqual([9724]);
    expect([nic.read32(R.TDH), nic.read32(R.GPTC)]).toEqual([0, 2]);
  });
});

describe("the driver, with an MTU", () => {
  it("sets the NIC's limit by it", () => {
    for (const [mtu, limit] of [
      [undefined, 2032],
      [1500, 1518],
      [9000, 9018],
    ] as const) {
      const { nic } = connected();
      const port = drive(nic, "nic", { mtu });
      expect(port.frameLimit).toBe(limit);
      nic.arrive(batchOf([frame(limit + 1), frame(limit)]), 0);
      expect([nic.read32(R.ROC), nic.read32(R.GPRC)]).toEqual([1, 1]);
      same(framesOf(port.poll()!), [frame(limit)]);
    }
    for (const mtu of [9001, 0]) expect(() => drive(connected().nic, "nic", { mtu })).toThrow(RangeError);
  });

  it("gives frames in one buffer as they stand, up to one in several; then whole ones", () => {
    const { nic } = connected();
    const port = drive(nic, "nic", { mtu: 9000 });
    const frames = [60, 2048, 2049, 60, 9018, 70].map((n) => frame(n));
    nic.arrive(batchOf(frames), 0);
    const first = port.poll()!;
    same(framesOf(first), frames.slice(0, 2));
    expect(first.memory.bytes.buffer).toBe(nic.dma);
    port.release();
    same(framesOf(port.poll()!), frames.slice(2));
    port.release();
    expect([port.poll(), nic.freeDescriptors]).toEqual([null, ringDescriptors - 1]);
  });

  it("waits for the end of a frame that the hardware has not written yet", () => {
    const { nic, words } = connected();
    const port = drive(nic, "nic", { mtu: 9000 });
    const frames = [frame(5000), frame(5001)];
    nic.arrive(batchOf(frames), 0);
    // As it is when the driver looks before the last descriptor is there.
    const last = words[5 * 4 + 3]!;
    words[5 * 4 + 3] = 0;
    same(framesOf(port.poll()!), frames.slice(0, 1));
    port.release();
    expect(port.poll()).toBe(null);
    words[5 * 4 + 3] = last;
    same(framesOf(port.poll()!), frames.slice(1));
  });

  it("sends a frame whole or not at all when descriptors run out", () => {
    const { nic } = connected();
    const port = drive(nic, "nic", { mtu: 9000 });
    // A NIC that is not enabled gives none back.
    nic.write32(R.TXDCTL, 0);
    const batch = batchOf(Array.from({ length: 103 }, (_, i) => frame(i < 102 ? 9018 : 60)));
    const list = Int32Array.from({ length: 103 }, (_, i) => i);
    expect(port.deliver(batch, list, 102)).toBe(102);
    expect(port.deliver(batch, list.subarray(101), 2)).toBe(0);
    expect(port.deliver(batch, list.subarray(102), 1)).toBe(1);
    expect(port.deliver(batch, list.subarray(102), 1)).toBe(0);
  });

  it("carries frames of any lengths from wire to wire, in order, and counts what a port cannot carry", () => {
    const length = fc.oneof(
      fc.integer({ min: 60, max: 9018 }),
      fc.constantFrom(60, 1518, 1519, 2047, 2048, 2049, 4096, 9017, 9018),
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(length, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 12 }),
        fc.constantFrom(1500, 9000),
        (rounds, mtu) => {
          const [from, to] = [connected(), connected()];
          const sw = createSwitch({ lookup: patch() });
          sw.attach(drive(from.nic, "from", { mtu: 9000 }));
          sw.attach(drive(to.nic, "to", { mtu }));
          const expected: Uint8Array[] = [];
          let tooLong = 0;
          let n = 0;
          for (const lengths of rounds) {
            const frames = lengths.map((l) => frame(l, n++));
            const batch = batchOf(frames);
            for (let sent = 0; sent < frames.length; ) {
              sent += from.nic.arrive(batch, sent);
              while (sw.forward() > 0);
            }
            for (const f of frames) {
              if (f.length <= longestFrame(mtu)) expected.push(f);
              else tooLong++;
            }
          }
          same(to.sent, expected);
          expect(sw.stats.ports.to).toMatchObject({ outPackets: expected.length, tooLong, noRoom: 0 });
          expect(from.nic.read32(R.ROC)).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });
});
