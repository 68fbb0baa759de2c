/** The field types: integers of either byte order, bytes, and arrays. */
import { LayoutError } from "./error.ts";
import {
  type ArrayField,
  alignUp,
  type ByteOrder,
  type BytesField,
  type FieldType,
  type HostOf,
  type U32Field,
  type U64Field,
} from "./field.ts";

function small(name: string, width: 8 | 16 | 32, order: ByteOrder): U32Field {
  const little = order === "le";
  return {
    kind: "integer",
    name,
    size: width / 8,
    align: width / 8,
    width,
    order,
    signed: false,
    read: (data, offset) =>
      width === 8
        ? data.getUint8(offset)
        : width === 16
          ? data.getUint16(offset, little)
          : data.getUint32(offset, little),
    write(data, offset, value) {
      if (width === 8) data.setUint8(offset, value);
      else if (width === 16) data.setUint16(offset, value, little);
      else data.setUint32(offset, value, little);
    },
  };
}

function large(name: string, order: ByteOrder): U64Field {
  const little = order === "le";
  return {
    kind: "integer",
    name,
    size: 8,
    align: 8,
    width: 64,
    order,
    signed: false,
    read: (data, offset) => data.getBigUint64(offset, little),
    write: (data, offset, value) => data.setBigUint64(offset, value, little),
  };
}

export const u8: U32Field = small("u8", 8, "le");
export const u16: U32Field = small("u16", 16, "le");
export const u32: U32Field = small("u32", 32, "le");
export const u64: U64Field = large("u64", "le");
export const u16be: U32Field = small("u16be", 16, "be");
export const u32be: U32Field = small("u32be", 32, "be");
export const u64be: U64Field = large("u64be", "be");
export const i16: U32Field = {
  ...u16,
  name: "i16",
  signed: true,
  read: (data, offset) => data.getInt16(offset, true),
};

/** `size` bytes without further structure; on the host, a `Uint8Array` over them. */
export function bytes(size: number, align = 1): BytesField {
  return {
    kind: "bytes",
    name: `bytes[${size}]`,
    size,
    align,
    read: (data, offset) => new Uint8Array(data.buffer, data.byteOffset + offset, size),
    write(data, offset, value) {
      if (value.length > size) throw new LayoutError(`${value.length} bytes do not fit a field of ${size}`);
      new Uint8Array(data.buffer, data.byteOffset + offset, size).set(value);
    },
  };
}

/** `count` elements of one type, one after the other, each aligned. */
export function array<T extends FieldType<any>>(element: T, count: number): ArrayField<T> {
  const stride = alignUp(element.size, element.align);
  return {
    kind: "array",
    name: `${element.name}[${count}]`,
    size: stride * count,
    align: element.align,
    element,
    count,
    stride,
    read: (data, offset) => liveArray(element, count, stride, data, offset),
    write(data, offset, values) {
      if (values.length > count)
        throw new LayoutError(`${values.length} elements do not fit ${element.name}[${count}]`);
      values.forEach((value, i) => {
        element.write(data, offset + i * stride, value);
      });
    },
  };
}

/** A list of `count` elements whose properties are memory: reading one reads it, setting one writes it. */
function liveArray<T extends FieldType<any>>(
  element: T,
  count: number,
  stride: number,
  data: DataView,
  offset: number,
): HostOf<T>[] {
  const indexOf = (key: string | symbol): number => (typeof key === "string" && /^\d+$/.test(key) ? Number(key) : -1);
  return new Proxy(new Array<HostOf<T>>(count).fill(undefined as HostOf<T>), {
    get(target, key) {
      const i = indexOf(key);
      return i >= 0 && i < count ? element.read(data, offset + i * stride) : Reflect.get(target, key);
    },
    set(_target, key, value) {
      const i = indexOf(key);
      if (i < 0 || i >= count) throw new LayoutError(`${element.name}[${count}] has no '${String(key)}' to set`);
      element.write(data, offset + i * stride, value);
      return true;
    },
  });
}
