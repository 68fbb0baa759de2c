/**
 * The public `ixy` driver, written for the hardware and compiled to WebAssembly, brings NICs up and forwards between two of them.
 * Its memory is theirs. CONTRIBUTING.md says how to build it; `IXY_WASM` is where it is.
 */
import { readFileSync } from "node:fs";
import { connectNics, createIxgbe, drive, driverMemory, type Ixgbe, registers as R } from "@clickos/ixgbe-model";
import { SimulatedClock } from "@clickos/run-loop";
import { FrameBatch } from "@clickos/vale";
import { describe, expect, it } from "vitest";

const path = process.env.IXY_WASM;
type Device = number;
interface Ixy {
  readonly memory: WebAssembly.Memory;
  open(nic: number, queues: number): Device;
  forward(from: Device, rxQueue: number, to: Device, txQueue: number): void;
  linkSpeed(device: Device): number;
  promiscuous(device: Device, on: number): void;
  macByte(device: Device, i: number): number;
  stats(device: Device, which: number): number;
}

const mac = (i: number): string => `02:00:00:00:11:0${i}`;

/** The driver over two NICs, each with a NIC of the test's own at the other end of its cable. */
function rig({ queues = 1, lineRate }: { queues?: number; lineRate?: number } = {}) {
  const clock = new SimulatedClock(0n);
  const nics: Ixgbe[] = [];
  const printed: string[] = [];
  let memory: WebAssembly.Memory | undefined;
  const module = new WebAssembly.Module(readFileSync(path as string));
  const unknown: string[] = [];
  const known = new Set(
    (Object.keys(R.table) as R.RegisterName[]).flatMap((name) => {
      const { per = 1, alias } = R.table[name];
      const all = Array.from({ length: typeof per === "number" ? per : 128 }, (_, n) => R.offsetOf(name, n));
      return [...all, ...(alias ? Array.from({ length: alias[1] }, (_, n) => alias[0] + n * alias[2]) : [])];
    }),
  );
  const check = (register: number): void => {
    if (!known.has(register)) unknown.push(register.toString(16));
  };
  const instance = new WebAssembly.Instance(module, {
    env: {
      regRead(nic: number, register: number) {
        check(register);
        return (nics[nic] as Ixgbe).read32(register);
      },
      regWrite(nic: number, register: number, value: number) {
        check(register);
        (nics[nic] as Ixgbe).write32(register, value >>> 0);
      },
      print: (at: number, length: number) =>
        printed.push(
          new TextDecoder().decode(new Uint8Array((memory as WebAssembly.Memory).buffer, at, length)).trim(),
        ),
      now: () => Number(clock.now()),
      sleep: (microseconds: number) => clock.jump(clock.now() + BigInt(microseconds) * 1000n),
    },
  });
  const ixy = instance.exports as unknown as Ixy;
  memory = ixy.memory;
  for (let i = 0; i < 2; i++) nics.push(createIxgbe({ mac: mac(i), dma: ixy.memory.buffer, now: clock.now, lineRate }));
  const ends = nics.map((nic, i) => {
    const end = createIxgbe({ mac: mac(8 + i), dma: new ArrayBuffer(driverMemory), now: clock.now });
    connectNics(nic, end);
    return { nic: end, port: drive(end) };
  });
  const devices = nics.map((_, i) => ixy.open(i, queues));
  return { ixy, nics, ends, devices, printed, clock, unknown };
}

/** A UDP packet; the port and the number tell flows and frames apart. */
function packet(port: number, n: number, length = 60): Uint8Array {
  const frame = new Uint8Array(length);
  frame.set([2, 0, 0, 0, 0x11, 9, 2, 0, 0, 0, 0x11, 8, 8, 0, 0x45, 0, 0, length - 14]);
  frame.set([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, port >> 8, port & 255, 0, 9, 0, length - 34, 0, 0], 22);
  new DataView(frame.buffer).setUint32(46, n);
  return frame;
}
function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const batch = new FrameBatch(new ArrayBuffer(256 * 2048));
  frames.forEach((frame, i) => {
    batch.memory.bytes.set(frame, i * 2048);
    batch.offsets[i] = i * 2048;
    batch.lengths[i] = frame.length;
  });
  batch.count = frames.length;
  return batch;
}
const framesOf = (batch: FrameBatch): Uint8Array[] =>
  Array.from({ length: batch.count }, (_, i) =>
    batch.memory.bytes.slice(batch.offsets[i]!, batch.offsets[i]! + batch.lengths[i]!),
  );
/** ixy's forwarder counts up the second byte of what it forwards. */
const touched = (frame: Uint8Array): Uint8Array => frame.map((byte, i) => (i === 1 ? byte + 1 : byte));

describe.skipIf(!path)("ixy's driver (skipped where IXY_WASM does not say where it is: see CONTRIBUTING.md)", () => {
  it("brings the NIC up: address, link, rings, promiscuous mode", () => {
    const { ixy, nics, devices, printed, unknown } = rig();
    devices.forEach((device, i) => {
      expect(Array.from({ length: 6 }, (_, k) => ixy.macByte(device, k))).toEqual([...nics[i]!.mac]);
      expect(ixy.linkSpeed(device)).toBe(10_000);
      const nic = nics[i]!;
      expect(nic.freeDescriptors).toBe(511);
      expect(nic.read32(R.FCTRL)).toBe(R.FCTRL_UPE | R.FCTRL_MPE | R.FCTRL_BAM);
      expect(nic.read32(R.TXDCTL) & R.DCTL_ENABLE).toBe(R.DCTL_ENABLE);
      expect(nic.read32(R.EIMS)).toBe(0);
    });
    expect(printed.filter((line) => /ERROR|WARN/.test(line))).toEqual([]);
    expect(printed.at(-1)).toMatch(/Link speed is 10000 Mbit\/s/);
    expect(unknown).toEqual([]);
  });

  it("forwards between two, both ways, in order and whole, over many turns of the rings", () => {
    const { ixy, nics, ends, devices } = rig();
    const [a, b] = devices as [number, number];
    const sent: Uint8Array[][] = [[], []];
    const received: Uint8Array[][] = [[], []];
    let n = 0;
    for (let round = 0; round < 200; round++) {
      ends.forEach(({ port }, side) => {
        const frames = Array.from({ length: 1 + (round % 32) }, () => packet(1000 + side, ++n, 60 + ((n * 37) % 1455)));
        sent[side]!.push(...frames);
        const list = Int32Array.from(frames, (_, k) => k);
        expect(port.deliver(batchOf(frames), list, frames.length)).toBe(frames.length);
        port.flush();
      });
      ixy.forward(a, 0, b, 0);
      ixy.forward(b, 0, a, 0);
      ends.forEach(({ port }, side) => {
        for (let batch = port.poll(); batch; batch = port.poll()) {
          received[side]!.push(...framesOf(batch));
          port.release();
        }
      });
    }
    for (const side of [0, 1] as const) {
      const expected = sent[1 - side]!.map(touched);
      expect(received[side]!.length).toBe(expected.length);
      received[side]!.forEach((frame, i) => expect(Buffer.compare(frame, expected[i]!), `frame ${i}`).toBe(0));
    }
    const octets = (frames: readonly Uint8Array[]): number => frames.reduce((sum, f) => sum + f.length + 4, 0);
    expect([0, 1, 2, 3].map((which) => ixy.stats(a, which))).toEqual([
      sent[0]!.length,
      sent[1]!.length,
      octets(sent[0]!),
      octets(sent[1]!),
    ]);
    // They clear on read.
    expect(ixy.stats(a, 0)).toBe(0);
    expect(nics.map((nic) => [nic.dmaErrors, nic.read32(R.MPC0)])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("takes only frames for its address when it is not promiscuous", () => {
    const { ixy, ends, devices } = rig();
    const [a, b] = devices as [number, number];
    ixy.promiscuous(a, 0);
    const own = packet(1, 1);
    own.set([2, 0, 0, 0, 0x11, 0]);
    const others = packet(2, 2);
    const broadcast = packet(3, 3).fill(0xff, 0, 6);
    const frames = [others, own, broadcast, others];
    ends[0]!.port.deliver(batchOf(frames), Int32Array.of(0, 1, 2, 3), 4);
    ends[0]!.port.flush();
    ixy.forward(a, 0, b, 0);
    expect(framesOf(ends[1]!.port.poll()!)).toEqual([touched(own), touched(broadcast)]);
    expect(ixy.stats(a, 0)).toBe(2);
  });

  it("reads several queues that RSS fills, each flow in its order", () => {
    const { ixy, nics, ends, devices } = rig({ queues: 4 });
    const [a, b] = devices as [number, number];
    const nic = nics[0]!;
    // ixy does not set RSS up: what its user would write.
    for (let i = 0; i < 10; i++) nic.write32(R.offsetOf("RSSRK", i), Math.imul(0x9e3779b1, i + 1) >>> 0);
    for (let i = 0; i < 32; i++) nic.write32(R.offsetOf("RETA", i), 0x03020100);
    nic.write32(R.MRQC, R.MRQC_RSS | R.MRQC_UDP_IPV4);
    const frames = Array.from({ length: 64 }, (_, n) => packet(5000 + (n % 16), n));
    ends[0]!.port.deliver(
      batchOf(frames),
      Int32Array.from(frames, (_, k) => k),
      frames.length,
    );
    ends[0]!.port.flush();
    const heads = [0, 1, 2, 3].map((q) => nic.read32(R.offsetOf("RDH", q)));
    expect(heads.reduce((x, y) => x + y)).toBe(64);
    expect(heads.filter((head) => head > 0).length).toBeGreaterThan(1);
    for (let turn = 0; turn < 2; turn++) for (let q = 0; q < 4; q++) ixy.forward(a, q, b, q);
    const got = framesOf(ends[1]!.port.poll()!);
    expect(got.length).toBe(64);
    for (let flow = 0; flow < 16; flow++) {
      const ofFlow = (list: readonly Uint8Array[]) => list.filter((f) => f[35] === ((5000 + flow) & 255));
      expect(ofFlow(got)).toEqual(ofFlow(frames).map(touched));
    }
  });

  it("forwards at line rate in simulated time, and no faster", () => {
    const { ixy, nics, ends, devices, clock } = rig({ lineRate: 1e10 });
    const [a, b] = devices as [number, number];
    const began = clock.now();
    const batch = batchOf(Array.from({ length: 32 }, (_, n) => packet(7, n)));
    let forwarded = 0;
    let last = began;
    while (forwarded < 3200) {
      nics[0]!.arrive(batch, 0);
      ixy.forward(a, 0, b, 0);
      nics[1]!.advance();
      for (let got = ends[1]!.port.poll(); got; got = ends[1]!.port.poll()) {
        forwarded += got.count;
        last = clock.now();
        ends[1]!.port.release();
      }
      clock.jump(clock.now() + 500n);
    }
    // 67.2 ns a frame of 64 bytes with its check sequence.
    const mpps = (forwarded - 32) / (Number(last - began) / 1000);
    expect(mpps).toBeGreaterThan(14);
    expect(mpps).toBeLessThanOrEqual(14.881 * 1.01);
  });
});
