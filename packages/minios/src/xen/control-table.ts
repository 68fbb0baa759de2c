/**
 * What an image says of its program to whoever asks through the store: the configuration, and a table of values that can be read.
 * It is data behind the code, made when everything else is known; staged code finds it by its address.
 */
import { Assembler, type Label } from "@clickos/x86-64";

/** How a number lies in memory: little endian unless its name ends in `be`; a `span` is two `u32`, the value what lies between them. */
export type ValueType = "u8" | "u16" | "u32" | "i32" | "u64" | "i64" | "u16be" | "u32be" | "u64be" | "span";

/** A value of the program that the store shows. */
export interface ControlValue {
  /** Its place below `elements` and `control/read`. */
  readonly path: string;
  /** Text that does not change; or a number in memory, or `true` and `false` for one that is not 0 or is. */
  readonly value: string | { readonly address: number; readonly type: ValueType; readonly flag?: boolean };
}

export interface ControlDescription {
  /** What messages call the configuration. */
  readonly configName: string;
  readonly config: string;
  readonly values: readonly ControlValue[];
}

/** In the order of their numbers in the table; a text and a flag follow. */
export const valueTypes: readonly ValueType[] = [
  "u8",
  "u16",
  "u32",
  "i32",
  "u64",
  "i64",
  "u16be",
  "u32be",
  "u64be",
  "span",
];
export const textKind: number = valueTypes.length;
/** Added to the type of a flag. */
export const flagBit = 0x100;

/** Offsets of the table's words, then those of an entry: addresses are absolute. The last two count own writes that the store tells of. */
export const controlHeader = {
  count: 0,
  nameAt: 4,
  nameLength: 8,
  configAt: 12,
  configLength: 16,
  entries: 20,
} as const;
export const controlEntry = {
  pathAt: 0,
  pathLength: 4,
  kind: 8,
  valueAt: 12,
  valueLength: 16,
  ownReads: 20,
  ownElements: 22,
  size: 24,
} as const;

export const controlSymbol = "control.table";

/** The table, for code that is linked at `address`. */
export function controlTable({ configName, config, values }: ControlDescription, address: number): Assembler {
  const a = new Assembler();
  const texts: { label: Label; bytes: Uint8Array }[] = [];
  const at: { where: number; label: Label }[] = [];
  const text = (content: string): void => {
    const bytes = new TextEncoder().encode(content);
    const label = a.label();
    texts.push({ label, bytes });
    at.push({ where: a.code.length, label });
    a.code.u32(0);
    a.code.u32(bytes.length);
  };
  a.define(controlSymbol);
  a.code.u32(values.length);
  text(configName);
  text(config);
  for (const { path, value } of values) {
    text(path);
    if (typeof value === "string") {
      a.code.u32(textKind);
      text(value);
    } else {
      a.code.u32(valueTypes.indexOf(value.type) + (value.flag ? flagBit : 0));
      a.code.u32(value.address);
      a.code.u32(0);
    }
    a.code.u32(0);
  }
  for (const { label, bytes } of texts) {
    a.bind(label);
    a.code.raw(bytes);
  }
  for (const { where, label } of at) a.code.put32(where, address + label.at);
  return a;
}
