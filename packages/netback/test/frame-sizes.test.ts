import type { NetFront } from "@clickos/netfront";
import { FrameBatch, type Port } from "@clickos/vale";
import { describe, expect, it } from "vitest";
import { driver, frame, guestWith, host } from "./guest.ts";

const sizes = Array.from({ length: 2100 - 13 }, (_, i) => 14 + i);

/** A port that sends and takes frames of any size, one at a time. */
function anySize(): Port & { next: Uint8Array | undefined; got: number[] } {
  const batch = new FrameBatch(new ArrayBuffer(4096));
  return {
    name: "outside",
    next: undefined,
    got: [],
    poll() {
      if (!this.next) return null;
      batch.memory.bytes.set(this.next);
      batch.lengths[0] = this.next.length;
      batch.count = 1;
      this.next = undefined;
      return batch;
    },
    release() {},
    deliver(from, list, count) {
      for (let k = 0; k < count; k++) this.got.push(from.lengths[list[k] as number] as number);
      return count;
    },
    flush() {},
  };
}

describe("frames of 14 to 2,100 bytes", () => {
  for (const mode of ["standard", "netmap"] as const)
    it(`arrive, or are counted by their reason, at a guest in TypeScript and from it, in ${mode} mode`, async () => {
      const h = host();
      const outside = h.bridge.attach(anySize());
      let front: NetFront | undefined;
      const guest = await guestWith(h, "guest", (os) =>
        driver(os, { mode }, (f) => {
          front = f;
        }),
      );
      h.settle();
      const vif = h.backend.vifs.get(`${guest.id}/0`)!;
      const got: number[] = [];
      for (const size of sizes) {
        outside.next = frame(guest.id, 9, size, size);
        h.settle();
        got.push(...front!.receive().map((f) => f.length));
        expect(front!.send(frame(9, guest.id, size, size))).toBe(true);
        front!.flush();
        h.settle();
      }
      const carried = sizes.filter((s) => s <= 2032);
      const beyond = sizes.length - carried.length;
      expect(got).toEqual(carried);
      expect(outside.got).toEqual(carried);
      expect(Object.entries(vif.drops!).filter(([, n]) => n > 0)).toEqual([["transmit frame too long", beyond]]);
      const { ports, drops } = h.bridge.stats;
      expect(ports.outside).toMatchObject({ inPackets: sizes.length, noRoom: 0, tooLong: 0 });
      expect(ports[vif.name]).toMatchObject({ outPackets: carried.length, noRoom: 0, tooLong: beyond });
      expect(drops).toEqual({ hairpin: 0, runt: 0, nobody: 0 });
    });
});
