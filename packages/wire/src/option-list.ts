/**
 * Lists of options: a kind, a length and a value each, one after the other. IPv4 and TCP options, options of neighbour
 * discovery and of IPv6's extension headers, PPPoE tags and PPP configuration options are all such lists.
 *
 * Walking a list ends at its end or at the first option that does not fit, whatever the bytes say: an option has
 * at least the bytes of its kind, and never more than are left.
 */
import type { I32 } from "@clickos/codegen";
import { WireError } from "./error.ts";
import { type Otherwise, type Span, span } from "./span.ts";

/** What a list's table says. */
export interface OptionTable {
  readonly name: string;
  readonly reference: string;
  /** Bytes of the kind and of the length. */
  readonly kindBytes: 1 | 2;
  readonly lengthBytes: 1 | 2;
  /** Bytes that one of the length stands for. */
  readonly unit: 1 | 8;
  /** Whether the length counts the kind and itself too. */
  readonly counts: "all" | "value";
  /** The kind that ends the list, and kinds of one byte without a length. */
  readonly end?: number;
  readonly single?: readonly number[];
}

/** An option of some bytes. */
export interface HeaderOption {
  readonly kind: number;
  /** All of it, from the kind on. */
  readonly bytes: Uint8Array;
  /** What follows the length. */
  readonly value: Uint8Array;
}

/** An option in staged code. */
export interface StagedOption {
  readonly kind: I32;
  /** All of it, from the kind on. */
  readonly span: Span;
}

export interface OptionList {
  readonly table: OptionTable;
  /** The options up to the end of the list, and where it could not be read on: an offset, or `undefined`. */
  read(bytes: Uint8Array): { readonly options: readonly HeaderOption[]; readonly malformedAt: number | undefined };
  /** Bytes of an option. */
  bytes(kind: number, value?: Uint8Array): Uint8Array;
  /**
   * Runs code for each option; `c.break()` and `c.continue()` in it leave the list and the option. `malformed` runs after
   * the options before the one that does not fit.
   */
  each(options: Span, body: (option: StagedOption) => void, malformed?: Otherwise): void;
}

/** Makes a list of its table. */
export function optionList(table: OptionTable): OptionList {
  const { name, kindBytes, lengthBytes, unit, counts, end, single = [] } = table;
  const head = kindBytes + lengthBytes;
  /** Bytes of an option whose length field has this value. */
  const before = counts === "all" ? 0 : head;

  return {
    table,
    read(bytes) {
      const options: HeaderOption[] = [];
      const number = (at: number, size: 1 | 2): number =>
        size === 1 ? (bytes[at] as number) : ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      for (let at = 0; at < bytes.length; ) {
        if (at + kindBytes > bytes.length) return { options, malformedAt: at };
        const kind = number(at, kindBytes);
        if (kind === end) break;
        if (single.includes(kind)) {
          options.push({ kind, bytes: bytes.subarray(at, at + kindBytes), value: bytes.subarray(at, at) });
          at += kindBytes;
          continue;
        }
        const size = at + head > bytes.length ? 0 : number(at + kindBytes, lengthBytes) * unit + before;
        if (size < head || at + size > bytes.length) return { options, malformedAt: at };
        const whole = bytes.subarray(at, at + size);
        options.push({ kind, bytes: whole, value: whole.subarray(head) });
        at += size;
      }
      return { options, malformedAt: undefined };
    },

    bytes(kind, value = new Uint8Array()) {
      if (kind === end || single.includes(kind)) return Uint8Array.of(kind);
      const length = (head + value.length - before) / unit;
      if (!Number.isInteger(length) || length >= 256 ** lengthBytes)
        throw new WireError("OUT_OF_BOUNDS", `${name}: a value of ${value.length} bytes does not fit`);
      const bytes = new Uint8Array(head + value.length);
      const put = (at: number, size: 1 | 2, n: number): void =>
        bytes.set(size === 1 ? [n & 255] : [(n >>> 8) & 255, n & 255], at);
      put(0, kindBytes, kind);
      put(kindBytes, lengthBytes, length);
      bytes.set(value, head);
      return bytes;
    },

    each(options, body, malformed = "stated") {
      const { c } = options;
      const at = c.var("i32", options.address, "option");
      const left = c.var("i32", options.length, "optionBytes");
      const bad = c.var("i32", 0, "malformed");
      const stop = (): void => {
        bad.set(1);
        c.break();
      };
      const number = (address: I32, offset: number, size: 1 | 2): I32 =>
        size === 1 ? c.load8(address, offset) : c.load16(address, offset, "be");
      c.loop(() => {
        const room = left.get();
        c.if(room.ltS(kindBytes), () => {
          if (kindBytes > 1) bad.set(room.gtS(0));
          c.break();
        });
        const address = at.get();
        const kind = number(address, 0, kindBytes);
        if (end !== undefined) c.if(kind.eq(end), () => c.break());
        const size = c.var("i32", kindBytes, "size");
        let short = c.i32(0);
        for (const one of single) short = short.or(kind.eq(one));
        c.if(short.eqz(), () => {
          c.if(room.ltS(head), stop);
          const length = number(address, kindBytes, lengthBytes);
          size.set((unit === 1 ? length : length.shl(3)).add(before));
          c.if(size.get().ltS(head).or(size.get().gtS(room)), stop);
        });
        const bytes = size.get();
        at.set(address.add(bytes));
        left.set(room.sub(bytes));
        body({ kind, span: span(c, address, bytes).need(kindBytes, "stated") });
      });
      if (malformed !== "stated") c.leaveIf(bad.get(), malformed);
    },
  };
}
