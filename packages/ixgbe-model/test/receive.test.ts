/** What the NIC takes and what its descriptors tell: sections 7.1.1 (filters), 7.1.6 (write-back), 7.1.11 (checksums). */
import { registers as R } from "@clickos/ixgbe-model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  batchOf,
  bufferAt,
  descriptors,
  type PacketOptions,
  packet,
  type Rig,
  received,
  rig,
  startReceive,
} from "./rig.ts";

function receiving(options: Parameters<typeof startReceive>[2] = {}): Rig {
  const r = rig();
  startReceive(r, 0, options);
  return r;
}
const frameTo = (...to: number[]): Uint8Array => packet({ to });
const broadcast = frameTo(255, 255, 255, 255, 255, 255);
const others = frameTo(2, 0, 0, 0, 0, 7);
const multicast = frameTo(1, 0, 0x5e, 0, 0, 0xfb);
const own = packet();
/** How many of some frames were received. */
const taken = ({ nic }: Rig, ...frames: Uint8Array[]): number[] =>
  frames.map((frame) => {
    const before = nic.read32(R.RDH);
    expect(nic.arrive(batchOf([frame]), 0)).toBe(1);
    const after = nic.read32(R.RDH);
    nic.write32(R.RDT, (after + descriptors - 1) % descriptors);
    return (after - before + descriptors) % descriptors;
  });

describe("the address filter", () => {
  it("takes frames to its addresses, and others as the promiscuous modes say", () => {
    const r = receiving();
    const all = [own, others, broadcast, multicast];
    for (const [modes, expected] of [
      [0, [1, 0, 0, 0]],
      [R.FCTRL_BAM, [1, 0, 1, 0]],
      [R.FCTRL_UPE, [1, 1, 0, 0]],
      [R.FCTRL_MPE, [1, 0, 1, 1]],
      [R.FCTRL_UPE | R.FCTRL_MPE | R.FCTRL_BAM, [1, 1, 1, 1]],
    ] as const) {
      r.nic.write32(R.FCTRL, modes);
      expect(taken(r, ...all)).toEqual(expected);
    }
  });

  it("has 128 exact addresses, which count while they are valid", () => {
    const r = receiving();
    for (const n of [1, 15, 16, 127]) {
      r.nic.write32(R.offsetOf("RAL", n), 0x00000002);
      r.nic.write32(R.offsetOf("RAH", n), 0x0700);
      expect(taken(r, others)).toEqual([0]);
      r.nic.write32(R.offsetOf("RAH", n), R.RAH_AV | 0x0700);
      expect(taken(r, others, own)).toEqual([1, 1]);
      r.nic.write32(R.offsetOf("RAH", n), 0);
    }
    r.nic.write32(R.RAH0, 0);
    expect(taken(r, own)).toEqual([0]);
  });

  it("takes multicast addresses by the table, at each of four places of the address", () => {
    for (const [mo, shift] of [4, 3, 2, 0].entries()) {
      const r = receiving();
      const bit = ((0xfb00 >> shift) & 0xfff) >>> 0;
      r.nic.write32(R.offsetOf("MTA", bit >> 5), 1 << (bit & 31));
      expect(taken(r, multicast)).toEqual([0]);
      r.nic.write32(R.MCSTCTRL, R.MCSTCTRL_MFE | mo);
      expect(taken(r, multicast, frameTo(1, 0, 0x5e, 0, 0, 0xfa), others, broadcast)).toEqual([1, 0, 0, 1]);
      expect(r.descriptor("rx", 0, 0)[2]! & R.RX_PIF).toBe(R.RX_PIF);
      expect(r.descriptor("rx", 0, 1)[2]! & R.RX_PIF).toBe(0);
    }
  });

  it("takes tagged frames by the VLAN table and the CFI bit, and others anyway", () => {
    const r = receiving();
    const [a, b, cfi] = [0x0064, 0xe065, 0x1064].map((tag) => packet({ tag }));
    expect(taken(r, a!, b!, own)).toEqual([1, 1, 1]);
    r.nic.write32(R.VLNCTRL, R.VLNCTRL_VFE | 0x8100);
    r.nic.write32(R.offsetOf("VFTA", 0x64 >> 5), 1 << (0x64 & 31));
    expect(taken(r, a!, b!, cfi!, own)).toEqual([1, 0, 1, 1]);
    r.nic.write32(R.VLNCTRL, R.VLNCTRL_VFE | R.VLNCTRL_CFIEN | 0x8100);
    expect(taken(r, a!, cfi!)).toEqual([1, 0]);
    r.nic.write32(R.VLNCTRL, R.VLNCTRL_VFE | R.VLNCTRL_CFIEN | R.VLNCTRL_CFI | 0x8100);
    expect(taken(r, a!, cfi!)).toEqual([0, 1]);
    // Tags with another EtherType are none.
    r.nic.write32(R.VLNCTRL, R.VLNCTRL_VFE | 0x88a8);
    expect(taken(r, b!)).toEqual([1]);
  });
});

describe("receive descriptors", () => {
  it("are written back in the advanced format: type, hash or identification, status, length", () => {
    const r = receiving();
    const frames: [PacketOptions, number, number][] = [
      [{}, R.RX_TYPE_IPV4 | R.RX_TYPE_UDP, R.RX_IPCS | R.RX_L4CS | R.RX_UDPCS],
      [{ protocol: 6 }, R.RX_TYPE_IPV4 | R.RX_TYPE_TCP, R.RX_IPCS | R.RX_L4CS],
      [{ options: 8 }, R.RX_TYPE_IPV4_EX | R.RX_TYPE_UDP, R.RX_IPCS | R.RX_L4CS | R.RX_UDPCS],
      [{ version: 6, protocol: 6 }, R.RX_TYPE_IPV6 | R.RX_TYPE_TCP, R.RX_L4CS],
      [{ fragment: 0x2000 }, R.RX_TYPE_IPV4, R.RX_IPCS],
      [{ fragment: 0x0010 }, R.RX_TYPE_IPV4, R.RX_IPCS],
    ];
    r.nic.arrive(batchOf(frames.map(([o]) => packet(o))), 0);
    frames.forEach(([o, type, status], i) => {
      const identification = (o.version ?? 4) === 4 ? 0x1234 : 0;
      expect(r.descriptor("rx", 0, i)).toEqual([type, identification, R.RX_DD | R.RX_EOP | status, packet(o).length]);
    });
    expect(received(r)).toEqual(frames.map(([o]) => packet(o)));
  });

  it("tell of wrong checksums, counted in XEC; UDP may have none", () => {
    const r = receiving();
    const change = (frame: Uint8Array, at: number): Uint8Array => frame.map((b, i) => (i === at ? b ^ 0x10 : b));
    const none = packet().fill(0, 40, 42);
    const frames = [
      change(own, 14 + 8),
      change(own, own.length - 1),
      change(packet({ protocol: 6 }), 60),
      change(packet({ version: 6 }), 70),
      none,
      change(packet({ fragment: 1 }), 60),
    ];
    r.nic.arrive(batchOf(frames), 0);
    const errors = frames.map((_, i) => (r.descriptor("rx", 0, i)[2]! & ~0xfffff) >>> 0);
    expect(errors).toEqual([R.RX_ERROR_IPE, R.RX_ERROR_TCPE, R.RX_ERROR_TCPE, R.RX_ERROR_TCPE, 0, 0]);
    expect(r.descriptor("rx", 0, 4)[2]! & (R.RX_L4CS | R.RX_UDPCS)).toBe(R.RX_UDPCS);
    expect([r.nic.read32(R.offsetOf("XEC")), r.nic.read32(R.GPRC)]).toEqual([4, 6]);
  });

  it("have tags that are taken off where the queue does that, in frames of several buffers too", () => {
    for (const payload of [10, 1200]) {
      const tagged = packet({ tag: 0x6123, payload });
      for (const srrctl of [1, R.SRRCTL_ADVANCED | 1]) {
        const r = receiving({ srrctl, rxdctl: R.RXDCTL_VME });
        r.nic.arrive(batchOf([tagged, packet({ payload })]), 0);
        const parts = Math.ceil((tagged.length - 4) / 1024);
        const bytes = [];
        for (let i = 0; i < parts; i++) {
          const [, , w2, w3] = r.descriptor("rx", 0, i) as [number, number, number, number];
          const [status, length, tag] = srrctl === 1 ? [w3, w2 & 0xffff, w3 >>> 16] : [w2, w3 & 0xffff, w3 >>> 16];
          const last = i === parts - 1;
          expect([status & R.RX_EOP, status & R.RX_VP, tag]).toEqual(last ? [R.RX_EOP, R.RX_VP, 0x6123] : [0, 0, 0]);
          bytes.push(...r.bytes.slice(bufferAt("rx", 0, i), bufferAt("rx", 0, i) + length));
        }
        expect(Uint8Array.from(bytes)).toEqual(packet({ payload }));
        const after = r.descriptor("rx", 0, parts);
        expect(after[srrctl === 1 ? 3 : 2]! & R.RX_VP).toBe(0);
      }
    }
  });

  it("run out: frames wait, or are dropped where the queue drops; the longest never do either", () => {
    const waits = receiving();
    const many = batchOf(Array.from({ length: 20 }, () => own));
    expect([waits.nic.arrive(many, 0), waits.nic.arrive(many, 0)]).toEqual([15, 0]);
    const drops = receiving({ srrctl: R.SRRCTL_ADVANCED | R.SRRCTL_DROP_EN | 2 });
    expect(drops.nic.arrive(many, 0)).toBe(20);
    expect([drops.nic.read32(R.offsetOf("QPRDC")), drops.nic.read32(R.offsetOf("QPRDC"))]).toEqual([5, 0]);
    expect(drops.nic.read32(R.GPRC)).toBe(15);
  });

  it("with buffers outside of memory lose their frames, and raise an interrupt cause", () => {
    for (const srrctl of [2, R.SRRCTL_ADVANCED | 2])
      for (const [low, high] of [
        [-1, 0],
        [bufferAt("rx", 0, 0), 1],
        [0x7fffffff, 0],
      ]) {
        const r = receiving({ srrctl });
        r.nic.write32(R.FCTRL, R.FCTRL_UPE | R.FCTRL_MPE | R.FCTRL_BAM);
        r.words.set([low!, high!], 0);
        const before = r.bytes.slice();
        expect(r.nic.arrive(batchOf([own]), 0)).toBe(1);
        expect(Buffer.compare(r.bytes, before)).toBe(0);
        expect([r.nic.dmaErrors, r.nic.read32(R.EICR) & R.EICR_PCI, r.nic.read32(R.GPRC)]).toEqual([1, R.EICR_PCI, 0]);
        r.nic.arrive(batchOf([own]), 0);
        expect(r.bytes.slice(bufferAt("rx", 0, 1), bufferAt("rx", 0, 1) + own.length)).toEqual(own);
      }
  });

  it("are right for any bytes: nothing outside the frame is read, and the frame is put whole", () => {
    const r = receiving();
    r.nic.write32(R.FCTRL, R.FCTRL_UPE | R.FCTRL_MPE | R.FCTRL_BAM);
    r.nic.write32(R.RXCSUM, R.RXCSUM_PCSD);
    r.nic.write32(R.MRQC, R.MRQC_RSS | 0xffff0000);
    r.nic.write32(R.offsetOf("RSSRK"), 0x12345678);
    const start = fc.constantFrom(
      ...[packet(), packet({ protocol: 6 }), packet({ version: 6 }), packet({ tag: 5 }), packet({ options: 20 })],
    );
    fc.assert(
      fc.property(
        start,
        fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
        fc.integer({ min: 14, max: 120 }),
        (frame, changes, length) => {
          const cut = new Uint8Array(length);
          cut.set(frame.subarray(0, length));
          for (const [at, value] of changes) if (at < length) cut[at] = value;
          // The same frame with other bytes around it gives the same descriptor.
          const tell = (around: number): number[] => {
            const batch = batchOf([cut]);
            batch.memory.bytes.fill(around, 4096);
            batch.memory.bytes.fill(around, 0, 4096);
            batch.offsets[0] = 2048;
            batch.memory.bytes.set(cut, 2048);
            const head = r.nic.read32(R.RDH);
            expect(r.nic.arrive(batch, 0)).toBe(1);
            const at = bufferAt("rx", 0, head);
            expect(r.bytes.slice(at, at + length)).toEqual(cut);
            const told = r.descriptor("rx", 0, head);
            r.words.set([at, 0, 0, 0], head * 4);
            r.nic.write32(R.RDT, head);
            return told;
          };
          expect(tell(0xff)).toEqual(tell(0));
        },
      ),
      { numRuns: 300 },
    );
  });
});
