/**
 * The code of `move.ts` where a module has one memory: one module for each memory, and frames cross as arguments of calls.
 */
import type { Func, FunctionBuilder, I32, ModuleBuilder, V128 } from "@clickos/codegen";
import { fits4, inParts, load4, store4 } from "./copy.ts";
import type { EndContext, SinkKind, SourceKind } from "./ends.ts";
import { placesOf, sinkParams, stageMove, startModule } from "./move.ts";

/** What the source's module imports the functions of the other from. */
export const farEnd = "far";

const slotParams = { slot: "i32", length: "i32" } as const;
const vectors = { v0: "v128", v1: "v128", v2: "v128", v3: "v128" } as const;
type Vectors = readonly [V128, V128, V128, V128];

/** The sink's half: it takes what the other half read in its own memory. */
export function sinkHalf(sink: SinkKind): ModuleBuilder {
  const m = startModule(`${sink.name}, from another memory`);
  const contextOf = (c: FunctionBuilder, p: Record<keyof typeof sinkParams, I32>): EndContext => ({
    c,
    memory: c,
    place: placesOf(sink, [p.t0, p.t1, p.t2, p.t3]),
  });
  if (sink.byAddress) {
    const params = { ...sinkParams, ...slotParams, address: "i32" } as const;
    m.export(
      "take",
      m.func("take", params, "i32", (c, p) => {
        const context = contextOf(c, p);
        const { good } = sink.room(context, p.slot, p.length);
        c.if(good, () => sink.fill(context, p.slot, p.address, p.length));
        return good;
      }),
    );
    return m;
  }
  m.export(
    "put4",
    m.func("put4", { ...sinkParams, ...slotParams, ...vectors }, "i32", (c, p) => {
      const context = contextOf(c, p);
      const room = sink.room(context, p.slot, p.length);
      c.if(room.good, () => {
        store4(c, room.address, p.length, [p.v0, p.v1, p.v2, p.v3]);
        sink.fill(context, p.slot, room.address, p.length);
      });
      return room.good;
    }),
  );
  // The frame's bytes follow, in parts. Nobody reads the slot before all are there.
  m.export(
    "place",
    m.func("place", { ...sinkParams, ...slotParams }, "i32", (c, p) => {
      const context = contextOf(c, p);
      const room = sink.room(context, p.slot, p.length);
      c.if(room.good.eqz(), () => c.return(0));
      sink.fill(context, p.slot, room.address, p.length);
      return room.address;
    }),
  );
  exportStores(m);
  return m;
}

/** Functions that write parts of frames: what is in a memory that has the frames and nothing else. */
export function storesHalf(): ModuleBuilder {
  const m = startModule("frames, from another memory");
  m.export(
    "four",
    m.func("four", { at: "i32", length: "i32", ...vectors }, undefined, (c, { at, length, v0, v1, v2, v3 }) =>
      store4(c, at, length, [v0, v1, v2, v3]),
    ),
  );
  exportStores(m);
  return m;
}
function exportStores(m: ModuleBuilder): void {
  m.export(
    "block",
    m.func("block", { at: "i32", ...vectors }, undefined, (c, { at, v0, v1, v2, v3 }) => {
      [v0, v1, v2, v3].forEach((v, i) => c.store128(at, v, i * 16));
    }),
  );
  m.export(
    "vector",
    m.func("vector", { at: "i32", v: "v128" }, undefined, (c, { at, v }) => c.store128(at, v)),
  );
  m.export(
    "byte",
    m.func("byte", { at: "i32", value: "i32" }, undefined, (c, { at, value }) => c.store8(at, value)),
  );
}

/** Imports the functions that write parts: what copies a frame, of any length, by them. */
function importCopy(m: ModuleBuilder): (c: FunctionBuilder, from: I32, to: I32, length: I32) => void {
  const block = m.import(farEnd, "block", { at: "i32", ...vectors }, undefined);
  const vector = m.import(farEnd, "vector", { at: "i32", v: "v128" }, undefined);
  const byte = m.import(farEnd, "byte", { at: "i32", value: "i32" }, undefined);
  return (c, address, to, length) =>
    inParts(c, length, {
      block: (offset) => {
        const from = address.add(offset);
        const four = [0, 16, 32, 48].map((k) => c.load128(from, k)) as unknown as Vectors;
        c.call(block, to.add(offset), ...four);
      },
      vector: (offset) => c.call(vector, to.add(offset), c.load128(address.add(offset))),
      byte: (offset) => c.call(byte, to.add(offset), c.load8(address.add(offset))),
    });
}

/** The source's half. */
export function sourceHalf(source: SourceKind, sink: SinkKind): ModuleBuilder {
  const m = startModule(`${source.name} to ${sink.name} in another memory`);
  if (sink.byAddress) {
    const take = m.import(farEnd, "take", { ...sinkParams, ...slotParams, address: "i32" }, "i32");
    stageMove(
      m,
      source,
      sink,
      (c, t) =>
        (_, { address, length }, slot) =>
          c.call(take, ...t, slot, length, address),
    );
    return m;
  }
  const put4 = m.import(farEnd, "put4", { ...sinkParams, ...slotParams, ...vectors }, "i32");
  const place = m.import(farEnd, "place", { ...sinkParams, ...slotParams }, "i32");
  const copy = importCopy(m);
  const putLong: Func<"i32"> = m.func(
    "put long",
    { ...sinkParams, ...slotParams, address: "i32" },
    "i32",
    (c, { t0, t1, t2, t3, slot, length, address }) => {
      const to = c.call(place, t0, t1, t2, t3, slot, length);
      c.if(to.eqz(), () => c.return(0));
      copy(c, address, to, length);
      return c.i32(1);
    },
  );
  stageMove(m, source, sink, (c, t) => (_, { address, length }, slot) => {
    const taken = c.var("i32", 0, "taken");
    c.if(
      fits4(length),
      () => taken.set(c.call(put4, ...t, slot, length, ...load4(c, address, length))),
      () => taken.set(c.call(putLong, ...t, slot, length, address)),
    );
    return taken.get();
  });
  return m;
}

/** The source's half where the sink's slots are there too, and its buffers in the other memory. */
export function slotsHalf(source: SourceKind, sink: SinkKind): ModuleBuilder {
  const m = startModule(`${source.name} to ${sink.name} with buffers in another memory`);
  const four = m.import(farEnd, "four", { at: "i32", length: "i32", ...vectors }, undefined);
  const copy = importCopy(m);
  const copyLong: Func<undefined> = m.func(
    "copy long",
    { from: "i32", to: "i32", length: "i32" },
    undefined,
    (c, { from, to, length }) => copy(c, from, to, length),
  );
  stageMove(m, source, sink, (c, given) => {
    const context: EndContext = { c, memory: c, place: placesOf(sink, given) };
    return (_, { address, length }, slot) => {
      const room = sink.room(context, slot, length);
      c.if(room.good, () => {
        c.if(
          fits4(length),
          () => c.call(four, room.address, length, ...load4(c, address, length)),
          () => c.call(copyLong, address, room.address, length),
        );
        sink.fill(context, slot, room.address, length);
      });
      return room.good;
    };
  });
  return m;
}
