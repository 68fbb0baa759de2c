/**
 * IPRateMonitor's table: a counter for each first byte of an address, and where one has a level below it, counters for each next byte, up
 * to whole addresses. Levels are in a list, the oldest first. What Click's structures would take is what counts against MEMORY.
 */
import { anew, type ElementContext, heapOf } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type StagedFields, staged } from "@clickos/codegen";
import { type ArrayField, array, type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import { draw } from "../lib/draw.ts";
import { closeEpochs, epochAt, epochsPerSecond, ratePair } from "./rate-pair.ts";

const children = 256;
const bitsOfLevel = 8;
/** Levels below the first. */
const depth = 3;

/** `until` is the epoch before which nothing is put below it. */
export const counterLayout: Struct<{ rates: typeof ratePair; next: U32Field; until: U32Field }> = struct(
  { rates: ratePair, next: u32, until: u32 },
  { name: "rateCounter" },
);
/** `parent` is the counter that it is below; 0 for the first level. */
export const levelLayout: Struct<{
  parent: U32Field;
  before: U32Field;
  after: U32Field;
  counters: ArrayField<U32Field>;
}> = struct({ parent: u32, before: u32, after: u32, counters: array(u32, children) }, { name: "rateLevel" });
/** Bytes of Click's structures. */
const counterBytes = 40n;
const levelBytes = 2080n;

export const treeState: {
  readonly base: U32Field;
  readonly first: U32Field;
  readonly last: U32Field;
  readonly before: U32Field;
  readonly after: U32Field;
  readonly allocated: U64Field;
  readonly limit: U64Field;
  readonly foldedAt: U32Field;
  readonly begunAt: U32Field;
} = {
  base: anew(u32),
  first: anew(u32),
  last: anew(u32),
  /** Neighbours of the level that was removed last. */
  before: anew(u32),
  after: anew(u32),
  allocated: anew(u64),
  limit: u64,
  foldedAt: anew(u32),
  begunAt: anew(u32),
};

type Context = Pick<ElementContext<any, any, typeof treeState>, "state" | "clock" | "chance">;

const levelAt = (c: FunctionBuilder, at: I32) => staged(c, levelLayout, at);
const counterAt = (c: FunctionBuilder, at: I32) => staged(c, counterLayout, at);
/** The byte of an address that a level is about. */
const byteOf = (address: I32, shift: I32): I32 => address.shrU(shift).and(children - 1);

function hasRoom({ state }: Context, bytes: bigint): I32 {
  const limit = state.limit.get();
  return limit.eqz().or(state.allocated.get().add(bytes).leU(limit));
}

/** Makes the first level. */
export function beginTree(c: FunctionBuilder, { state, clock }: Context): void {
  const base = heapOf(c).allocateCleared(c, levelLayout.size);
  for (const field of [state.base, state.first, state.last]) field.set(base);
  state.allocated.set(levelBytes);
  const now = epochAt(clock.now());
  state.begunAt.set(now);
  state.foldedAt.set(0);
}

/** A level with all that is below it is gone. */
function removeLevel(c: FunctionBuilder, context: Context, at: I32, below: number = depth - 1): void {
  const { state } = context;
  const level = levelAt(c, at);
  c.for(0, children, 1, (i) => {
    const slot = level.counters.at(i);
    const counter = slot.get();
    c.if(counter, () => {
      if (below > 0) {
        const next = counterAt(c, counter).next.get();
        c.if(next, () => removeLevel(c, context, next, below - 1));
      }
      heapOf(c).free(c, counter, counterLayout.size);
      state.allocated.set(state.allocated.get().sub(counterBytes));
    });
  });
  const [before, after] = [level.before.get(), level.after.get()];
  state.before.set(before);
  state.after.set(after);
  c.if(
    before,
    () => levelAt(c, before).after.set(after),
    () => state.first.set(after),
  );
  c.if(
    after,
    () => levelAt(c, after).before.set(before),
    () => state.last.set(before),
  );
  counterAt(c, level.parent.get()).next.set(0);
  state.allocated.set(state.allocated.get().sub(levelBytes));
  heapOf(c).free(c, at, levelLayout.size);
}

/** Removes levels whose rates are below `threshold`, as many as bring what is allocated below the limit, from either end of the list. */
function fold(c: FunctionBuilder, context: Context, threshold: I32): void {
  const { state, clock, chance } = context;
  const now = epochAt(clock.now());
  const forward = draw(c, chance, 1);
  const allocated = state.allocated.get();
  const limit = state.limit.get().toI32();
  // Where there is none, a tenth of it all goes.
  const enough = c.select(limit, limit.toI64(), allocated.toI32().toI64().mul(9n).divU(10n));
  const at = c.var("i32", c.select(forward, state.first.get(), state.last.get()), "level");
  c.loop(() => {
    const level = levelAt(c, at.get());
    const parent = level.parent.get();
    c.if(parent, () => {
      const { average } = counterAt(c, parent).rates;
      closeEpochs(c, parent, now);
      c.if(average.at(0).get().ltS(threshold).and(average.at(1).get().ltS(threshold)), () => {
        removeLevel(c, context, at.get());
        at.set(c.select(forward, state.after.get(), state.before.get()));
        c.if(state.allocated.get().ltU(enough).or(at.get().eqz()), () => c.break());
        c.continue();
      });
    });
    at.set(c.select(forward, level.after.get(), level.before.get()));
    c.if(at.get().eqz(), () => c.break());
  });
}

/** Removes levels until the limit is kept, those with the lowest rates first. */
export function foldToLimit(c: FunctionBuilder, context: Context, threshold: number): void {
  const { state } = context;
  const step = Math.trunc(threshold / 5);
  const at = c.var("i32", threshold, "threshold");
  c.loop(() => {
    const isOver = state.limit.get().ne(0n).and(state.allocated.get().gtU(state.limit.get()));
    c.if(isOver.eqz().or(state.first.get().eq(state.last.get())).or(at.get().ltS(threshold)), () => c.break());
    fold(c, context, at.get());
    at.set(step > 0 ? at.get().add(step) : at.get().shl(1).or(1));
  });
}

/** Forgets all rates. Click's count of bytes goes on with the counters of the first level that were there. */
export function resetTree(c: FunctionBuilder, context: Context): void {
  const { state, clock } = context;
  const base = levelAt(c, state.base.get());
  c.for(0, children, 1, (i) => {
    const slot = base.counters.at(i);
    const counter = slot.get();
    c.if(counter, () => {
      const next = counterAt(c, counter).next.get();
      c.if(next, () => removeLevel(c, context, next));
      heapOf(c).free(c, counter, counterLayout.size);
      slot.set(0);
    });
  });
  state.begunAt.set(epochAt(clock.now()));
}

/** Nothing is put below an address's counter of a level before an epoch; what is there goes. */
export function keepLevel(
  c: FunctionBuilder,
  context: Context,
  { address, level, until }: { readonly address: I32; readonly level: I32; readonly until: I32 },
): void {
  const at = c.var("i32", context.state.base.get(), "level");
  const shift = c.var("i32", depth * bitsOfLevel, "shift");
  const left = c.var("i32", level, "levels");
  c.loop(() => {
    const counter = levelAt(c, at.get()).counters.at(byteOf(address, shift.get())).get();
    c.if(counter.eqz(), () => c.break());
    const next = counterAt(c, counter).next.get();
    c.if(left.get().eqz(), () => {
      counterAt(c, counter).until.set(until);
      c.if(next, () => removeLevel(c, context, next));
      c.break();
    });
    c.if(next.eqz(), () => c.break());
    at.set(next);
    shift.set(shift.get().sub(bitsOfLevel));
    left.set(left.get().sub(1));
  });
}

/** A fresh counter in a place; 0 where there is no memory for it. */
function makeCounter(
  c: FunctionBuilder,
  context: Context,
  slot: StagedFields<{ slot: U32Field }>["slot"],
  now: I32,
): I32 {
  const { state } = context;
  const made = c.var("i32", 0, "counter");
  c.if(hasRoom(context, counterBytes), () => {
    made.set(heapOf(c).allocateCleared(c, counterLayout.size));
    c.if(made.get(), () => {
      counterAt(c, made.get()).rates.epoch.set(now);
      slot.set(made.get());
      state.allocated.set(state.allocated.get().add(counterBytes));
    });
  });
  return made.get();
}

/** Puts a level below a counter, with a counter like that for the next byte of the address. */
function split(c: FunctionBuilder, { state }: Context, counter: I32, byte: I32): void {
  const heap = heapOf(c);
  const made = heap.allocateCleared(c, levelLayout.size);
  c.if(made, () => {
    const copy = heap.allocateCleared(c, counterLayout.size);
    c.if(
      copy,
      () => {
        c.copy(copy, counter, ratePair.size);
        const level = levelAt(c, made);
        level.counters.at(byte).set(copy);
        level.parent.set(counter);
        const last = state.last.get();
        levelAt(c, last).after.set(made);
        level.before.set(last);
        state.last.set(made);
        counterAt(c, counter).next.set(made);
        state.allocated.set(state.allocated.get().add(levelBytes + counterBytes));
      },
      () => heap.free(c, made, levelLayout.size),
    );
  });
}

export interface Counting {
  readonly address: I32;
  readonly amount: I32;
  /** Whether the amount counts. */
  readonly counts: I32;
  /** 0 for what an address sends, 1 for what it gets. */
  readonly which: 0 | 1;
  readonly threshold: number;
  /** Is given the two averages of the address, or of the part of it that has a counter. */
  rated(averages: readonly [I32, I32]): { readonly isHigh: I32 };
}

/** Counts for an address on every level; puts a level below the last one where its rate is high. */
export function countAddress(c: FunctionBuilder, context: Context, counting: Counting): void {
  const { state, clock } = context;
  const { address, amount, counts, which, rated } = counting;
  const now = epochAt(clock.now());
  const at = c.var("i32", state.base.get(), "level");
  const shift = c.var("i32", depth * bitsOfLevel, "shift");
  const last = c.var("i32", 0, "counter");
  c.if(state.foldedAt.get().eqz(), () => state.foldedAt.set(now));
  c.loop(() => {
    c.if(at.get().eqz(), () => c.break());
    const slot = levelAt(c, at.get()).counters.at(byteOf(address, shift.get()));
    last.set(slot.get());
    c.if(last.get().eqz(), () => last.set(makeCounter(c, context, slot, now)));
    c.if(last.get().eqz(), () => c.break());
    const counter = counterAt(c, last.get());
    c.if(counts, () => {
      closeEpochs(c, last.get(), now);
      counter.rates.current.at(which).inc(amount);
    });
    at.set(counter.next.get());
    c.if(at.get().eqz(), () => c.break());
    shift.set(shift.get().sub(bitsOfLevel));
  });
  c.if(last.get(), () => {
    const counter = counterAt(c, last.get());
    const { average } = counter.rates;
    const { isHigh } = rated([average.at(0).get(), average.at(1).get()]);
    const maySplit = counter.until
      .get()
      .ltU(now)
      .and(shift.get().gtS(0))
      .and(hasRoom(context, levelBytes + counterBytes));
    c.if(isHigh.and(maySplit), () => split(c, context, last.get(), byteOf(address, shift.get().sub(bitsOfLevel))));
    c.if(now.sub(state.foldedAt.get()).geU(epochsPerSecond), () => {
      fold(c, context, c.i32(counting.threshold));
      state.foldedAt.set(now);
    });
  });
}
