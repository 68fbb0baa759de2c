import { createGrantMapper, createGrantTable, GNTST, GrantError, grantEntry } from "@clickos/grant-table";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function rig(): {
  table: ReturnType<typeof createGrantTable>;
  mapper: ReturnType<typeof createGrantMapper>;
  memory: { buffer: SharedArrayBuffer };
} {
  const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
  const place = { buffer: memory.buffer, offset: 4096, frames: 1 };
  const granting = { id: 1, table: place, memory };
  return {
    memory,
    table: createGrantTable(place),
    mapper: createGrantMapper(2, (id) => (id === 1 ? granting : undefined)),
  };
}

describe("grants", () => {
  it("have Xen's layout", () => {
    expect(grantEntry.offsets).toEqual({ flags: 0, domid: 2, frame: 4 });
    expect(grantEntry.size).toBe(8);
    const { table, memory } = rig();
    const ref = table.grant(20, { to: 2, readOnly: true });
    expect([...new Uint8Array(memory.buffer, 4096 + ref * 8, 8)]).toEqual([5, 0, 2, 0, 20, 0, 0, 0]);
  });

  it("map, mark the entry, refuse to end while mapped, and unmap once", () => {
    const { table, mapper, memory } = rig();
    const ref = table.grant(20, { to: 2 });
    const result = mapper.map(1, ref);
    if (result.status !== GNTST.okay) throw new Error(result.message);
    expect([result.mapping.offset, result.mapping.buffer]).toEqual([20 * 4096, memory.buffer]);
    const reader = mapper.map(1, ref, { readOnly: true });
    expect(reader.status).toBe(0);
    expect([table.inUse(ref), table.end(ref), mapper.mapped]).toEqual([true, false, 2]);
    result.mapping.unmap();
    result.mapping.unmap();
    expect(grantEntry.view(memory.buffer, 4096 + ref * 8).flags).toBe(1 | 8);
    if (reader.status === 0) reader.mapping.unmap();
    expect([mapper.mapped, table.end(ref)]).toEqual([0, true]);
    expect(mapper.map(1, ref).status).toBe(GNTST.badGntref);
    expect(table.grant(21, { to: 2 })).toBe(ref);
  });

  it("give a status for everything a guest can get wrong", () => {
    const { table, mapper, memory } = rig();
    expect(mapper.map(9, 8).status).toBe(GNTST.badDomain);
    expect(mapper.map(1, 512).status).toBe(GNTST.badGntref);
    expect(mapper.map(1, -1).status).toBe(GNTST.badGntref);
    expect(mapper.map(1, 1.5).status).toBe(GNTST.badGntref);
    expect(mapper.map(1, table.grant(20, { to: 3 })).status).toBe(GNTST.permissionDenied);
    const readOnly = table.grant(20, { to: 2, readOnly: true });
    expect(mapper.map(1, readOnly).status).toBe(GNTST.permissionDenied);
    expect(mapper.map(1, readOnly, { readOnly: true }).status).toBe(GNTST.okay);
    const outside = table.grant(64, { to: 2 });
    expect(mapper.map(1, outside).status).toBe(GNTST.badPage);
    expect(grantEntry.view(memory.buffer, 4096 + outside * 8).flags).toBe(1);
    const far = table.grant(0xffffffff, { to: 2 });
    expect(mapper.map(1, far).status).toBe(GNTST.badPage);
  });

  it("never map outside the domain's memory, whatever the table holds", () => {
    const { mapper, memory } = rig();
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        fc.integer({ min: 0, max: 511 }),
        fc.boolean(),
        (bytes, ref, readOnly) => {
          new Uint8Array(memory.buffer, 4096 + ref * 8, 8).set(bytes);
          const result = mapper.map(1, ref, { readOnly });
          if (result.status !== 0) return;
          expect(result.mapping.offset + 4096).toBeLessThanOrEqual(memory.buffer.byteLength);
          result.mapping.unmap();
        },
      ),
    );
    expect(mapper.mapped).toBe(0);
  });

  it("run out with a typed error", () => {
    const { table } = rig();
    for (let i = 8; i < 512; i++) table.grant(1, { to: 2 });
    expect(() => table.grant(1, { to: 2 })).toThrow(GrantError);
  });
});
