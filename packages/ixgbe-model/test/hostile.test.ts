/**
 * A driver that writes anything to registers and descriptors: the NIC reads and writes nothing but the memory that it was given, and
 * throws nothing but the error of a ring outside of it.
 *
 * Memory outside is told by canaries: the NIC's memory is all of a buffer, and what a frame that leaves says of its place must be
 * inside. Writes into the memory must be to a ring or to a buffer that some descriptor names.
 */
import { createIxgbe, registers as R } from "@clickos/ixgbe-model";
import { FrameMemory, frameMemory } from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOf, mac, packet } from "./rig.ts";

const size = 1 << 16;
const names = Object.keys(R.table) as R.RegisterName[];
const interesting: readonly R.RegisterName[] = [
  ...["RDBAL", "RDBAH", "RDLEN", "RDH", "RDT", "SRRCTL", "RXDCTL", "RXCTRL"],
  ...["TDBAL", "TDBAH", "TDLEN", "TDH", "TDT", "TXDCTL", "DMATXCTL", "TDWBAL", "TDWBAH"],
  ...["FCTRL", "VLNCTRL", "MRQC", "RETA", "RSSRK", "HLREG0", "MAXFRS", "CTRL", "IVAR", "EIMS", "EICS", "GPIE"],
] as R.RegisterName[];

const value = fc.oneof(
  fc.constantFrom(
    0,
    1,
    2,
    7,
    8,
    16,
    127,
    128,
    256,
    512,
    4096,
    size - 128,
    size - 1,
    size,
    0x7fffffff,
    0x80000000,
    0xffffffff,
  ),
  fc.nat(size).map((n) => n & ~127),
  fc.nat(64),
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(R.DCTL_ENABLE, R.SRRCTL_ADVANCED | 1, R.FCTRL_UPE | R.FCTRL_MPE, R.MRQC_RSS | 0xffff0000, R.CTRL_RST),
);
const write = fc.record({
  kind: fc.constant("write" as const),
  name: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...interesting) }, fc.constantFrom(...names)),
  n: fc.nat(3),
  value,
});
const word = fc.oneof(
  value,
  fc.constantFrom(
    R.TX_CMD_EOP | R.TX_CMD_RS | 60,
    R.TX_CMD_DEXT | R.TX_DTYP_CONTEXT,
    R.TX_CMD_DEXT | R.TX_DTYP_DATA | R.TX_CMD_EOP | R.TX_CMD_TSE | 0xffff,
    R.TX_CMD_DEXT | R.TX_DTYP_DATA | R.TX_CMD_EOP | R.TX_CMD_VLE | 700,
    R.TX_CMD_IC | R.TX_CMD_EOP | R.TX_CMD_VLE | 0x110000 | 100,
    R.TX_POPTS_TXSM | R.TX_POPTS_IXSM | (3000 << R.TX_PAYLEN_SHIFT),
    (100 << 16) | (20 << 8),
    (14 << 9) | 20,
  ),
);
const descriptor = fc.record({
  kind: fc.constant("descriptor" as const),
  at: fc.nat(size / 16 - 1),
  words: fc.tuple(word, fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, word), word, word),
});
const frames = fc.record({
  kind: fc.constant("frames" as const),
  lengths: fc.array(fc.integer({ min: 0, max: 9800 }), { minLength: 1, maxLength: 4 }),
  damaged: fc.boolean(),
});
const read = fc.record({ kind: fc.constant("read" as const), name: fc.constantFrom(...names) });
const action = fc.oneof({ weight: 4, arbitrary: write }, { weight: 3, arbitrary: descriptor }, frames, read);

const tagged = packet({ tag: 3, payload: 20 });
const frameOf = (length: number): Uint8Array => {
  const frame = new Uint8Array(length).fill(7);
  frame.set(tagged.subarray(0, length));
  return frame;
};

/** Rings that run from the start, so that most of what follows means something. */
const start: readonly (readonly [R.RegisterName, number])[] = [
  ["FCTRL", R.FCTRL_UPE | R.FCTRL_MPE],
  ["RDBAL", 0],
  ["RDLEN", 256],
  ["SRRCTL", R.SRRCTL_ADVANCED | 1],
  ["RXCTRL", 1],
  ["RXDCTL", R.DCTL_ENABLE | R.RXDCTL_VME],
  ["RDT", 15],
  ["TDBAL", 256],
  ["TDLEN", 256],
  ["DMATXCTL", 0x81000001],
  ["TXDCTL", R.DCTL_ENABLE],
];

describe("a hostile driver", () => {
  it("gets the NIC to touch nothing that it was not given, and to throw nothing else", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), fc.constantFrom(undefined, 1e10), (actions, lineRate) => {
        const dma = new ArrayBuffer(size);
        const words = new Int32Array(dma);
        const bytes = new Uint8Array(dma);
        let time = 0n;
        const nic = createIxgbe({ mac, dma, now: () => time, lineRate });
        nic.connect({
          receive(batch) {
            for (let i = 0; i < batch.count; i++) {
              const [at, length] = [batch.offsets[i]!, batch.lengths[i]!];
              expect(length > 0 && length <= R.MFS_MAXIMUM && at >= 0).toBe(true);
              expect(at + length).toBeLessThanOrEqual(batch.memory.bytes.length);
            }
          },
        });
        for (const [name, v] of start) nic.write32(R.offsetOf(name), v);
        for (const a of actions) {
          time += 1000n;
          try {
            if (a.kind === "write") {
              const { per = 1 } = R.table[a.name];
              nic.write32(R.offsetOf(a.name, a.n % (typeof per === "number" ? per : 128)), a.value);
            } else if (a.kind === "read") {
              const got = nic.read32(R.offsetOf(a.name));
              expect(Number.isInteger(got) && got >= 0 && got <= 0xffffffff).toBe(true);
            } else if (a.kind === "descriptor") words.set(a.words, a.at * 4);
            else {
              const batch = batchOf(a.lengths.map(frameOf));
              const source = batch.memory.bytes.slice();
              if (a.damaged) nic.arriveDamaged(batch, 0, "check sequence");
              const taken = nic.arrive(batch, 0);
              expect(taken >= 0 && taken <= a.lengths.length).toBe(true);
              expect(Buffer.compare(batch.memory.bytes, source)).toBe(0);
            }
            nic.advance();
          } catch (e) {
            // Only of enabling a queue, and only this.
            expect([a.kind, e instanceof RangeError && /^(receive|transmit) ring at /.test(e.message)]).toEqual([
              "write",
              true,
            ]);
          }
        }
        expect(bytes.length).toBe(size);
      }),
      { numRuns: 300 },
    );
  });

  it("finds that only rings and the buffers they name are written to", () => {
    const ring = { rx: 1024, tx: 2048 } as const;
    fc.assert(
      fc.property(
        // Behind the ring: a frame in a buffer that has descriptors in it would change where the next ones go.
        fc.array(fc.integer({ min: ring.rx + 256, max: size + 4096 }), { minLength: 16, maxLength: 16 }),
        fc.array(fc.integer({ min: 14, max: 4000 }), { minLength: 1, maxLength: 30 }),
        fc.constantFrom(1, R.SRRCTL_ADVANCED | 1, R.SRRCTL_ADVANCED | 2),
        fc.boolean(),
        (buffers, lengths, srrctl, strips) => {
          const dma = new ArrayBuffer(size);
          const bytes = new Uint8Array(dma).fill(0xa5);
          const words = new Int32Array(dma);
          buffers.forEach((at, i) => words.set([at, 0, 0, 0], ring.rx / 4 + i * 4));
          const nic = createIxgbe({ mac, dma });
          const set = (name: R.RegisterName, v: number): void => nic.write32(R.offsetOf(name), v);
          set("FCTRL", R.FCTRL_UPE | R.FCTRL_MPE);
          set("HLREG0", R.HLREG0_JUMBOEN);
          set("MAXFRS", 9000 << R.MAXFRS_MFS_SHIFT);
          set("RDBAL", ring.rx);
          set("RDLEN", 256);
          set("SRRCTL", srrctl);
          set("RXDCTL", R.DCTL_ENABLE | (strips ? R.RXDCTL_VME : 0));
          set("RXCTRL", 1);
          set("RDT", 15);
          const before = bytes.slice();
          nic.arrive(batchOf(lengths.map(frameOf)), 0);
          const mine = new Uint8Array(size);
          mine.fill(1, ring.rx, ring.rx + 256);
          const bufferBytes = (srrctl & R.SRRCTL_BSIZEPACKET) * 1024;
          for (const at of buffers) mine.fill(1, at, at + bufferBytes);
          const wrong = bytes.findIndex((b, i) => b !== before[i] && mine[i] === 0);
          expect(wrong).toBe(-1);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("finds that of other memory nothing but the window is read or written to", () => {
    const [from, bytesOfWindow] = [8192, 16_384];
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const other = new Uint8Array(memory.buffer);
    const region = { memory, at: from };
    const window = {
      memory: new FrameMemory(memory.buffer, { at: from, bytes: bytesOfWindow }),
      region,
      closed: false,
    };
    const near = fc.oneof(
      fc.nat(bytesOfWindow),
      fc.constantFrom(bytesOfWindow - 60, bytesOfWindow - 1, bytesOfWindow, -1, 0x7fffffff, -from),
    );
    const entry = fc.record({
      at: near,
      upper: fc.constantFrom(1, 1, 1, 1, 0, 2, -1),
      length: fc.integer({ min: 14, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 15 }), fc.boolean(), (entries, byCode) => {
        // No frame has the byte that is all around the window.
        other.fill(0xa5).fill(0x11, from, from + bytesOfWindow);
        const dma = byCode ? frameMemory(size) : new FrameMemory(new ArrayBuffer(size));
        const nic = createIxgbe({ mac, dma });
        let left = 0;
        nic.connect({
          receive(batch) {
            for (let i = 0; i < batch.count; i++, left++) {
              const at = batch.offsets[i]!;
              expect(batch.memory.bytes.subarray(at, at + batch.lengths[i]!)).not.toContain(0xa5);
            }
          },
        });
        nic.setWindow(window);
        for (const [name, v] of start) nic.write32(R.offsetOf(name), v);
        nic.write32(R.SRRCTL, 2);
        nic.write32(R.RXDCTL, R.DCTL_ENABLE);
        entries.forEach(({ at: place, upper, length }, i) => {
          // Its own memory is zeros but for the rings.
          const at = upper === 0 ? 4096 : place;
          dma.words.set([at, upper, 0, 0], i * 4);
          dma.words.set([at, upper, R.TX_CMD_EOP | R.TX_CMD_RS | length, 0], 64 + i * 4);
        });
        nic.write32(R.TDT, entries.length);
        const inWindow = entries.filter(
          ({ at, upper, length }) => upper === 1 && at >= 0 && at + length <= bytesOfWindow,
        );
        expect(left).toBeGreaterThanOrEqual(inWindow.length);
        nic.arrive(batchOf(entries.map(({ length }) => frameOf(length))), 0);
        expect(other.subarray(0, from).every((b) => b === 0xa5)).toBe(true);
        expect(other.subarray(from + bytesOfWindow).every((b) => b === 0xa5)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
