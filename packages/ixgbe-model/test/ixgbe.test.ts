import { createIxgbe, drive, driverMemory, type Ixgbe, registers as R } from "@clickos/ixgbe-model";
import { FrameBatch } from "@clickos/vale";
import { describe, expect, it } from "vitest";

function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const batch = new FrameBatch(new ArrayBuffer(256 * 2048));
  frames.forEach((f, i) => {
    batch.memory.bytes.set(f, i * 2048);
    batch.offsets[i] = i * 2048;
    batch.lengths[i] = f.length;
  });
  batch.count = frames.length;
  return batch;
}
const frame = (n: number, length = 64): Uint8Array => new Uint8Array(length).map((_, i) => (i * n) & 255);

function connected(): { nic: Ixgbe; sent: Uint8Array[] } {
  const nic = createIxgbe({ mac: "02:00:00:00:00:01", dma: new ArrayBuffer(driverMemory) });
  const sent: Uint8Array[] = [];
  nic.connect({
    receive(batch) {
      for (let i = 0; i < batch.count; i++)
        sent.push(batch.memory.bytes.slice(batch.offsets[i]!, batch.offsets[i]! + batch.lengths[i]!));
    },
  });
  return { nic, sent };
}

describe("the NIC", () => {
  it("comes out of reset with its address", () => {
    const nic = createIxgbe({ mac: "02:11:22:33:44:55", dma: new ArrayBuffer(4096) });
    nic.write32(R.CTRL, R.CTRL_RST);
    expect([nic.read32(R.RAL0), nic.read32(R.RAH0)]).toEqual([0x33221102, 0x80005544]);
    expect(nic.read32(R.EEC) & R.EEC_AUTO_RD).not.toBe(0);
    expect(nic.read32(R.LINKS)).toBe(0);
    expect(() => createIxgbe({ mac: "02:00", dma: new ArrayBuffer(0) })).toThrow(/not a MAC/);
  });

  it("is programmed by its registers: one descriptor each way", () => {
    const { nic, sent } = connected();
    const words = new Int32Array(nic.dma);
    nic.write32(R.FCTRL, R.FCTRL_UPE | R.FCTRL_MPE | R.FCTRL_BAM);
    nic.write32(R.RDBAL, 0);
    nic.write32(R.RDLEN, 128);
    nic.write32(R.RXDCTL, R.DCTL_ENABLE);
    expect(nic.arrive(batchOf([frame(1)]), 0)).toBe(0);
    nic.write32(R.RXCTRL, R.RXCTRL_RXEN);
    words[0] = 8192;
    nic.write32(R.RDT, 1);
    expect(nic.arrive(batchOf([frame(3), frame(4)]), 0)).toBe(1);
    expect([words[2], words[3]! & (R.RX_DD | R.RX_EOP), nic.read32(R.RDH)]).toEqual([64, 3, 1]);
    expect(new Uint8Array(nic.dma, 8192, 64)).toEqual(frame(3));
    expect([nic.read32(R.GPRC), nic.read32(R.GPRC)]).toEqual([1, 0]);

    nic.write32(R.TDBAL, 1024);
    nic.write32(R.TDLEN, 128);
    nic.write32(R.TXDCTL, R.DCTL_ENABLE);
    nic.write32(R.DMATXCTL, R.DMATXCTL_TE);
    words[256] = 8192;
    words[258] = 64 | R.TX_CMD_EOP | R.TX_CMD_RS;
    nic.write32(R.TDT, 1);
    expect(sent).toEqual([frame(3)]);
    expect([words[259]! & R.TX_DD, nic.read32(R.TDH), nic.read32(R.GOTCL)]).toEqual([1, 1, 68]);
  });

  it("refuses rings outside memory, and counts frames too long for their buffer", () => {
    const { nic } = connected();
    nic.write32(R.RDBAL, driverMemory);
    nic.write32(R.RDLEN, 128);
    nic.write32(R.RXDCTL, R.DCTL_ENABLE);
    expect(() => nic.write32(R.RXCTRL, R.RXCTRL_RXEN)).toThrow(RangeError);
    const other = connected().nic;
    drive(other);
    const long = batchOf([]);
    long.count = 1;
    long.lengths[0] = 2040;
    expect(other.arrive(long, 0)).toBe(1);
    expect(other.read32(R.ROC)).toBe(1);
  });
});

describe("the driver", () => {
  it("receives in order, over many turns of the ring", () => {
    const { nic } = connected();
    const port = drive(nic);
    let n = 0;
    for (let turn = 0; turn < 40; turn++) {
      const frames = Array.from({ length: 100 }, () => frame(++n, 60 + (n % 1400)));
      expect(nic.arrive(batchOf(frames), 0)).toBe(100);
      const batch = port.poll()!;
      expect(
        Array.from({ length: batch.count }, (_, i) =>
          batch.memory.bytes.slice(batch.offsets[i]!, batch.offsets[i]! + batch.lengths[i]!),
        ),
      ).toEqual(frames);
      port.release();
      expect(port.poll()).toBe(null);
    }
  });

  it("takes no more frames than it has descriptors", () => {
    const { nic } = connected();
    drive(nic);
    const many = batchOf(Array.from({ length: 256 }, () => frame(1)));
    expect([nic.arrive(many, 0), nic.arrive(many, 0), nic.freeDescriptors]).toEqual([256, 255, 0]);
  });

  it("sends in order, over many turns of the ring", () => {
    const { nic, sent } = connected();
    const port = drive(nic);
    const list = Int32Array.from({ length: 256 }, (_, i) => i);
    const expected: Uint8Array[] = [];
    for (let turn = 0; turn < 12; turn++) {
      const frames = Array.from({ length: 200 }, (_, i) => frame(turn * 200 + i, 64 + i));
      expected.push(...frames);
      expect(port.deliver(batchOf(frames), list, 200)).toBe(200);
      port.flush();
    }
    expect(sent).toEqual(expected);
  });
});
