/** What WebAssembly does of the plain case, and what TypeScript does of it, is the same. */
import { createIxgbe, drive, driverMemory, type Ixgbe, registers as R } from "@clickos/ixgbe-model";
import {
  createMemoryPort,
  createSwitch,
  FrameBatch,
  FrameMemory,
  frameMemory,
  type MemoryPort,
  patch,
  type ValeSwitch,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const descriptors = 32;
const ringBytes = descriptors * R.descriptorSize;
const size = 65_536;
const [rxRing, txRing, buffers] = [0, ringBytes, 4096];

/** A NIC with two small rings that a test fills in. */
function nicOver(memory: FrameMemory): { nic: Ixgbe; left: Uint8Array[] } {
  const nic = createIxgbe({ mac: "02:00:00:00:00:01", dma: memory });
  const left: Uint8Array[] = [];
  nic.connect({
    receive(batch) {
      for (let i = 0; i < batch.count; i++) {
        const at = batch.offsets[i] as number;
        left.push(batch.memory.bytes.slice(at, at + (batch.lengths[i] as number)));
      }
    },
  });
  nic.write32(R.FCTRL, R.FCTRL_BAM | R.FCTRL_UPE | R.FCTRL_MPE);
  nic.write32(R.HLREG0, nic.read32(R.HLREG0) & ~R.HLREG0_TXPADEN);
  nic.write32(R.RDBAL, rxRing);
  nic.write32(R.RDLEN, ringBytes);
  nic.write32(R.SRRCTL, 2);
  nic.write32(R.RXDCTL, R.DCTL_ENABLE);
  nic.write32(R.RXCTRL, R.RXCTRL_RXEN);
  nic.write32(R.TDBAL, txRing);
  nic.write32(R.TDLEN, ringBytes);
  nic.write32(R.DMATXCTL, R.DMATXCTL_TE);
  nic.write32(R.TXDCTL, R.DCTL_ENABLE);
  return { nic, left };
}

const often = <T>(a: fc.Arbitrary<T>, b: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 10, arbitrary: a }, { weight: 1, arbitrary: b });
/** Not in the rings: what is read of them, or written to them, would depend on when. */
const address = often(
  fc.integer({ min: 0, max: 23 }).map((n) => buffers + n * 2112),
  fc.constantFrom(size - 60, size - 2048, size - 1, size, 0x7fffffff, -1),
);
const upper = often(fc.constant(0), fc.constantFrom(1, -1));
const command = often(
  fc.constant(R.TX_CMD_EOP | R.TX_CMD_RS),
  fc.constantFrom(
    0,
    R.TX_CMD_EOP,
    R.TX_CMD_RS,
    R.TX_CMD_EOP | R.TX_CMD_RS | R.TX_CMD_VLE,
    R.TX_CMD_EOP | R.TX_CMD_IFCS,
  ),
);
const step = fc.record({
  /** Descriptors that software gives, and how far it moves the tails. */
  rx: fc.array(fc.record({ address, upper }), { maxLength: 20 }),
  tx: fc.array(
    fc.record({
      address,
      upper,
      command,
      length: often(fc.integer({ min: 14, max: 200 }), fc.constantFrom(0, 1, 1514, 9728, 9729, 16_000)),
    }),
    { maxLength: 20 },
  ),
  frames: fc.array(
    fc.record({
      length: often(fc.integer({ min: 14, max: 140 }), fc.constantFrom(1, 1514, 1515, 2048, 2049)),
      group: fc.nat(3),
    }),
    { maxLength: 30 },
  ),
});

describe("the plain case", () => {
  it("is the same by code and by TypeScript, whatever stands in descriptors", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
        const memories = [frameMemory(size), new FrameMemory(new ArrayBuffer(size))] as const;
        expect(memories.map(({ region }) => region !== undefined)).toEqual([true, false]);
        const worlds = memories.map((memory) => {
          for (let i = buffers; i < size; i++) memory.bytes[i] = (i * 11 + (i >> 8)) & 0xff;
          return { memory, ...nicOver(memory) };
        });
        for (const { rx, tx, frames } of steps) {
          for (const { memory, nic, left } of worlds) {
            const { words } = memory;
            const put = (ring: number, from: number, list: readonly number[][]): void =>
              list.forEach((fields, i) =>
                words.set(fields, (ring + ((from + i) % descriptors) * R.descriptorSize) >> 2),
              );
            const rdt = nic.read32(R.RDT);
            put(
              rxRing,
              rdt,
              rx.map((d) => [d.address, d.upper, 0, 0]),
            );
            nic.write32(R.RDT, (rdt + rx.length) % descriptors);
            const batch = new FrameBatch(64 * 2112);
            frames.forEach(({ length, group }, i) => {
              batch.offsets[i] = i * 2112;
              batch.lengths[i] = length;
              batch.memory.bytes.fill(i + 1, i * 2112, i * 2112 + length);
              batch.memory.bytes.fill([2, 3, 255, 1][group] as number, i * 2112, i * 2112 + Math.min(6, length));
            });
            batch.count = frames.length;
            for (let first = 0; first < frames.length; ) {
              const taken = nic.arrive(batch, first);
              if (taken === 0) break;
              first += taken;
            }
            const tdt = nic.read32(R.TDT);
            put(
              txRing,
              tdt,
              tx.map((d) => [d.address, d.upper, d.length | d.command, 0]),
            );
            left.push(Uint8Array.of(0xee));
            nic.write32(R.TDT, (tdt + tx.length) % descriptors);
          }
          const [fast, slow] = worlds as [(typeof worlds)[0], (typeof worlds)[0]];
          const [fastLeft, slowLeft] = [fast.left.splice(0), slow.left.splice(0)];
          expect(fastLeft.map((frame) => frame.length)).toEqual(slowLeft.map((frame) => frame.length));
          expect(Buffer.compare(Buffer.concat(fastLeft), Buffer.concat(slowLeft))).toBe(0);
          expect(Buffer.compare(fast.memory.bytes, slow.memory.bytes)).toBe(0);
          for (const register of [R.RDH, R.TDH, R.GPRC, R.GPTC, R.GORCL, R.GOTCL, R.ROC])
            expect([register, fast.nic.read32(register)]).toEqual([register, slow.nic.read32(register)]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("is the same for the driver, whose frames go to a switch and come from it", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            frames: fc.array(fc.integer({ min: 14, max: 2100 }), { maxLength: 200 }),
            back: fc.array(fc.integer({ min: 14, max: 2032 }), { maxLength: 200 }),
          }),
          { minLength: 1, maxLength: 8 },
        ),
        fc.constantFrom(undefined, 9000),
        (rounds, mtu) => {
          const worlds = [frameMemory(driverMemory), new ArrayBuffer(driverMemory)].map((dma) => {
            const nic = createIxgbe({ mac: "02:00:00:00:00:01", dma });
            const left: Uint8Array[] = [];
            nic.connect({
              receive(batch) {
                for (let i = 0; i < batch.count; i++) {
                  const at = batch.offsets[i] as number;
                  left.push(batch.memory.bytes.slice(at, at + (batch.lengths[i] as number)));
                }
              },
            });
            const sw: ValeSwitch = createSwitch({ lookup: patch() });
            sw.attach(drive(nic, "nic", { mtu }));
            const peer: MemoryPort = createMemoryPort("peer", { mtu });
            sw.attach(peer);
            return { nic, left, sw, peer };
          });
          for (const { frames, back } of rounds) {
            const seen = worlds.map(({ nic, left, sw, peer }) => {
              const batch = new FrameBatch(new ArrayBuffer(200 * 2112));
              frames.forEach((length, i) => {
                batch.offsets[i] = i * 2112;
                batch.lengths[i] = length;
                batch.memory.bytes.fill(i, i * 2112, i * 2112 + length);
              });
              batch.count = frames.length;
              const arrived = nic.arrive(batch, 0);
              peer.send(back.map((length, i) => new Uint8Array(length).fill(i + 1)));
              while (sw.forward() > 0);
              return { arrived, got: peer.receive(), left: left.splice(0), ports: sw.stats };
            });
            expect(seen[0]).toEqual(seen[1]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
