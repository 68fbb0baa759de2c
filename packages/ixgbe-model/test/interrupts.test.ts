/** Interrupts: sections 7.3 and 8.2.3.5. */
import { registers as R } from "@clickos/ixgbe-model";
import { SimulatedClock } from "@clickos/run-loop";
import { describe, expect, it } from "vitest";
import { batchOf, bufferAt, packet, put, rig, startReceive, startTransmit } from "./rig.ts";

const own = packet();
const valid = R.IVAR_VALID;

function interrupting(gpie = 0) {
  const clock = new SimulatedClock(0n);
  const r = rig({ now: clock.now });
  for (const queue of [0, 1, 2]) startReceive(r, queue);
  startTransmit(r, 1);
  const vectors: number[] = [];
  r.nic.onInterrupt((vector) => vectors.push(vector));
  r.nic.read32(R.EICR);
  r.nic.write32(R.GPIE, gpie);
  return { ...r, clock, vectors, arrive: () => r.nic.arrive(batchOf([own]), 0) };
}

describe("interrupts", () => {
  it("come when a cause is in EICR and in the mask; the cause is told once, until it is cleared", () => {
    const { nic, vectors, arrive } = interrupting();
    nic.write32(R.IVAR, valid | 3);
    arrive();
    expect([vectors, nic.read32(R.EIMS)]).toEqual([[], 0]);
    nic.write32(R.EIMS, 1 << 3);
    expect(vectors).toEqual([0]);
    arrive();
    expect(vectors).toEqual([0]);
    expect([nic.read32(R.EICR), nic.read32(R.EICR)]).toEqual([1 << 3, 0]);
    arrive();
    expect(vectors).toEqual([0, 0]);
    nic.write32(R.EICR, 1 << 3);
    nic.write32(R.EIMC, 1 << 3);
    arrive();
    expect([vectors.length, nic.read32(R.EICR), nic.read32(R.EIMC)]).toEqual([2, 1 << 3, 0]);
    nic.write32(R.EIMS, 1 << 20);
    nic.write32(R.EICS, 1 << 20);
    expect(vectors.length).toBe(3);
    nic.write32(R.EIAM, 1 << 20);
    nic.read32(R.EICR);
    expect(nic.read32(R.EIMS)).toBe(0);
  });

  it("have vectors with MSI-X: of each queue and direction by IVAR, of the others by IVAR_MISC", () => {
    const { nic, vectors, arrive, words } = interrupting(R.GPIE_MSIX);
    nic.write32(R.offsetOf("IVAR", 0), valid | 5 | ((valid | 9) << 24));
    nic.write32(R.IVAR_MISC, (valid | 7) << 8);
    nic.write32(R.EIMS, 0x7fffffff);
    arrive();
    expect(vectors.splice(0)).toEqual([5]);
    const data = [bufferAt("tx", 1, 0), 0, R.TX_CMD_EOP | 60, 0];
    put({ words } as never, 1, 0, data);
    nic.write32(R.offsetOf("TDT", 1), 1);
    expect(vectors).toEqual([]);
    put({ words } as never, 1, 1, [data[0]!, 0, data[2]! | R.TX_CMD_RS, 0]);
    nic.write32(R.offsetOf("TDT", 1), 2);
    expect(vectors.splice(0)).toEqual([9]);
    nic.setCarrier(false);
    expect(vectors.splice(0)).toEqual([7]);
    nic.missed(1);
    expect([vectors.splice(0), nic.read32(R.EICR)]).toEqual([[7], (1 << 5) | (1 << 9) | R.EICR_LSC | R.EICR_RX_MISS]);
  });

  it("clear and mask their causes themselves where EIAC and EIAM say so; OCD keeps the queues' from reads", () => {
    const { nic, vectors, arrive } = interrupting(R.GPIE_MSIX | R.GPIE_EIAME | R.GPIE_OCD);
    nic.write32(R.IVAR, valid | 2);
    nic.write32(R.EIAC, 1 << 2);
    nic.write32(R.EIMS, 1 << 2);
    arrive();
    arrive();
    expect([vectors, nic.read32(R.EICR)]).toEqual([[2, 2], 0]);
    nic.write32(R.EIAC, 0);
    nic.write32(R.EIAM, 1 << 2);
    arrive();
    expect([vectors.length, nic.read32(R.EIMS), nic.read32(R.EICR), nic.read32(R.EICR)]).toEqual([3, 0, 4, 4]);
  });

  it("have more than sixteen vectors in the extended registers", () => {
    const { nic, vectors, arrive } = interrupting(R.GPIE_MSIX);
    nic.write32(R.IVAR, valid | 40);
    arrive();
    nic.write32(R.offsetOf("EIMS_EX", 1), 1 << 8);
    expect([vectors.splice(0), nic.read32(R.offsetOf("EIMS_EX", 1))]).toEqual([[40], 1 << 8]);
    nic.write32(R.offsetOf("EICS_EX", 1), 1 << 8);
    expect(vectors.splice(0)).toEqual([40]);
    nic.write32(R.offsetOf("EIMC_EX", 1), 1 << 8);
    arrive();
    expect(vectors).toEqual([]);
    nic.write32(R.offsetOf("EIMS_EX", 0), 1 << 4);
    nic.write32(R.EICS, 1 << 4);
    expect([vectors, nic.read32(R.EIMS)]).toEqual([[4], 1 << 4]);
  });

  it("of a vector keep the time that EITR says between them, in 2.048 microseconds", () => {
    const { nic, vectors, arrive, clock, words } = interrupting(R.GPIE_MSIX);
    nic.write32(R.IVAR, valid | 1);
    nic.write32(R.EIAC, 2);
    nic.write32(R.EIMS, 2);
    // 10 units: 20.48 microseconds.
    nic.write32(R.offsetOf("EITR", 1), 10 << 3);
    let told = 0;
    for (let microsecond = 0; microsecond < 1000; microsecond++) {
      arrive();
      nic.advance();
      const used = (nic.read32(R.RDH) + 15) & 15;
      words.set([bufferAt("rx", 0, used), 0, 0, 0], used * 4);
      nic.write32(R.RDT, used);
      clock.jump(clock.now() + 1000n);
      told = vectors.length;
    }
    // Every 21st turn.
    expect(told).toBe(Math.ceil(1000 / 21));
    expect(nic.readyIn).toBeGreaterThan(0n);
    clock.jump(clock.now() + (nic.readyIn as bigint));
    nic.advance();
    expect([vectors.length, nic.readyIn]).toEqual([told + 1, undefined]);
  });

  it("end with their listener, and are none after a reset", () => {
    const { nic, arrive } = interrupting();
    let count = 0;
    const end = nic.onInterrupt(() => count++);
    nic.write32(R.IVAR, valid);
    nic.write32(R.EIMS, 1);
    arrive();
    end();
    nic.read32(R.EICR);
    arrive();
    expect(count).toBe(1);
    nic.write32(R.CTRL, R.CTRL_RST);
    expect([nic.read32(R.EICR), nic.read32(R.EIMS)]).toEqual([0, 0]);
  });
});
