/** Token buckets and gap rates against Click's steps written plainly (include/click/tokenbucket.hh, gaprate.hh). */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gapRate, gapRateOf, tokenCount, tokenRate, tokenRateOf } from "../../src/element.ts";
import { operation, runStaged } from "./staged.ts";

const full = 0xffffffffn;
const u32 = (n: bigint): bigint => BigInt.asUintN(32, n);

/** `TokenBucketX` of 32 bits, with a jiffy of a millisecond. */
class Bucket {
  perTick = 0n;
  scale = 1n;
  untilFull = full;
  level = 0n;
  time = 0n;
  assign(rate: bigint, capacity: bigint): void {
    if (capacity === 0n) [rate, capacity] = [0n, full];
    if (rate !== 0n) {
      const least = (rate - 1n) / 1000n + 1n;
      if (capacity < least) capacity = least;
    }
    this.scale = full / capacity;
    const perTick = (rate * this.scale) / 1000n;
    if (rate !== 0n) {
      this.perTick = perTick || 1n;
      this.untilFull = (full - 1n) / this.perTick + 1n;
    } else [this.perTick, this.untilFull] = [0n, full];
  }
  refill(jiffies: bigint): void {
    const ticks = jiffies >= this.time ? u32(jiffies - this.time) : 0n;
    if (ticks >= this.untilFull) this.level = full;
    else if (ticks > 0n) {
      const level = u32(this.level + ticks * this.perTick);
      this.level = level < this.level ? full : level;
    }
    this.time = jiffies;
  }
  contains(tokens: bigint): boolean {
    return tokens * this.scale <= full && tokens * this.scale <= this.level;
  }
  remove(tokens: bigint): void {
    const amount = tokens * this.scale > full ? full : tokens * this.scale;
    this.level = amount <= this.level ? this.level - amount : 0n;
  }
  until(tokens: bigint): bigint {
    const amount = tokens * this.scale;
    if (amount > full) return full;
    if (amount <= this.level) return 0n;
    return this.perTick === 0n ? full : (amount - this.level - 1n) / this.perTick + 1n;
  }
}

describe("a token bucket", () => {
  const at = { rate: 64, count: 128 };
  const { call, data, memory } = runStaged({
    refill: operation({ now: "i64" }, undefined, (c, { now }) =>
      tokenCount.stage(c, at.count, 0).refill(tokenRate.stage(c, at.rate, 0), now),
    ),
    contains: operation({ n: "i32" }, "i32", (c, { n }) =>
      tokenCount.stage(c, at.count, 0).contains(tokenRate.stage(c, at.rate, 0), n),
    ),
    remove: operation({ n: "i32" }, undefined, (c, { n }) =>
      tokenCount.stage(c, at.count, 0).remove(tokenRate.stage(c, at.rate, 0), n),
    ),
    removeIf: operation({ n: "i32" }, "i32", (c, { n }) =>
      tokenCount.stage(c, at.count, 0).removeIf(tokenRate.stage(c, at.rate, 0), n),
    ),
    until: operation({ n: "i32" }, "i64", (c, { n }) =>
      tokenCount.stage(c, at.count, 0).timeUntil(tokenRate.stage(c, at.rate, 0), n),
    ),
    set: operation({ n: "i32" }, undefined, (c, { n }) =>
      tokenCount.stage(c, at.count, 0).set(tokenRate.stage(c, at.rate, 0), n),
    ),
    start: operation({}, undefined, (c) => tokenCount.stage(c, at.count, 0).start(tokenRate.stage(c, at.rate, 0))),
    idle: operation({}, "i32", (c) => tokenRate.stage(c, at.rate, 0).idle()),
  });
  const rate = tokenRate.read(data, at.rate);
  const count = tokenCount.read(data, at.count);
  const reset = (tokens: number, capacity: number): void => {
    new Uint8Array(memory.buffer, 64, 128).fill(0);
    tokenRate.write(data, at.rate, tokenRateOf(tokens, capacity));
  };

  it("has Click's tokens at any rate and time", () => {
    const amount = fc.oneof(fc.bigInt(0n, 3000n), fc.bigInt(0n, full));
    const step = fc.record({
      do: fc.constantFrom("wait", "wait", "remove", "removeIf", "removeIf", "contains", "set", "assign", "adjust"),
      // Microseconds: within a tick, some ticks, long.
      time: fc.oneof(fc.bigInt(0n, 1200n), fc.bigInt(0n, 100_000n), fc.bigInt(0n, 2n ** 45n)),
      amount,
      capacity: fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(0n, full)),
    });
    fc.assert(
      fc.property(
        amount,
        fc.bigInt(0n, 5000n),
        fc.bigInt(0n, 2n ** 50n),
        fc.array(step, { maxLength: 40, size: "max" }),
        (tokens, capacity, start, steps) => {
          const model = new Bucket();
          model.assign(tokens, capacity);
          reset(Number(tokens), Number(capacity));
          let now = start * 1000n;
          for (const s of steps) {
            const n = Number(s.amount);
            switch (s.do) {
              case "wait":
                now += s.time * 1000n;
                model.refill(now / 1_000_000n);
                call.refill(now);
                break;
              case "remove":
                model.remove(s.amount);
                call.remove(n);
                break;
              case "removeIf": {
                const enough = model.contains(s.amount);
                if (enough) model.remove(s.amount);
                expect(call.removeIf(n)).toBe(Number(enough));
                break;
              }
              case "contains":
                expect([call.contains(n), call.until(n)]).toEqual([
                  Number(model.contains(s.amount)),
                  model.until(s.amount) * 1_000_000n,
                ]);
                break;
              case "set":
                model.level = s.amount * model.scale > full ? full : s.amount * model.scale;
                if (n % 2 === 0) call.set(n);
                else count.set(rate, n);
                break;
              default: {
                const before = tokenRateOf(0, 0);
                Object.assign(before.parts, { ...rate.parts, scale: rate.parts.scale });
                const { scale } = model;
                model.assign(s.amount, s.capacity);
                rate.assign(n, Number(s.capacity));
                if (s.do === "assign") break;
                const level = (model.level * model.scale) / scale;
                model.level = level > full ? full : level;
                count.adjust(before, rate);
              }
            }
            const parts = [
              rate.parts.perTick,
              rate.parts.scale,
              rate.parts.untilFull,
              data.getUint32(at.count + 8, true),
            ];
            expect(parts.map(BigInt)).toEqual([model.perTick, model.scale, model.untilFull, model.level]);
            expect([BigInt(rate.tokens), BigInt(rate.capacity), BigInt(count.tokens(rate)), call.idle()]).toEqual([
              ((x: bigint) => (x > full ? full : x))((model.perTick / 2n + model.perTick * 1000n) / model.scale),
              full / model.scale,
              model.level / model.scale,
              Number(model.perTick === 0n),
            ]);
          }
        },
      ),
    );
  });

  it("starts full where tokens come, and a clock that is set back brings none", () => {
    reset(10, 2);
    call.start();
    expect([call.removeIf(2), call.removeIf(1)]).toEqual([1, 0]);
    call.refill(5_000_000_000n);
    expect([call.removeIf(2), call.removeIf(1), call.until(1)]).toEqual([1, 0, 101_000_000n]);
    call.refill(1_000_000_000n);
    expect(call.contains(1)).toBe(0);
    call.refill(1_100_999_999n);
    expect(call.contains(1)).toBe(0);
    call.refill(1_101_000_000n);
    expect(call.contains(1)).toBe(1);
    reset(0, 2);
    call.start();
    call.refill(5_000_000_000n);
    expect([call.contains(1), call.until(1)]).toEqual([0, full * 1_000_000n]);
  });
});

/** `GapRate`. */
class Gaps {
  rate = 0n;
  gap = 4_096_000_001n;
  second = -1n;
  count = 0n;
  set(r: bigint, now: bigint): void {
    const rate = r > 4_096_000_000n ? 4_096_000_000n : r;
    if (rate === this.rate) return;
    this.rate = rate;
    this.gap = rate === 0n ? 4_096_000_001n : 4_096_000_000n / rate;
    if (this.second >= 0n && rate !== 0n) this.count = (((now / 1000n) % 1_000_000n) << 12n) / this.gap;
  }
  due(now: bigint): boolean {
    const [seconds, microseconds] = [now / 1_000_000_000n, (now / 1000n) % 1_000_000n];
    const need = (microseconds << 12n) / this.gap;
    if (this.second < 0n) {
      this.second = seconds;
      this.count = need + ((microseconds << 12n) - need * this.gap > this.gap / 2n ? 1n : 0n);
    } else if (seconds > this.second) {
      this.second = seconds;
      if (this.count > 0n) this.count -= this.rate;
    }
    return need >= this.count;
  }
}

describe("a gap rate", () => {
  const { call, data } = runStaged({
    isDue: operation({ now: "i64" }, "i32", (c, { now }) => gapRate.stage(c, 64, 0).isDue(now)),
    happened: operation({ n: "i32" }, undefined, (c, { n }) => gapRate.stage(c, 64, 0).happened(n)),
    nextAsk: operation({}, "i64", (c) => gapRate.stage(c, 64, 0).nextAsk()),
    idle: operation({}, "i32", (c) => gapRate.stage(c, 64, 0).idle()),
  });
  const host = gapRate.read(data, 64);
  const rates = fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(0n, 100_000n), fc.bigInt(0n, full));

  it("has Click's events due, and says when the next one is", () => {
    const step = fc.record({
      do: fc.constantFrom("ask", "ask", "ask", "back", "rate", "reset"),
      time: fc.oneof(fc.bigInt(0n, 1000n), fc.bigInt(0n, 400_000n), fc.bigInt(0n, 5_000_000n)),
      events: fc.oneof(fc.bigInt(1n, 3n), fc.bigInt(1n, 2000n)),
      rate: rates,
    });
    fc.assert(
      fc.property(
        rates,
        fc.bigInt(0n, 2n ** 50n),
        fc.array(step, { maxLength: 40, size: "max" }),
        (rate, start, steps) => {
          const model = new Gaps();
          model.set(rate, 0n);
          gapRate.write(data, 64, gapRateOf(Number(rate)));
          let now = start * 1000n;
          for (const s of steps) {
            if (s.do === "rate") {
              model.set(s.rate, now);
              host.assign(Number(s.rate), now);
            } else if (s.do === "reset") {
              model.second = -1n;
              host.reset();
            }
            now += s.do === "back" ? 0n : s.time * 1000n;
            // A clock may be a little behind.
            const asked = s.do === "back" && now > s.time * 1000n ? now - s.time * 1000n : now;
            const due = model.due(asked);
            expect([call.isDue(asked), call.idle(), host.rate]).toEqual([
              Number(due),
              Number(model.rate === 0n),
              Number(model.rate),
            ]);
            if (due && model.count < 2n ** 30n) {
              model.count += s.events;
              call.happened(Number(s.events));
            } else if (!due && model.rate !== 0n && asked === now) {
              const next = call.nextAsk();
              expect(next > now && next <= (model.second + 1n) * 1_000_000_000n).toBe(true);
              const copy = new Uint8Array(data.buffer.slice(64, 96));
              expect(call.isDue(next - 1000n)).toBe(0);
              if (next < (model.second + 1n) * 1_000_000_000n) expect(call.isDue(next)).toBe(1);
              new Uint8Array(data.buffer, 64, 32).set(copy);
            }
          }
        },
      ),
    );
  });
});
