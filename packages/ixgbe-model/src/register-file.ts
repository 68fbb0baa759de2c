/**
 * The registers of one NIC: their values, and what reading and writing them does. The table says how each is accessed; parts of
 * the NIC hook in where that is not all.
 *
 * Reads and writes are of aligned words. Where there is no register a read gives 0 and a write does nothing.
 */
import { type Access, instances, offsetOf, type Register, type RegisterName, registerTable } from "./register-table.ts";

/** Bytes of BAR 0. */
export const barSize = 0x20000;

const names = Object.keys(registerTable) as RegisterName[];

/** For each word of the BAR: which register it is, counted from 1, which of its array, and where its value is kept. */
interface BarMap {
  readonly register: Uint8Array;
  readonly instance: Uint8Array;
  readonly home: Uint16Array;
}
let barMap: BarMap | undefined;
function layOut(): BarMap {
  const words = barSize >> 2;
  const map = { register: new Uint8Array(words), instance: new Uint8Array(words), home: new Uint16Array(words) };
  names.forEach((name, row) => {
    const register: Register = registerTable[name];
    const place = (word: number, n: number, home: number): void => {
      map.register[word] = row + 1;
      map.instance[word] = n;
      map.home[word] = home;
    };
    for (let n = 0; n < instances(register); n++) {
      const home = offsetOf(name, n) >> 2;
      place(home, n, home);
      if (register.alias && n < register.alias[1]) place((register.alias[0] + n * register.alias[2]) >> 2, n, home);
    }
  });
  return map;
}

/** Which rows have one of these access modes. */
function flags(modes: readonly Access[]): Uint8Array {
  return Uint8Array.from(names, (name) => (modes.includes(registerTable[name].access) ? 1 : 0));
}

/** What a hook is given: which register of an array, and what was written. */
export type OnRead = (n: number) => number;
export type OnWrite = (value: number, n: number) => void;

export class RegisterFile {
  private readonly map: BarMap;
  private readonly values = new Uint32Array(barSize >> 2);
  private readonly readers: (OnRead | undefined)[] = [];
  private readonly writers: (OnWrite | undefined)[] = [];
  /** Of each row: whether the value written is kept, whether writes are for nothing, whether reads are. */
  private readonly kept: Uint8Array = flags(["RW"]);
  private readonly readOnly: Uint8Array = flags(["RO", "RC"]);
  private readonly writeOnly: Uint8Array = flags(["WO"]);

  constructor() {
    barMap ??= layOut();
    this.map = barMap;
  }

  /** Says what a read gives; the value that is kept otherwise. */
  onRead(name: RegisterName, hook: OnRead): void {
    this.readers[names.indexOf(name)] = hook;
  }
  /** Says what a write does, after the value is kept where the table says so. Several are called in their order. */
  onWrite(name: RegisterName, hook: OnWrite): void {
    const row = names.indexOf(name);
    const before = this.writers[row];
    this.writers[row] = !before
      ? hook
      : (value, n) => {
          before(value, n);
          hook(value, n);
        };
  }

  /** What the driver reads. */
  read(offset: number): number {
    const row = this.rowAt(offset);
    if (row < 0) return 0;
    const reader = this.readers[row];
    if (reader) return reader(this.map.instance[offset >> 2] as number) >>> 0;
    return this.writeOnly[row] ? 0 : (this.values[this.map.home[offset >> 2] as number] as number);
  }
  /** What the driver writes. */
  write(offset: number, value: number): void {
    const row = this.rowAt(offset);
    if (row < 0) return;
    if (this.readOnly[row]) return;
    if (this.kept[row]) this.values[this.map.home[offset >> 2] as number] = value;
    this.writers[row]?.(value >>> 0, this.map.instance[offset >> 2] as number);
  }

  /** The value that is kept. */
  get(name: RegisterName, n = 0): number {
    return this.values[offsetOf(name, n) >> 2] as number;
  }
  set(name: RegisterName, value: number, n = 0): void {
    this.values[offsetOf(name, n) >> 2] = value;
  }

  /** The values after a reset. */
  reset(): void {
    this.values.fill(0);
    for (const name of names) {
      const register: Register = registerTable[name];
      const { reset, firstOnly } = register;
      if (reset === undefined) continue;
      const count = firstOnly ? 1 : instances(register);
      for (let n = 0; n < count; n++) this.set(name, reset, n);
    }
  }

  /** The row of the register at an offset, or -1. */
  private rowAt(offset: number): number {
    if (!(offset >= 0 && offset < barSize) || (offset & 3) !== 0) return -1;
    return (this.map.register[offset >> 2] as number) - 1;
  }
}
