/** The memory as the interpreter accesses it: byte by byte, each access checked as a whole before its first byte. */
import type { AtomicOp, ByteOrder } from "./ir.ts";
import { Trap } from "./trap.ts";

/** What holds the bytes: a `WebAssembly.Memory`, or an object with a buffer. */
export interface MemoryLike {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

export class InterpreterMemory {
  private readonly memory: MemoryLike;

  constructor(memory: MemoryLike) {
    this.memory = memory;
  }

  /** The number that is in `bytes` bytes. */
  load(address: bigint, offset: number, bytes: number, order: ByteOrder): bigint {
    const at = this.checked(address, offset, bytes);
    const list = [...this.bytes.subarray(at, at + bytes)];
    if (order === "le") list.reverse();
    return list.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  /** Writes the low `bytes` bytes of a number. */
  store(address: bigint, offset: number, bytes: number, order: ByteOrder, value: bigint): void {
    const at = this.checked(address, offset, bytes);
    const list = Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
    if (order === "be") list.reverse();
    this.bytes.set(list, at);
  }

  /** Copies bytes of a memory here, as if by way of a buffer of its own. Both ranges are checked first, also when they are empty. */
  copy(
    to: bigint,
    toOffset: number,
    source: InterpreterMemory,
    from: bigint,
    fromOffset: number,
    length: bigint,
  ): void {
    const count = Number(BigInt.asUintN(32, length));
    const start = source.checked(from, fromOffset, count);
    const target = this.checked(to, toOffset, count);
    this.bytes.set(source.bytes.slice(start, start + count), target);
  }

  /** Sets bytes to the low 8 bits of a value. */
  fill(to: bigint, offset: number, value: bigint, length: bigint): void {
    const count = Number(BigInt.asUintN(32, length));
    const at = this.checked(to, offset, count);
    this.bytes.fill(Number(value & 0xffn), at, at + count);
  }

  atomicLoad(address: bigint, offset: number): bigint {
    return BigInt(Atomics.load(this.words, this.word(address, offset)));
  }

  atomicStore(address: bigint, offset: number, value: bigint): void {
    Atomics.store(this.words, this.word(address, offset), Number(value));
  }

  /** Gives the value before. */
  atomicRmw(op: AtomicOp, address: bigint, offset: number, value: bigint, replacement: bigint): bigint {
    const at = this.word(address, offset);
    const operand = Number(value);
    switch (op) {
      case "add":
        return BigInt(Atomics.add(this.words, at, operand));
      case "and":
        return BigInt(Atomics.and(this.words, at, operand));
      case "or":
        return BigInt(Atomics.or(this.words, at, operand));
      case "xchg":
        return BigInt(Atomics.exchange(this.words, at, operand));
      case "cmpxchg":
        return BigInt(Atomics.compareExchange(this.words, at, operand, Number(replacement)));
    }
  }

  place(offset: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, this.checked(BigInt(offset), 0, bytes.length));
  }

  private get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }
  private get words(): Int32Array {
    return new Int32Array(this.memory.buffer);
  }

  /** Where an access begins: the sum of the unsigned address and the offset is not taken modulo 2^32. */
  private checked(address: bigint, offset: number, bytes: number): number {
    const at = Number(BigInt.asUintN(32, address)) + offset;
    if (at + bytes > this.memory.buffer.byteLength)
      throw new Trap("OUT_OF_BOUNDS", `${bytes} bytes at ${at}, in a memory of ${this.memory.buffer.byteLength} bytes`);
    return at;
  }

  private word(address: bigint, offset: number): number {
    const at = this.checked(address, offset, 4);
    if (at % 4 !== 0) throw new Trap("UNALIGNED", `an atomic access at ${at}`);
    return at / 4;
  }
}
