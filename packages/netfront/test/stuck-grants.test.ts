/** A back end that does not let go of what it has mapped costs its own interface pages, and the guest nothing. */
import { createRing, netifRx, netifTx } from "@clickos/xen-ring";
import { describe, expect, it } from "vitest";
import { frontOf, type Guest, guest, mapKey, modes } from "./rig.ts";

const pages = 64;

/** A back end of the standard mode that maps what it is told of. */
function standardBack(g: Guest, front: ReturnType<typeof frontOf>) {
  const [txAt, rxAt] = ["tx-ring-ref", "rx-ring-ref"].map((key) => mapKey(g, front, key).offset);
  const { buffer } = g.memory;
  const tx = createRing({ buffer, offset: txAt! }, netifTx, { init: false }).back;
  const rx = createRing({ buffer, offset: rxAt! }, netifRx, { init: false }).back;
  const map = (ref: number, readOnly: boolean) => {
    const result = g.mapper.map(1, ref, { readOnly });
    if (result.status !== 0) throw new Error(result.message);
    return result.mapping;
  };
  return { tx, rx, map };
}

describe("grants that the back end holds on to", () => {
  for (const mode of modes)
    it(`keep their frames from being used for anything else: ${mode[0]}`, () => {
      const g = guest();
      const front = frontOf(g, mode);
      const allocated = g.inUse.size;
      const rings = [mapKey(g, front, "tx-ring-ref"), mapKey(g, front, "rx-ring-ref")];
      for (let i = 0; i < 3; i++) expect(front.close()).toBe(false);
      expect([g.inUse.size, g.grants.used]).toEqual([2, 2]);
      expect(allocated).toBeGreaterThan(2);
      rings[0]!.unmap();
      expect([front.close(), g.inUse.size]).toEqual([false, 1]);
      rings[1]!.unmap();
      expect([front.close(), front.close(), g.inUse.size, g.grants.used]).toEqual([true, true, 0, 0]);
      // A closed interface does nothing.
      expect([front.send(new Uint8Array(60)), front.receive(), front.wait()]).toEqual([false, [], false]);
      front.flush();
      expect(g.notified).toEqual({ tx: 0, rx: 0 });
    });

  it("of sent frames cost the interface its pages, never the guest others, and serve again when let go of", () => {
    const g = guest();
    const front = frontOf(g, modes[1]);
    const { tx, map } = standardBack(g, front);
    const allocated = g.inUse.size;
    const held: { unmap(): void }[] = [];
    let sent = 0;
    for (let turn = 0; turn < 10; turn++) {
      while (front.send(new Uint8Array(100).fill(sent))) sent++;
      front.flush();
      for (const { id, gref } of tx.requests()) {
        held.push(map(gref, true));
        tx.respond({ id, status: 0 });
      }
      tx.publish();
    }
    expect([sent, g.inUse.size, front.stats.bad]).toEqual([pages, allocated, 0]);
    // What the back end still reads is what it was given.
    const bytes = new Uint8Array(g.memory.buffer);
    expect(held.map((m) => bytes[(m as unknown as { offset: number }).offset])).toEqual(
      Array.from({ length: pages }, (_, i) => i),
    );
    for (const mapping of held.splice(0, 10)) mapping.unmap();
    while (front.send(new Uint8Array(100))) sent++;
    expect(sent).toBe(pages + 10);
    expect(front.close()).toBe(false);
    for (const mapping of held) mapping.unmap();
    g.mapper.release();
    expect([front.close(), g.inUse.size, g.grants.used]).toEqual([true, 0, 0]);
  });

  it("of received frames are delivered all the same, and their pages posted again when let go of", () => {
    const g = guest();
    const front = frontOf(g, modes[1]);
    const { rx, map } = standardBack(g, front);
    const allocated = g.inUse.size;
    const held: { unmap(): void }[] = [];
    const bytes = new Uint8Array(g.memory.buffer);
    let received = 0;
    for (let turn = 0; turn < 10; turn++) {
      for (const { id, gref } of rx.requests()) {
        const mapping = map(gref, false);
        bytes.fill(held.length, mapping.offset, mapping.offset + 60);
        held.push(mapping);
        rx.respond({ id, offset: 0, flags: 0, status: 60 });
      }
      rx.publish();
      for (const frame of front.receive()) expect(frame).toEqual(new Uint8Array(60).fill(received++));
    }
    expect([received, g.inUse.size, front.stats.bad]).toEqual([pages, allocated, 0]);
    for (const mapping of held.splice(0, 7)) mapping.unmap();
    front.receive();
    expect([...rx.requests()]).toHaveLength(7);
  });
});
