import {
  createGrantMapper,
  createGrantOperations,
  createGrantTable,
  createPersistentGrants,
  entriesPerFrame,
  frameSize,
  GNTST,
  GrantError,
  type GrantRef,
  GTF,
} from "@clickos/grant-table";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const frames = 16;

/** Domains 1 and 3 grant to domain 2. Their tables are frame 1, and may grow by frame 2. */
function rig() {
  const domain = (id: number) => {
    const memory = { buffer: new SharedArrayBuffer(frames * frameSize) };
    const place = { buffer: memory.buffer, offset: frameSize, frames: 1, maximumFrames: 2 };
    return { id, memory, table: place, grants: createGrantTable(place), bytes: new Uint8Array(memory.buffer) };
  };
  const [one, three] = [domain(1), domain(3)];
  const find = (id: number) => [one, three].find((d) => d.id === id);
  const own = { buffer: new ArrayBuffer(4 * frameSize) };
  const mapper = createGrantMapper(2, find);
  return { one, three, own, mapper, operations: createGrantOperations(mapper, own, find) };
}

describe("operations", () => {
  it("map to a handle, and unmap it once", () => {
    const { one, operations, mapper } = rig();
    const ref = one.grants.grant(9, { to: 2 });
    const { status, handle, mapping } = operations.mapGrantRef(1, ref);
    expect([status, mapping?.handle === handle, mapper.mapped]).toEqual([GNTST.okay, true, 1]);
    expect([operations.unmapGrantRef(handle), operations.unmapGrantRef(handle)]).toEqual([GNTST.okay, GNTST.badHandle]);
    expect(operations.unmapGrantRef(-1)).toBe(GNTST.badHandle);
    expect(one.grants.end(ref)).toBe(true);
    expect(operations.mapGrantRef(1, ref)).toEqual({ status: GNTST.badGntref, handle: -1 });
    expect(operations.transfer()).toBe(GNTST.generalError);
  });

  it("give up on an entry that its domain changes all the time, after five attempts", () => {
    const { one, mapper } = rig();
    const ref = one.grants.grant(9, { to: 2 });
    const words = new Int32Array(one.memory.buffer, frameSize);
    const real = Atomics.compareExchange;
    let attempts = 0;
    // Another thread of the domain's, always just before us: the entry is valid, and another one each time.
    const race = (array: Int32Array, index: number, expected: number, value: number): number => {
      attempts++;
      words[ref * 2] = (words[ref * 2] as number) ^ 0x100;
      return real(array, index, expected, value);
    };
    Atomics.compareExchange = race as typeof Atomics.compareExchange;
    try {
      expect(mapper.map(1, ref)).toMatchObject({
        status: GNTST.generalError,
        message: `grant ${ref} of domain 1: it is being changed all the time`,
      });
      expect([mapper.window(1)?.pin(ref, false), attempts, mapper.mapped]).toEqual([GNTST.generalError, 10, 0]);
    } finally {
      Atomics.compareExchange = real;
    }
    expect([mapper.map(1, ref).status, mapper.revoke(1)]).toEqual([GNTST.okay, 1]);
  });

  it("revoke the mappings of one domain, and of no other", () => {
    const { one, three, mapper } = rig();
    const hold = (d: typeof one, frame: number) => mapper.map(d.id, d.grants.grant(frame, { to: 2 }));
    const mappings = [hold(one, 9), hold(three, 9), hold(one, 10)].map((r) => (r.status === 0 ? r.mapping : undefined));
    mappings[0]?.unmap();
    expect([mapper.revoke(1), mapper.mapped, mappings.map((m) => m?.revoked)]).toEqual([1, 1, [false, false, true]]);
  });

  it("copy parts of frames, and keep to what was granted", () => {
    const { one, three, own, operations } = rig();
    one.bytes.set([1, 2, 3, 4], 9 * frameSize + 100);
    const source = one.grants.grant(9, { to: 2, readOnly: true });
    const target = three.grants.grant(10, { to: 2 });
    const from = { domain: 1, ref: source, offset: 100 };
    expect(operations.copy(from, { domain: 3, ref: target, offset: 4092 }, 4)).toBe(GNTST.okay);
    expect([...three.bytes.subarray(10 * frameSize + 4090, 11 * frameSize)]).toEqual([0, 0, 1, 2, 3, 4]);
    expect(operations.copy(from, { frame: 2, offset: 0 }, 4)).toBe(GNTST.okay);
    expect([...new Uint8Array(own.buffer, 2 * frameSize, 4)]).toEqual([1, 2, 3, 4]);
    // The entry is free again after each.
    expect(one.grants.inUse(source)).toBe(false);
    const to = { frame: 0, offset: 0 };
    const cases: [unknown, unknown, number, number][] = [
      [{ ...from, offset: 4093 }, to, 4, GNTST.badCopyArg],
      [{ ...from, offset: -1 }, to, 4, GNTST.badCopyArg],
      [{ ...from, offset: 0.5 }, to, 4, GNTST.badCopyArg],
      [from, to, 4097, GNTST.badCopyArg],
      [from, to, -4, GNTST.badCopyArg],
      [from, to, Number.NaN, GNTST.badCopyArg],
      [{ ...from, domain: 9 }, to, 4, GNTST.badDomain],
      [{ ...from, ref: 77 }, to, 4, GNTST.badGntref],
      [{ ...from, ref: 1e9 }, to, 4, GNTST.badGntref],
      [from, { frame: 4, offset: 0 }, 4, GNTST.badPage],
      [to, from, 4, GNTST.permissionDenied],
    ];
    for (const [a, b, length, status] of cases)
      expect([a, b, operations.copy(a as never, b as never, length)]).toEqual([a, b, status]);
  });

  it("agree with a plain model, whatever is asked", () => {
    const end = fc.oneof(
      fc.record({ domain: fc.constantFrom(1, 3, 5), ref: fc.nat(14), offset: fc.integer({ min: -10, max: 4100 }) }),
      fc.record({ frame: fc.integer({ min: -1, max: 5 }), offset: fc.nat(4100) }),
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            domain: fc.constantFrom(1, 3),
            frame: fc.nat(20),
            to: fc.constantFrom(2, 2, 4),
            readOnly: fc.boolean(),
          }),
          { maxLength: 8 },
        ),
        fc.array(fc.tuple(end, end, fc.integer({ min: -1, max: 4100 })), { maxLength: 12 }),
        (grants, copies) => {
          const { one, three, own, operations, mapper } = rig();
          const table = new Map<string, { frame: number; to: number; readOnly: boolean }>();
          for (const g of grants) {
            const ref = (g.domain === 1 ? one : three).grants.grant(g.frame, g);
            table.set(`${g.domain} ${ref}`, g);
          }
          const memories = new Map<number, Uint8Array>([
            [1, one.bytes],
            [3, three.bytes],
            [2, new Uint8Array(own.buffer)],
          ]);
          const tables = [1, 3].map((id) => (memories.get(id) as Uint8Array).slice(frameSize, 3 * frameSize));
          /** Where an end is, or whether it may be used at all. */
          const place = (e: any, length: number, write: boolean): Uint8Array | undefined => {
            if (!Number.isInteger(length) || length < 0 || length > 4096 || e.offset < 0 || e.offset + length > 4096)
              return undefined;
            const grant = "ref" in e ? table.get(`${e.domain} ${e.ref}`) : undefined;
            if ("ref" in e && (grant?.to !== 2 || grant.frame >= frames || (write && grant.readOnly))) return undefined;
            const frame = grant?.frame ?? e.frame;
            if (!grant && (frame < 0 || frame >= 4)) return undefined;
            return memories
              .get(grant ? e.domain : 2)
              ?.subarray(frame * 4096 + e.offset, frame * 4096 + e.offset + length);
          };
          for (const [from, to, length] of copies) {
            // The tables themselves may be granted; then the model no longer knows what they say.
            const [a, b] = [place(from, length, false), place(to, length, true)];
            if (b && "ref" in to && [1, 2].includes(table.get(`${to.domain} ${to.ref}`)?.frame as number)) continue;
            const expected = a && b ? Uint8Array.from(a) : undefined;
            const status = operations.copy(from as never, to as never, length);
            expect(status === GNTST.okay).toBe(expected !== undefined);
            if (expected && b) expect([...b]).toEqual([...expected]);
          }
          expect(mapper.mapped).toBe(0);
          for (const [i, id] of [1, 3].entries())
            expect((memories.get(id) as Uint8Array).slice(frameSize, 3 * frameSize)).toEqual(tables[i]);
        },
      ),
    );
  });

  it("say how large a table is, and it grows", () => {
    const { one, operations } = rig();
    expect(operations.querySize(1)).toEqual({ status: GNTST.okay, frames: 1, maximumFrames: 2 });
    expect(operations.querySize(7).status).toBe(GNTST.badDomain);
    const refs: GrantRef[] = [];
    for (let i = 8; i < entriesPerFrame; i++) refs.push(one.grants.grant(9, { to: 2 }));
    expect(() => one.grants.grant(9, { to: 2 })).toThrow(GrantError);
    one.grants.grow(2);
    const ref = one.grants.grant(9, { to: 2 });
    expect([ref, one.grants.entries, one.grants.used]).toEqual([entriesPerFrame, 2 * entriesPerFrame, refs.length + 1]);
    expect(operations.mapGrantRef(1, ref).status).toBe(GNTST.okay);
    expect(() => one.grants.grow(3)).toThrow(/where 2 are the most/);
  });
});

describe("mappings", () => {
  it("read-only ones refuse to be written, and frames have ends", () => {
    const { one, mapper } = rig();
    const result = mapper.map(1, one.grants.grant(9, { to: 2, readOnly: true }), { readOnly: true });
    if (result.status !== GNTST.okay) throw new Error(result.message);
    one.bytes[9 * frameSize + 5] = 7;
    expect([...result.mapping.read(4, 2)]).toEqual([0, 7]);
    expect(() => result.mapping.write(0, new Uint8Array(1))).toThrow("read-only");
    expect(() => result.mapping.read(4090, 7)).toThrow(RangeError);
  });

  it("are revoked when the domain dies: they show zeros, and touch nothing", () => {
    const { one, three, mapper } = rig();
    const map = (d: typeof one, id: number) => {
      const result = mapper.map(id, d.grants.grant(9, { to: 2 }));
      if (result.status !== GNTST.okay) throw new Error(result.message);
      return result.mapping;
    };
    const [a, b] = [map(one, 1), map(three, 3)];
    one.bytes.fill(9, 9 * frameSize, 10 * frameSize);
    three.bytes.fill(8, 9 * frameSize, 10 * frameSize);
    expect(mapper.revoke(1)).toBe(1);
    expect([a.revoked, b.revoked, a.read(0, 2).join(), b.read(0, 2).join(), mapper.mapped]).toEqual([
      true,
      false,
      "0,0",
      "8,8",
      1,
    ]);
    a.write(0, Uint8Array.of(1));
    a.unmap();
    expect(one.bytes[9 * frameSize]).toBe(9);
    mapper.release();
    expect(mapper.mapped).toBe(0);
    expect(three.grants.inUse(8)).toBe(false);
  });

  it("persistent ones are mapped once, and the least used goes first", () => {
    const { one, mapper } = rig();
    const refs = Array.from({ length: 4 }, () => one.grants.grant(9, { to: 2 }));
    using kept = createPersistentGrants(mapper, 1, 3);
    const get = (i: number) => kept.get(refs[i] as GrantRef);
    expect(get(0)).toBe(get(0));
    for (const i of [1, 2, 0, 3]) get(i);
    expect([kept.size, mapper.mapped]).toEqual([3, 3]);
    expect(refs.map((r) => one.grants.inUse(r))).toEqual([true, false, true, true]);
    expect(get(9).status).not.toBe(GNTST.okay);
    expect([
      kept.drop(refs[0] as GrantRef),
      kept.drop(refs[0] as GrantRef),
      one.grants.end(refs[0] as GrantRef),
    ]).toEqual([true, false, true]);
    mapper.revoke(1);
    // One that was revoked is not given again.
    const again = get(2);
    expect(again.status === GNTST.okay && again.mapping.revoked).toBe(false);
  });

  it("are bounded, and handles are used again", () => {
    const { one, mapper } = rig();
    const ref = one.grants.grant(9, { to: 2 });
    const first = mapper.map(1, ref);
    let last = first;
    for (let i = 1; i < 65536; i++) last = mapper.map(1, ref, { readOnly: true });
    expect([last.status, mapper.mapped, mapper.map(1, ref).status]).toEqual([GNTST.okay, 65536, GNTST.noSpace]);
    if (first.status === GNTST.okay) first.mapping.unmap();
    const again = mapper.map(1, ref);
    expect(again.status === GNTST.okay && again.mapping.handle).toBe(
      first.status === GNTST.okay && first.mapping.handle,
    );
    mapper.release();
    expect(new Uint16Array(one.memory.buffer, frameSize + ref * 8, 1)[0]).toBe(GTF.permitAccess);
  });
});
