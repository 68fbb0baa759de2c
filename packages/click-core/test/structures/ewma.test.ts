/** Moving averages and rates against Click's steps written plainly (include/click/ewma.hh), and its text of fixed-point numbers. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ewma, fixedPointText, rate } from "../../src/element.ts";
import { operation, runStaged } from "./staged.ts";

/** `DirectEWMAX` of 64 bits. */
class Average {
  scaled = 0n;
  readonly scale: bigint;
  constructor(scale: bigint) {
    this.scale = scale;
  }
  update(x: bigint, shift: bigint): void {
    const compensation = shift === 0n ? 0n : 1n << (shift - 1n);
    const difference = BigInt.asIntN(64, (x << this.scale) + compensation - this.scaled);
    this.scaled = BigInt.asUintN(64, this.scaled + (difference >> shift));
  }
  updateN(x: bigint, n: bigint, shift: bigint): void {
    if (n >= 100n) this.scaled = BigInt.asUintN(64, x << this.scale);
    else for (let i = 0n; i < n; i++) this.update(x, shift);
  }
}

const scales = [4, 10, 20];
const averages = scales.map((scale) => {
  const type = ewma(scale);
  const at = 64;
  const running = runStaged({
    update: operation({ x: "i64", shift: "i64" }, undefined, (c, { x, shift }) =>
      type.stage(c, at, 8).update(x, shift),
    ),
    updateN: operation({ x: "i64", n: "i64", shift: "i64" }, undefined, (c, { x, n, shift }) =>
      type.stage(c, at, 8).updateN(x, n, shift),
    ),
    scaled: operation({}, "i64", (c) => type.stage(c, at, 8).scaled()),
    rounded: operation({}, "i64", (c) => type.stage(c, at, 8).rounded()),
    set: operation({ value: "i64" }, undefined, (c, { value }) => type.stage(c, at, 8).set(value)),
  });
  return { scale, call: running.call, host: type.read(running.data, at + 8) };
});

describe("a moving average", () => {
  it.each(averages)("with $scale bits of fraction takes Click's steps", ({ scale, call, host }) => {
    const observation = fc.oneof(fc.bigInt(0n, 2000n), fc.bigInt(0n, 2n ** 40n));
    const step = fc.record({ x: observation, n: fc.bigInt(0n, 130n), shift: fc.bigInt(0n, 16n), many: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: "max" }), (steps) => {
        const model = new Average(BigInt(scale));
        call.set(0n);
        for (const { x, n, shift, many } of steps) {
          if (many) {
            model.updateN(x, n, shift);
            call.updateN(x, n, shift);
          } else {
            model.update(x, shift);
            call.update(x, shift);
          }
          expect([call.scaled(), host.scaled]).toEqual([model.scaled, model.scaled]);
          const rounded = (model.scaled + (1n << BigInt(scale - 1))) >> BigInt(scale);
          expect([call.rounded(), host.rounded]).toEqual([rounded, rounded]);
        }
      }),
    );
  });

  it("is what was observed a hundred times, and can be set from the host", () => {
    const { call, host } = averages[1] as (typeof averages)[number];
    call.set(0n);
    call.updateN(3n, 99n, 4n);
    expect(host.scaled).toBeLessThan(3n << 10n);
    call.updateN(3n, 100n, 4n);
    expect([host.scaled, host.rounded, host.text]).toEqual([3n << 10n, 3n, "3"]);
    host.scaled = 1536n;
    expect([call.scaled(), call.rounded(), host.text]).toEqual([1536n, 2n, "1.5"]);
  });
});

describe("a rate", () => {
  const type = rate(10, 4);
  const { call, data } = runStaged({
    observe: operation({ now: "i64", count: "i64" }, undefined, (c, { now, count }) => {
      const staged = type.stage(c, 64, 0);
      c.if(staged.over(now), () => staged.close(now, count));
    }),
  });
  const host = type.read(data, 64);
  const clear = (): void => void new Uint8Array(data.buffer, 64, type.size).fill(0);

  it("closes an epoch of a millisecond at a time as Click does, in staged code and when it is read", () => {
    const step = fc.record({
      // Times to the microsecond, some long, some within one epoch.
      pause: fc.oneof(fc.bigInt(0n, 3_000n), fc.bigInt(0n, 150_000n)),
      more: fc.bigInt(0n, 1500n),
      what: fc.constantFrom("count", "count", "read", "reset"),
    });
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 41n), fc.array(step, { maxLength: 40, size: "max" }), (start, steps) => {
        const model = new Average(10n);
        let [epoch, current, now, count] = [0n, 0n, start * 1000n, 0n];
        clear();
        const pass = (): void => {
          const epochs = now / 1_000_000n - epoch;
          if (epochs === 0n) return;
          model.update(current, 4n);
          model.updateN(0n, epochs - 1n, 4n);
          [epoch, current] = [epoch + epochs, 0n];
        };
        for (const { pause, more, what } of steps) {
          now += pause * 1000n;
          if (what === "reset") {
            host.recount(count, 0n);
            count = 0n;
            continue;
          }
          pass();
          if (what === "read") {
            host.close(now, count);
            expect(host.text()).toBe(fixedPointText(model.scaled * 1000n, 10));
          } else {
            call.observe(now, count);
            count += more;
            current += more;
          }
        }
        now += 1_000_000n;
        pass();
        host.close(now, count);
        expect([host.text(), host.text(3)]).toEqual([
          fixedPointText(model.scaled * 1000n, 10),
          fixedPointText(model.scaled * 1000n, 7),
        ]);
      }),
    );
  });

  it("forgets a time that ran backwards", () => {
    clear();
    for (let ms = 0n; ms < 200n; ms++) call.observe(1_000_000_000n + ms * 1_000_000n, ms * 5n);
    host.close(1_200_000_000n, 1000n);
    expect(Number(host.text())).toBeCloseTo(5000, -2);
    host.close(5_000_000n, 1000n);
    expect(host.text()).toBe("0");
  });
});

describe("a number with a binary fraction", () => {
  it.each([
    [0n, 10, "0"],
    [1n << 10n, 10, "1"],
    [(5n << 10n) + 512n, 10, "5.5"],
    [1n, 4, "0.06"],
    [15n, 4, "0.94"],
    [3n, 1, "1.5"],
    [-((2n << 4n) + 4n), 4, "-2.25"],
    [(1n << 40n) + 256n, 10, "1073741824.25"],
  ])("%i / 2^%i is %s", (value, bits, text) => {
    expect(fixedPointText(value, bits)).toBe(text);
  });

  it("has as many digits as tell it from its neighbours", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.bigInt(0n, 2n ** 45n), (bits, value) => {
        const [whole = "", digits = ""] = fixedPointText(value, bits).split(".");
        const one = 1n << BigInt(bits);
        const power = 10n ** BigInt(digits.length);
        const nearest = (2n * BigInt(digits || "0") * one + power) / (2n * power);
        expect(BigInt(whole) * one + nearest).toBe(value);
      }),
    );
  });
});
