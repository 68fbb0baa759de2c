/**
 * Bytes in a guest's memory, and how many of them are known to be there: what staged code gets headers from.
 *
 * A header can only be had of a span that knows its bytes. They become known by a comparison in the code (`need`,
 * `header`, `advance`), or because the caller states it and says why. What is known stays known in what
 * follows: a span that knows 42 bytes gives an Ethernet and an ARP header without another comparison, and their fields
 * are loads with constant offsets from one address.
 */
import type { FunctionBuilder, I32, I32Like } from "@clickos/codegen";
import { WireError } from "./error.ts";
import type { Format } from "./format.ts";
import { type StagedHeader, stagedHeader } from "./staged-header.ts";
import type { Table } from "./table.ts";

/**
 * What the code does where bytes are missing, or a length is wrong: it must leave, as a dropped packet does. `"stated"`
 * makes no comparison: the caller states that the bytes are there, and says why.
 */
export type Otherwise = (() => void) | "stated";

/** Bytes from an address on. */
export interface Span {
  readonly c: FunctionBuilder;
  /** Address of the first byte. */
  readonly address: I32;
  /** Bytes that there are. */
  readonly length: I32;
  /** Bytes that are known to be there when the code is made. */
  readonly known: number;
  /** Whether there are so many bytes: a condition for code that states it in the branch where it holds. */
  has(bytes: number): I32;
  /** The same bytes, of which so many are known: one comparison, or none where they are known already. */
  need(bytes: number, tooShort?: Otherwise): Span;
  /** The header at the start. */
  header<T extends Table>(format: Format<T>, tooShort?: Otherwise): StagedHeader<T>;
  /** What follows so many bytes. */
  advance(bytes: I32Like, tooShort?: Otherwise): Span;
  /** The first so many bytes. */
  take(bytes: I32Like, tooShort?: Otherwise): Span;
  /** Address and offset of the first byte: what loads and stores are made with. */
  readonly place: { readonly base: I32; readonly offset: number };
}

/**
 * The `length` bytes at an address; a length below 0 is none. What is said of them is not looked at again: memory must
 * not change hands while the span is used.
 */
export function span(c: FunctionBuilder, address: I32Like, length: I32Like): Span {
  return new MemorySpan(c, c.i32(address), 0, c.i32(length), typeof length === "number" ? length : 0);
}

class MemorySpan implements Span {
  readonly c: FunctionBuilder;
  readonly known: number;
  readonly place: { readonly base: I32; readonly offset: number };
  /** Bytes from `base` on: comparisons are with this, so that offsets become constants. */
  private readonly room: I32;

  constructor(c: FunctionBuilder, base: I32, offset: number, room: I32, known: number) {
    this.c = c;
    this.place = { base, offset };
    this.room = room;
    this.known = known;
  }

  get address(): I32 {
    return this.place.base.add(this.place.offset);
  }
  get length(): I32 {
    return this.room.sub(this.place.offset);
  }

  has(bytes: number): I32 {
    return bytes <= this.known ? this.c.i32(1) : this.room.geS(this.place.offset + bytes);
  }

  need(bytes: number, tooShort?: Otherwise): Span {
    if (bytes <= this.known) return this;
    if (!tooShort)
      throw new WireError(
        "UNPROVEN",
        `${bytes} bytes are asked for, ${this.known} are known to be there, and nothing says what to do otherwise`,
      );
    const { base, offset } = this.place;
    if (tooShort !== "stated") this.c.leaveIf(this.room.ltS(offset + bytes), tooShort);
    return new MemorySpan(this.c, base, offset, this.room, bytes);
  }

  header<T extends Table>(format: Format<T>, tooShort?: Otherwise): StagedHeader<T> {
    return stagedHeader(format, this.need(format.size, tooShort));
  }

  advance(bytes: I32Like, tooShort?: Otherwise): Span {
    const { base, offset } = this.place;
    const constant = typeof bytes === "number" ? bytes : bytes.constant;
    if (constant !== undefined) {
      const { known } = this.need(constant, tooShort);
      return new MemorySpan(this.c, base, offset + constant, this.room, known - constant);
    }
    this.check(bytes as I32, tooShort);
    return new MemorySpan(this.c, base.add(bytes), offset, this.room.sub(bytes), 0);
  }

  take(bytes: I32Like, tooShort?: Otherwise): Span {
    const { base, offset } = this.place;
    const constant = typeof bytes === "number" ? bytes : bytes.constant;
    if (constant !== undefined) {
      this.need(constant, tooShort);
      return new MemorySpan(this.c, base, offset, this.c.i32(offset + constant), constant);
    }
    this.check(bytes as I32, tooShort);
    return new MemorySpan(this.c, base, offset, (bytes as I32).add(offset), 0);
  }

  /** So many bytes are there; a number above 2^31 is no number of bytes. */
  private check(bytes: I32, tooShort: Otherwise | undefined): void {
    if (!tooShort)
      throw new WireError(
        "UNPROVEN",
        "a number of bytes that the packet says, and nothing for where they are not there",
      );
    if (tooShort === "stated") return;
    const { length } = this;
    const outside = bytes.gtU(length);
    // Where something is known, the length is not below 0.
    this.c.leaveIf(this.known > 0 ? outside : outside.or(length.ltS(0)), tooShort);
  }
}
