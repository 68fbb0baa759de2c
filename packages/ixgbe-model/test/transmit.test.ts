/** Transmit descriptors and offloads: sections 7.2.3 (descriptors), 7.2.4 (segments), 7.2.5 (checksums). */
import { registers as R } from "@clickos/ixgbe-model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bufferAt, checksum, descriptors, ones, packet, put, type Rig, rig, startTransmit } from "./rig.ts";

function transmitting(): Rig {
  const r = rig();
  startTransmit(r);
  return r;
}
const last = R.TX_CMD_EOP | R.TX_CMD_RS | R.TX_CMD_IFCS;
const data = R.TX_CMD_DEXT | R.TX_DTYP_DATA;
const buffer = bufferAt("tx", 0, 0);

interface Context {
  readonly index?: number;
  readonly vlan?: number;
  readonly macBytes?: number;
  readonly ipBytes?: number;
  readonly l4Bytes?: number;
  readonly mss?: number;
  readonly kinds?: number;
}
const context = (o: Context): number[] => [
  ((o.vlan ?? 0) << 16) | ((o.macBytes ?? 14) << 9) | (o.ipBytes ?? 20),
  0,
  R.TX_CMD_DEXT | R.TX_DTYP_CONTEXT | (o.kinds ?? R.TX_TUCMD_IPV4),
  ((o.mss ?? 0) << 16) | ((o.l4Bytes ?? 0) << 8) | ((o.index ?? 0) << 4),
];
/** A packet as software gives it: the sum of the pseudo-header for a checksum, with the length or without; IPv4's is 0. */
function unfinished(o: Parameters<typeof packet>[0], withLength = true): Uint8Array {
  const frame = packet(o);
  const { version = 4, protocol = 17, options = 0 } = o ?? {};
  const ip = 14;
  const headerBytes = version === 4 ? 20 + options : 40;
  const l4 = ip + headerBytes;
  const addresses = version === 4 ? frame.slice(ip + 12, ip + 20) : frame.slice(ip + 8, ip + 40);
  const view = new DataView(frame.buffer);
  if (version === 4) view.setUint16(ip + 10, 0);
  view.setUint16(l4 + (protocol === 6 ? 16 : 6), ones(addresses, protocol + (withLength ? frame.length - l4 : 0)));
  return frame;
}
/** Sends what descriptors say. */
function send(r: Rig, list: readonly (readonly number[])[]): Uint8Array[] {
  let tail = r.nic.read32(R.TDT);
  for (const descriptor of list) {
    put(r, 0, tail, descriptor);
    tail = (tail + 1) % descriptors;
  }
  r.nic.write32(R.TDT, tail);
  return r.sent.splice(0);
}

describe("transmit descriptors", () => {
  it("send advanced frames of one buffer and of several, and mark what asks for it", () => {
    const r = transmitting();
    const frame = packet({ payload: 900 });
    r.bytes.set(frame, buffer);
    const whole = [buffer, 0, data | last | frame.length, frame.length << R.TX_PAYLEN_SHIFT];
    expect(send(r, [whole])).toEqual([frame]);
    expect(r.descriptor("tx", 0, 0)[3]! & R.TX_DD).toBe(R.TX_DD);
    const parts = [
      [buffer, 0, data | 100, frame.length << R.TX_PAYLEN_SHIFT],
      [buffer + 100, 0, data | 1, 0],
      [buffer + 101, 0, data | last | (frame.length - 101), 0],
    ];
    expect(send(r, [...parts, whole])).toEqual([frame, frame]);
    expect([1, 2, 3].map((i) => r.descriptor("tx", 0, i)[3]! & R.TX_DD)).toEqual([0, 0, R.TX_DD]);
    expect([r.nic.read32(R.TDH), r.nic.read32(R.GPTC)]).toEqual([5, 3]);
  });

  it("of several queues are sent each from its own ring", () => {
    const r = rig();
    for (const queue of [0, 3, 15]) startTransmit(r, queue);
    for (const queue of [15, 0, 3]) {
      const at = bufferAt("tx", queue, 0);
      r.bytes.fill(queue, at, at + 60);
      put(r, queue, 0, [at, 0, data | last | 60, 0]);
      r.nic.write32(R.offsetOf("TDT", queue), 1);
    }
    expect(r.sent.map((f) => f[20])).toEqual([15, 0, 3]);
    const counted = r.nic.read32(R.offsetOf("QPTC"));
    expect([counted, r.nic.read32(R.offsetOf("QBTC_L"))]).toEqual([3, 180]);
  });

  it("pad short frames with zeros where that is on, and write the head where they are told", () => {
    const r = transmitting();
    r.nic.write32(R.HLREG0, r.nic.read32(R.HLREG0) | R.HLREG0_TXPADEN);
    r.nic.write32(R.offsetOf("TDWBAL"), 4096 | 1);
    r.bytes.fill(7, buffer, buffer + 100);
    const frames = send(r, [
      [buffer, 0, data | last | 20, 0],
      [buffer, 0, last | 59, 0],
      [buffer, 0, last | 60, 0],
    ]);
    const expected = [20, 59, 60].map((n) => new Uint8Array(60).fill(7, 0, n));
    expect(frames).toEqual(expected);
    expect([r.words[1024], r.nic.read32(R.offsetOf("PTC64"))]).toEqual([3, 3]);
  });

  it("put tags in: of the context, or of the legacy descriptor", () => {
    const r = transmitting();
    const frame = packet();
    r.bytes.set(frame, buffer);
    const expected = packet({ tag: 0x3005 });
    const vle = R.TX_CMD_VLE;
    expect(
      send(r, [
        context({ vlan: 0x3005, index: 1 }),
        [buffer, 0, data | last | vle | frame.length, 1 << 4],
        [buffer, 0, last | vle | frame.length, 0x3005 << 16],
        [buffer, 0, data | vle | 12, 1 << 4],
        [buffer + 12, 0, data | last | (frame.length - 12), 0],
        [buffer, 0, data | vle | 5, 1 << 4],
        [buffer + 5, 0, data | last | (frame.length - 5), 0],
      ]),
    ).toEqual([expected, expected, expected, expected]);
    r.nic.write32(R.DMATXCTL, R.DMATXCTL_TE | ((0x88a8 << R.DMATXCTL_VT_SHIFT) >>> 0));
    const [other] = send(r, [[buffer, 0, last | vle | frame.length, 9 << 16]]);
    expect([...other!.slice(12, 16)]).toEqual([0x88, 0xa8, 0, 9]);
  });
});

describe("transmit checksums", () => {
  it("are right for IPv4, TCP and UDP, with tags, in one buffer and in several", () => {
    const r = transmitting();
    fc.assert(
      fc.property(
        fc.record({
          version: fc.constantFrom(4 as const, 6 as const),
          protocol: fc.constantFrom(6 as const, 17 as const),
          payload: fc.integer({ min: 0, max: 1400 }),
          options: fc.constantFrom(0, 4, 40),
        }),
        fc.boolean(),
        fc.nat(1400),
        (o, tagged, split) => {
          const frame = unfinished(o);
          r.bytes.set(frame, buffer);
          const ipBytes = o.version === 4 ? 20 + o.options : 40;
          const kinds = (o.version === 4 ? R.TX_TUCMD_IPV4 : 0) | (o.protocol === 6 ? R.TX_TUCMD_TCP : 0);
          const command = data | (tagged ? R.TX_CMD_VLE : 0);
          const options = R.TX_POPTS_TXSM | (o.version === 4 ? R.TX_POPTS_IXSM : 0);
          const first = Math.min(split, frame.length - 1);
          const parts = [
            [buffer, 0, command | first, options],
            [buffer + first, 0, command | last | (frame.length - first), 0],
          ];
          const one = [[buffer, 0, command | last | frame.length, options]];
          const sent = send(r, [context({ ipBytes, kinds, vlan: 7 }), ...(first > 0 ? parts : one)]);
          expect(sent).toEqual([packet(tagged ? { ...o, tag: 7 } : o)]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("are where a legacy descriptor says", () => {
    const r = transmitting();
    const frame = unfinished({});
    new DataView(frame.buffer).setUint16(24, checksum(frame.slice(14, 34)));
    r.bytes.set(frame, buffer);
    expect(send(r, [[buffer, 0, last | R.TX_CMD_IC | (40 << 16) | frame.length, 34 << 8]])).toEqual([packet()]);
    // Outside of the frame there is none.
    for (const [to, from] of [
      [40, 255],
      [255, 14],
    ])
      expect(send(r, [[buffer, 0, last | R.TX_CMD_IC | (to! << 16) | frame.length, from! << 8]])).toEqual([frame]);
  });
});

describe("segmentation", () => {
  it("cuts TCP to segments with headers, checksums, sequence numbers and flags of their own", () => {
    for (const version of [4, 6] as const) {
      const r = transmitting();
      const ipBytes = version === 4 ? 20 : 40;
      const headers = 14 + ipBytes + 20;
      const payload = 3000;
      const frame = unfinished({ version, protocol: 6, payload }, false);
      const flags = 14 + ipBytes + 12;
      // FIN, PSH, ACK and CWR.
      frame.set([0x50, 0x99], flags);
      r.bytes.set(frame, buffer);
      const kinds = (version === 4 ? R.TX_TUCMD_IPV4 : 0) | R.TX_TUCMD_TCP;
      const options = R.TX_POPTS_TXSM | (version === 4 ? R.TX_POPTS_IXSM : 0);
      const sent = send(r, [
        context({ ipBytes, l4Bytes: 20, mss: 1000, kinds, vlan: 5 }),
        [buffer, 0, data | R.TX_CMD_TSE | R.TX_CMD_VLE | 1500, (options | (payload << R.TX_PAYLEN_SHIFT)) >>> 0],
        [buffer + 1500, 0, data | last | (frame.length - 1500), 0],
      ]);
      expect(sent.map((f) => f.length)).toEqual([0, 1, 2].map(() => headers + 4 + 1000));
      const view = (f: Uint8Array): DataView => new DataView(f.buffer, f.byteOffset);
      expect(sent.map((f) => view(f).getUint16(16 + 2 - 4))).toEqual([5, 5, 5]);
      const rest = sent.map((f) => Uint8Array.from([...f.slice(0, 12), ...f.slice(16)]));
      rest.forEach((f, n) => {
        expect(view(f).getUint32(14 + ipBytes + 4)).toBe((view(frame).getUint32(14 + ipBytes + 4) + n * 1000) >>> 0);
        expect(f[flags + 1]).toBe([0x90, 0x90, 0x19][n]);
        expect(f.slice(headers)).toEqual(frame.slice(headers + n * 1000, headers + (n + 1) * 1000));
        if (version === 4) {
          expect([view(f).getUint16(16), view(f).getUint16(18)]).toEqual([1040, 0x1234 + n]);
          expect(checksum(f.slice(14, 34))).toBe(0);
        } else expect(view(f).getUint16(18)).toBe(1020);
        const addresses = version === 4 ? f.slice(26, 34) : f.slice(22, 54);
        expect(checksum(f.slice(14 + ipBytes), ones(addresses, 6 + 1020))).toBe(0);
      });
      expect([r.nic.read32(R.TDH), r.nic.read32(R.GPTC)]).toEqual([3, 3]);
    }
  });

  it("cuts UDP, with a shorter last datagram, and packets of more than a frame's bytes", () => {
    const r = rig({ dma: new ArrayBuffer(1 << 20) });
    startTransmit(r);
    const at = 1 << 19;
    const bytes = new Uint8Array(r.nic.dma);
    const words = new Int32Array(r.nic.dma);
    const frame = unfinished({ payload: 40_000 }, false);
    bytes.set(frame, at);
    const list = [
      context({ l4Bytes: 8, mss: 1400 }),
      [at, 0, data | R.TX_CMD_TSE | 20_000, R.TX_POPTS_TXSM | R.TX_POPTS_IXSM],
      [at + 20_000, 0, data | last | (frame.length - 20_000), 0],
    ];
    list.forEach((d, i) => words.set(d, 32_768 / 4 + i * 4));
    r.nic.write32(R.TDT, 3);
    expect(r.sent.length).toBe(Math.ceil(40_000 / 1400));
    const payload = r.sent.flatMap((f) => [...f.slice(42)]);
    expect(Buffer.compare(Uint8Array.from(payload), frame.subarray(42))).toBe(0);
    for (const f of r.sent) {
      const view = new DataView(f.buffer);
      expect([view.getUint16(16), view.getUint16(38)]).toEqual([f.length - 14, f.length - 34]);
      expect([checksum(f.slice(14, 34)), checksum(f.slice(34), ones(f.slice(26, 34), 17 + f.length - 34))]).toEqual([
        0, 0,
      ]);
    }
  });

  it("does nothing with headers that are none", () => {
    const r = transmitting();
    const frame = unfinished({ protocol: 6, payload: 200 });
    r.bytes.set(frame, buffer);
    const tse = [buffer, 0, data | last | R.TX_CMD_TSE | frame.length, R.TX_POPTS_TXSM | R.TX_POPTS_IXSM];
    for (const c of [
      { macBytes: 127, ipBytes: 511, l4Bytes: 255, mss: 100 },
      { macBytes: 0, ipBytes: 0, l4Bytes: 0, mss: 100 },
    ])
      expect(send(r, [context(c), tse])).toEqual([]);
    // Without a size there are no segments.
    expect(send(r, [context({ l4Bytes: 20, mss: 0 }), tse]).length).toBe(1);
    expect(r.nic.read32(R.TDH)).toBe(r.nic.read32(R.TDT));
  });
});
