/** Builds a line of text in the guest, for Print and its kind. Not for hot paths. */
import type { Func, FunctionBuilder, I32, I32Like, I64, Var } from "@clickos/codegen";

/** Bytes of the buffer that lines are made in. */
export const lineSize = 8192;
/** Bytes of data that are shown at a time: in hexadecimal they are not more than 2.5 times as many. */
const chunk = 2048;
/** So much of the buffer is left for a chunk; a line that is longer goes to the console in parts. */
const longestBefore = lineSize - (chunk * 5) / 2;

const digits = new TextEncoder().encode("0123456789abcdef");

/** Where a line is made and where it goes. */
export interface TextPlaces {
  /** Address of the line buffer. */
  readonly buffer: number;
  data(bytes: Uint8Array): number;
  write(address: I32Like, length: I32): void;
}

export class TextLine {
  private readonly c: FunctionBuilder;
  private readonly places: TextPlaces;
  private readonly at: Var<"i32">;

  constructor(c: FunctionBuilder, places: TextPlaces) {
    this.c = c;
    this.places = places;
    this.at = c.var("i32", places.buffer, "at");
  }

  /** Text known at build time. */
  text(text: string): this {
    const bytes = Uint8Array.from(text, (ch) => ch.charCodeAt(0)).slice(0, 1024);
    if (bytes.length === 0) return this;
    this.c.copy(this.at.get(), this.places.data(bytes), bytes.length);
    this.at.inc(bytes.length);
    return this;
  }

  /** An unsigned number, right-aligned in `width` columns, after spaces or zeros. */
  decimal(value: I32, width = 0, fill: " " | "0" = " "): this {
    const helper = this.c.module.once("text decimal", () => defineDecimal(this.c));
    this.at.set(this.c.call(helper, this.at.get(), value, width, fill.charCodeAt(0)));
    return this;
  }

  /** An unsigned number of 64 bits. */
  decimal64(value: I64): this {
    const groups = [10n ** 18n, 10n ** 9n, 1n];
    groups.forEach((unit, i) => {
      const group = value
        .divU(unit)
        .remU(10n ** 9n)
        .toI32();
      const before = i === 0 ? this.c.i32(0) : value.geU(groups[i - 1] as bigint);
      const shown = i === 2 ? this.c.i32(1) : value.geU(unit);
      this.c.if(
        before,
        () => this.decimal(group, 9, "0"),
        () => this.c.if(shown, () => this.decimal(group)),
      );
    });
    return this;
  }

  /** A number with its sign where it is below 0. */
  signed(value: I32): this {
    const below = value.ltS(0);
    this.c.if(below, () => this.text("-"));
    return this.decimal(this.c.select(below, this.c.i32(0).sub(value), value));
  }

  /** A time in nanoseconds as seconds, a point and six digits, or nine where microseconds do not say it all. */
  timestamp(time: I64): this {
    const below = time.ltS(0n);
    this.c.if(below, () => this.text("-"));
    const value = this.c.select(below, this.c.i64(0n).sub(time), time);
    this.decimal(value.divU(1_000_000_000n).toI32()).text(".");
    const fraction = value.remU(1_000_000_000n).toI32();
    this.c.if(
      fraction.remU(1000),
      () => this.decimal(fraction, 9, "0"),
      () => this.decimal(fraction.divU(1000), 6, "0"),
    );
    return this;
  }

  /** `length` bytes as characters, a point for what cannot be printed, a space before each 8. */
  ascii(address: I32, length: I32): this {
    const helper = this.c.module.once("text ascii", () => defineAscii(this.c));
    return this.inChunks(length, (from, count) => this.c.call(helper, this.at.get(), address.add(from), count));
  }

  /** `length` bytes as they are: characters that can be printed. */
  bytes(address: I32, length: I32): this {
    return this.inChunks(length, (from, count) => {
      const at = this.at.get();
      this.c.copy(at, address.add(from), count);
      return at.add(count);
    });
  }

  /** An address in dotted form; `value` is in host order. */
  ipAddress(value: I32): this {
    for (const shift of [24, 16, 8, 0]) {
      this.decimal(value.shrU(shift).and(255));
      if (shift > 0) this.text(".");
    }
    return this;
  }

  /** `length` bytes in hexadecimal, a space after each `group` bytes but the last. */
  hex(address: I32, length: I32, group = 4): this {
    const table = this.places.data(digits);
    const helper = this.c.module.once(`text hex ${group}`, () => defineHex(this.c, table, group));
    return this.inChunks(length, (from, count) =>
      this.c.call(helper, this.at.get(), address.add(from), count, from.ne(0)),
    );
  }

  /** Writes `length` bytes, some at a time; what is in the buffer before goes to the console where it is too much. */
  private inChunks(length: I32, write: (from: I32, count: I32) => I32): this {
    const { c, at, places } = this;
    c.for(0, length, chunk, (from) => {
      const used = at.get().sub(places.buffer);
      c.if(used.gtU(longestBefore), () => {
        places.write(places.buffer, used);
        at.set(places.buffer);
      });
      const left = length.sub(from);
      at.set(write(from, c.select(left.gtU(chunk), c.i32(chunk), left)));
    });
    return this;
  }

  /** Ends the line and gives it to the console. */
  end(): void {
    this.c.store8(this.at.get(), 10);
    this.places.write(this.places.buffer, this.at.get().sub(this.places.buffer).add(1));
  }
}

function defineDecimal(outer: FunctionBuilder): Func<"i32"> {
  return outer.module.func(
    "text decimal",
    { at: "i32", value: "i32", width: "i32", fill: "i32" },
    "i32",
    (c, { at, value, width, fill }) => {
      const count = c.var("i32", 1, "count");
      const rest = c.var("i32", value, "rest");
      c.while(
        () => rest.get().geU(10),
        () => {
          rest.set(rest.get().divU(10));
          count.inc();
        },
      );
      const pad = c.select(width.gtU(count.get()), width.sub(count.get()), c.i32(0));
      c.fill(at, fill, pad);
      const end = at.add(pad).add(count.get());
      const p = c.var("i32", end, "p");
      rest.set(value);
      c.loop(() => {
        p.inc(-1);
        c.store8(p.get(), rest.get().remU(10).add(48));
        rest.set(rest.get().divU(10));
        c.if(rest.get().eqz(), () => c.break());
      });
      return end;
    },
  );
}

function defineHex(outer: FunctionBuilder, table: number, group: number): Func<"i32"> {
  return outer.module.func(
    `text hex ${group}`,
    { at: "i32", address: "i32", length: "i32", goesOn: "i32" },
    "i32",
    (c, { at, address, length, goesOn }) => {
      const p = c.var("i32", at, "p");
      c.for(0, length, 1, (i) => {
        const byte = c.load8(address.add(i));
        c.if(i.or(goesOn).ne(0).and(i.remU(group).eqz()), () => {
          c.store8(p.get(), 32);
          p.inc();
        });
        c.store8(p.get(), c.load8(byte.shrU(4), table));
        c.store8(p.get(), c.load8(byte.and(15), table), 1);
        p.inc(2);
      });
      return p.get();
    },
  );
}

function defineAscii(outer: FunctionBuilder): Func<"i32"> {
  return outer.module.func("text ascii", { at: "i32", address: "i32", length: "i32" }, "i32", (c, p_) => {
    const p = c.var("i32", p_.at, "p");
    c.for(0, p_.length, 1, (i) => {
      const byte = c.load8(p_.address.add(i));
      c.if(i.and(7).eqz(), () => {
        c.store8(p.get(), 32);
        p.inc();
      });
      c.store8(p.get(), c.select(byte.sub(32).ltU(95), byte, c.i32(46)));
      p.inc();
    });
    return p.get();
  });
}
