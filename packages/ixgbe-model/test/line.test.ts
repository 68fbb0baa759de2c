/** The wire: its rate in simulated and in real time, its faults, and what is counted on it (section 8.2.3.23). */
import {
  connectNics,
  createFaultyWire,
  createIxgbe,
  drive,
  driverMemory,
  LineRate,
  registers as R,
} from "@clickos/ixgbe-model";
import { SimulatedClock } from "@clickos/run-loop";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOf, bufferAt, framesOf, mac, packet, put, type Rig, rig, startReceive, startTransmit } from "./rig.ts";

/** Fills the transmit ring with frames of a length. */
function fill(r: Rig, frames: number, length: number): void {
  for (let i = 0; i < frames; i++) put(r, 0, i, [bufferAt("tx", 0, i), 0, R.TX_CMD_EOP | R.TX_CMD_RS | length, 0]);
  r.nic.write32(R.TDT, frames);
}

describe("the line", () => {
  it("sends frames as its rate lets them, with preamble, check sequence and gap", () => {
    for (const [length, ns] of [
      [60, 67.2],
      [20, 67.2],
      [1514, 1230.4],
    ] as const) {
      const clock = new SimulatedClock(0n);
      const r = rig({ now: clock.now, lineRate: 1e10 });
      startTransmit(r);
      fill(r, 11, length);
      // The first begins at once, and each other when the one before it is gone.
      expect(r.sent.length).toBe(1);
      const times = [];
      while (r.nic.readyIn !== undefined) {
        clock.jump(clock.now() + r.nic.readyIn);
        const before = r.sent.length;
        r.nic.advance();
        expect(r.sent.length).toBe(before + 1);
        times.push(Number(clock.now()));
      }
      expect(times).toEqual(Array.from({ length: 10 }, (_, i) => Math.ceil((i + 1) * ns - 1e-9)));
      expect(r.descriptor("tx", 0, 10)[3]! & R.TX_DD).toBe(R.TX_DD);
    }
  });

  it("loses no time while frames wait, and gains none while there are none", () => {
    const clock = new SimulatedClock(0n);
    const line = new LineRate(clock.now, 1e9);
    const send = (waiting: boolean): number => {
      line.update(waiting);
      let frames = 0;
      for (; line.free; frames++) line.take(60);
      return frames;
    };
    expect(send(false)).toBe(1);
    clock.jump(6720n);
    // Ten frames' time has passed, of which the first took one.
    expect(send(true)).toBe(10);
    clock.jump(1_000_000n);
    expect(send(false)).toBe(1);
    expect(line.freeIn).toBe(672n);
    expect(() => new LineRate(clock.now, 0)).toThrow(RangeError);
  });

  it("sends 14.88 million frames of 64 bytes a second, however often it is asked, over all queues", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 50, maxLength: 200 }), (steps) => {
        const clock = new SimulatedClock(0n);
        const r = rig({ now: clock.now, lineRate: 1e10 });
        for (const queue of [0, 1]) startTransmit(r, queue);
        for (const queue of [0, 1])
          for (let i = 0; i < 16; i++) put(r, queue, i, [bufferAt("tx", queue, i), 0, R.TX_CMD_EOP | 60, 0]);
        let time = 0;
        for (const step of steps) {
          for (const queue of [0, 1]) {
            const head = r.nic.read32(R.offsetOf("TDH", queue));
            r.nic.write32(R.offsetOf("TDT", queue), (head + 15) % 16);
          }
          time += Math.min(step, 15 * 67);
          clock.jump(BigInt(time));
          r.nic.advance();
        }
        expect(Math.abs(r.sent.length - time / 67.2)).toBeLessThanOrEqual(2);
      }),
      { numRuns: 20 },
    );
  });

  it("keeps real time too", () => {
    const r = rig({ lineRate: 1e6 });
    startTransmit(r);
    // 672 microseconds a frame: ten of them take at least six milliseconds.
    const began = performance.now();
    fill(r, 10, 60);
    while (r.nic.readyIn !== undefined) r.nic.advance();
    expect(r.sent.length).toBe(10);
    expect(performance.now() - began).toBeGreaterThanOrEqual(9 * 0.672 - 0.1);
  });
});

describe("statistics", () => {
  it("count by length and destination, both ways, and clear on read", () => {
    const lengths = [60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514];
    const sizes = [64, 127, 255, 511, 1023, 1522] as const;
    const a = createIxgbe({ mac, dma: new ArrayBuffer(driverMemory) });
    const b = createIxgbe({ mac, dma: new ArrayBuffer(driverMemory) });
    connectNics(a, b);
    const port = drive(a);
    drive(b);
    const frames = lengths.map((length, i) => new Uint8Array(length).fill([0, 1, 255][i % 3]!, 0, 6));
    port.deliver(
      batchOf(frames),
      Int32Array.from(frames, (_, i) => i),
      frames.length,
    );
    port.flush();
    const octets = lengths.reduce((sum, length) => sum + length + 4, 0);
    const read = (nic: typeof a, ...names: R.RegisterName[]): number[] =>
      names.map((name) => nic.read32(R.offsetOf(name)));
    expect(read(a, ...sizes.map((n) => `PTC${n}` as const))).toEqual([1, 2, 2, 2, 2, 2]);
    expect(read(b, ...sizes.map((n) => `PRC${n}` as const))).toEqual([1, 2, 2, 2, 2, 2]);
    expect(read(a, "GPTC", "TPT", "MPTC", "BPTC", "GOTCL", "GOTCH", "QPTC")).toEqual([11, 11, 4, 3, octets, 0, 11]);
    expect(read(b, "GPRC", "TPR", "MPRC", "BPRC", "GORCL", "GORCH", "TORL", "QPRC", "QBRC_L")).toEqual([
      11,
      11,
      4,
      3,
      octets,
      0,
      octets,
      11,
      octets - 44,
    ]);
    for (const name of Object.keys(R.table) as R.RegisterName[])
      if (R.table[name].access === "RC")
        for (const nic of [a, b]) {
          nic.read32(R.offsetOf(name));
          expect([name, nic.read32(R.offsetOf(name))]).toEqual([name, 0]);
        }
  });

  it("of queues are kept where RQSMR and TQSM say", () => {
    const r = rig();
    startReceive(r);
    startTransmit(r, 2);
    r.nic.write32(R.offsetOf("RQSMR"), 5);
    r.nic.write32(R.offsetOf("TQSM"), 6 << 16);
    r.nic.arrive(batchOf([packet(), packet()]), 0);
    put(r, 2, 0, [bufferAt("tx", 2, 0), 0, R.TX_CMD_EOP | 99, 0]);
    r.nic.write32(R.offsetOf("TDT", 2), 1);
    const at = (name: R.RegisterName, n: number): number => r.nic.read32(R.offsetOf(name, n));
    expect([at("QPRC", 0), at("QPRC", 5), at("QBRC_L", 5)]).toEqual([0, 2, packet().length * 2]);
    expect([at("QPTC", 6), at("QBTC_L", 6), at("QBTC_H", 6)]).toEqual([1, 99, 0]);
  });
});

describe("a faulty wire", () => {
  const counters = ["CRCERRS", "ILLERRC", "ERRBC", "RLEC", "RUC", "RFC", "ROC", "RJC"] as const;
  const read = ({ nic }: Rig): number[] => counters.map((name) => nic.read32(R.offsetOf(name)));

  it("counts each kind of damage in its own counter, and stores bad frames only where FCTRL.SBP asks for them", () => {
    const r = rig();
    startReceive(r);
    const batch = batchOf([packet(), new Uint8Array(40), new Uint8Array(1600)]);
    for (const i of [0, 1, 2]) r.nic.arriveDamaged(batch, i, "check sequence");
    r.nic.arriveDamaged(batch, 0, "symbol");
    r.nic.arriveDamaged(batch, 0, "length");
    r.nic.arriveDamaged(batch, 1, "undersized");
    expect(read(r)).toEqual([2, 1, 1, 1, 1, 1, 0, 1]);
    expect([r.nic.read32(R.GPRC), r.nic.read32(R.RDH), r.nic.read32(R.offsetOf("TPR"))]).toEqual([0, 0, 6]);
    r.nic.write32(R.FCTRL, R.FCTRL_SBP);
    r.nic.arriveDamaged(batch, 0, "check sequence");
    expect([r.nic.read32(R.RDH), r.nic.read32(R.GPRC)]).toEqual([1, 0]);
    expect(r.descriptor("rx", 0, 0)[2]! & R.RX_ERROR_RXE).toBe(R.RX_ERROR_RXE);
  });

  it("loses, repeats, corrupts, cuts and reorders as often as it is told, and the same with the same seed", () => {
    const run = (seed: number) => {
      const nic = createIxgbe({ mac, dma: new ArrayBuffer(driverMemory) });
      const port = drive(nic);
      const rates = { lose: 0.1, repeat: 0.1, corrupt: 0.1, symbol: 0.05, cut: 0.05, reorder: 0.1, seed };
      const wire = createFaultyWire(nic, rates);
      const got: number[] = [];
      let n = 0;
      for (let round = 0; round < 100; round++) {
        const frames = Array.from({ length: 50 }, () => {
          const frame = new Uint8Array(64);
          new DataView(frame.buffer).setUint32(20, n++);
          return frame;
        });
        wire.receive(batchOf(frames));
        for (let batch = port.poll(); batch; batch = port.poll()) {
          got.push(...framesOf(batch).map((f) => new DataView(f.buffer).getUint32(20)));
          port.release();
        }
      }
      wire.flush();
      for (const frame of framesOf(port.poll() ?? batchOf([]))) got.push(new DataView(frame.buffer).getUint32(20));
      return { nic, got, faults: wire.faults };
    };
    const { nic, got, faults } = run(7);
    expect(run(7)).toMatchObject({ got, faults });
    expect(run(8).got).not.toEqual(got);
    for (const [kind, rate] of [
      ["lose", 0.1],
      ["repeat", 0.1],
      ["corrupt", 0.1],
      ["symbol", 0.05],
      ["cut", 0.05],
      ["reorder", 0.1],
    ] as const)
      expect(Math.abs(faults[kind] / 5000 - rate)).toBeLessThan(0.02);
    const bad = faults.corrupt + faults.symbol + faults.cut;
    expect(got.length).toBe(5000 - faults.lose - bad + faults.repeat);
    expect(new Set(got).size).toBe(5000 - faults.lose - bad);
    expect(nic.read32(R.offsetOf("CRCERRS"))).toBe(faults.corrupt + faults.symbol);
    expect([nic.read32(R.offsetOf("RFC")), nic.read32(R.offsetOf("ILLERRC"))]).toEqual([faults.cut, faults.symbol]);
    // No frame is far from its place.
    got.reduce((before, value) => {
      expect(value).toBeGreaterThanOrEqual(before - 40);
      return Math.max(before, value);
    }, 0);
  });

  it("has rates from 0 to 1", () => {
    const nic = createIxgbe({ mac, dma: new ArrayBuffer(4096) });
    for (const rates of [{ lose: -0.1 }, { lose: 0.6, cut: 0.6 }, { cut: Number.NaN }])
      expect(() => createFaultyWire(nic, rates)).toThrow(RangeError);
  });
});
