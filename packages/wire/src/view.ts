/** The host's view of a header: its fields as properties over bytes, read and written there. */
import { WireError } from "./error.ts";
import type { BytesSpec, Field, Table } from "./table.ts";

/** The fields of a header, as the host has them. */
export type HeaderFields<T extends Table> = {
  -readonly [K in keyof T["fields"]]: T["fields"][K] extends BytesSpec ? Uint8Array : number;
};

/** What every header has. */
export interface HeaderParts {
  /** The bytes from the header's start to the end of what there is. */
  readonly bytes: Uint8Array;
  /** What the header says, or the bytes of its fields where it says nothing. */
  readonly headerLength: number;
  /** The bytes between the table's fields and the payload. */
  readonly options: Uint8Array;
  /** What follows the header, up to where the packet says that it ends, as far as it is there. */
  readonly payload: Uint8Array;
  /** Whether the header says that the packet ends inside of the bytes, and after the header. */
  readonly complete: boolean;
}

/** A header in bytes: reading a property reads them, setting one writes them. */
export type HeaderView<T extends Table> = HeaderFields<T> & HeaderParts;

/** The class of a format's views. They are made for bytes that hold at least the table's fields. */
export function viewClass(table: Table, rows: readonly Field[], size: number): new (bytes: Uint8Array) => HeaderParts {
  const { headerLength, totalLength } = table;
  type Values = Record<string, number>;

  class View implements HeaderParts {
    readonly bytes: Uint8Array;
    readonly #data: DataView;
    constructor(bytes: Uint8Array) {
      this.bytes = bytes;
      this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    get headerLength(): number {
      if (!headerLength) return size;
      const values = this as unknown as Values;
      const { unit, plus = 0 } = headerLength;
      if ("field" in headerLength) return (values[headerLength.field] as number) * unit + plus;
      return headerLength.flags.reduce((n, flag) => n + (values[flag] as number) * unit, plus);
    }
    get options(): Uint8Array {
      return this.bytes.subarray(size, Math.max(size, this.headerLength));
    }
    get payload(): Uint8Array {
      const start = Math.max(size, this.headerLength);
      return this.bytes.subarray(start, Math.max(start, this.#end()));
    }
    get complete(): boolean {
      const end = this.#end();
      return end >= this.headerLength && end <= this.bytes.length;
    }
    /** Where the packet says that it ends. */
    #end(): number {
      if (!totalLength) return this.bytes.length;
      const total = (this as unknown as Values)[totalLength.field] as number;
      return totalLength.counts === "all" ? total : size + total;
    }
    #word({ offset, size }: Field): number {
      return size === 1
        ? this.#data.getUint8(offset)
        : size === 2
          ? this.#data.getUint16(offset)
          : this.#data.getUint32(offset);
    }
    #setWord({ offset, size }: Field, value: number): void {
      if (size === 1) this.#data.setUint8(offset, value);
      else if (size === 2) this.#data.setUint16(offset, value);
      else this.#data.setUint32(offset, value);
    }
    static {
      for (const row of rows) {
        const { name, shift, mask, whole, kind, offset } = row;
        const inPlace = kind === "bits" ? (mask << shift) >>> 0 : 0;
        Object.defineProperty(this.prototype, name, {
          enumerable: true,
          get(this: View): number | Uint8Array {
            if (kind === "bytes") return this.bytes.subarray(offset, offset + row.size);
            return whole ? this.#word(row) : ((this.#word(row) >>> shift) & mask) >>> 0;
          },
          set(this: View, value: number | Uint8Array): void {
            if (value instanceof Uint8Array) {
              if (kind === "bits" || value.length !== row.size)
                throw new WireError("OUT_OF_BOUNDS", `${table.name}.${name}: ${value.length} bytes do not fit`);
              this.bytes.set(value, offset);
            } else if (whole) this.#setWord(row, value);
            else this.#setWord(row, (this.#word(row) & ~inPlace) | ((value << shift) & inPlace));
          },
        });
      }
    }
  }
  return View;
}
