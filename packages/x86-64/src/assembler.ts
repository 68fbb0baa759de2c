/**
 * An assembler for the instructions that the back end and small run-time systems need: each method appends one, in
 * 64-bit mode. Branches inside go to labels; what is outside is named by symbols, which the linker puts in.
 *
 * Spec: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: chapter 2 (format), chapters 3 to 5 (instructions).
 * The tests compare what it writes with what binutils' disassembler reads.
 */
import { CodeBuffer } from "./code-buffer.ts";
import type { Register } from "./registers.ts";

/** Bits of an operation on general-purpose registers; one of 32 clears the upper half of its destination. */
export type Size = 32 | 64;
/** An operand in memory: base + index * scale + displacement (32 bits, with sign), or at a symbol. */
export type Memory =
  | {
      readonly base?: Register;
      readonly index?: Register;
      readonly scale?: 1 | 2 | 4 | 8;
      readonly displacement?: number;
    }
  | { readonly symbol: string; readonly displacement?: number }
  | { readonly label: Label };
export type RegisterOrMemory = Register | Memory;

/** A place in the code. */
export interface Label {
  /** Offset in bytes, once the label is bound. */
  at: number;
  readonly uses: { readonly at: number; readonly from: number }[];
}

/** Four bytes to be filled in: `symbol + addend - at`, at offset `at` of the code. */
export interface Relocation {
  readonly at: number;
  readonly symbol: string;
  readonly addend: number;
}

/** Conditions, by their number in instructions (volume 1, appendix B). A condition and its opposite differ in the lowest bit. */
export const condition = {
  below: 2,
  aboveOrEqual: 3,
  equal: 4,
  notEqual: 5,
  belowOrEqual: 6,
  above: 7,
  less: 12,
  greaterOrEqual: 13,
  lessOrEqual: 14,
  greater: 15,
} as const;
export type Condition = number;

export const arithmetic = { add: 0, or: 1, and: 4, sub: 5, xor: 6, cmp: 7 } as const;
export type Arithmetic = keyof typeof arithmetic;
const shifts = { rol: 0, ror: 1, shl: 4, shr: 5, sar: 7 } as const;
export type Shift = keyof typeof shifts;
const unary = { not: 2, neg: 3, mul: 4, imul: 5, div: 6, idiv: 7 } as const;
export type UnaryInstruction = keyof typeof unary;

/** What comes before an opcode: the operand-size prefix, or those that are part of SSE opcodes. */
const prefix = { none: 0, word: 0x66, rep: 0xf3, lock: 0xf0 } as const;

export class Assembler {
  readonly code: CodeBuffer = new CodeBuffer();
  readonly relocations: Relocation[] = [];
  /** Offsets by name. */
  readonly symbols: Map<string, number> = new Map();

  label(): Label {
    return { at: -1, uses: [] };
  }
  bind(label: Label): void {
    label.at = this.code.length;
    for (const { at, from } of label.uses) this.code.put32(at, label.at - from);
    label.uses.length = 0;
  }
  /** Binds a label here, and gives the place a name for others. */
  define(symbol: string, label?: Label): void {
    this.symbols.set(symbol, this.code.length);
    if (label) this.bind(label);
  }
  /** Zeros up to a multiple of `bytes`. */
  align(bytes: number, filler = 0): void {
    while (this.code.length % bytes !== 0) this.code.u8(filler);
  }
  /** The distance from `from` to a label, as four bytes of data. */
  distance(label: Label, from: Label): void {
    this.code.u32(label.at - from.at);
  }

  // Moves.

  mov(size: Size, to: RegisterOrMemory, from: RegisterOrMemory): void {
    if (typeof from === "number") this.instruction(prefix.none, size, [0x89], from, to);
    else this.instruction(prefix.none, size, [0x8b], to as Register, from);
  }
  /** Sets a whole register, by the shortest instruction: a constant modulo 2^64. */
  constant(to: Register, value: bigint | number): void {
    const unsigned = BigInt.asUintN(64, BigInt(value));
    const signed = BigInt.asIntN(64, unsigned);
    if (unsigned === 0n) this.arithmetic("xor", 32, to, to);
    else if (unsigned <= 0xffffffffn) this.constantKeepingFlags(to, Number(unsigned));
    else if (signed >= -0x80000000n && signed < 0n) {
      this.instruction(prefix.none, 64, [0xc7], 0, to);
      this.code.u32(Number(signed));
    } else {
      this.rexOf(1, 0, 0, to);
      this.code.u8(0xb8 | (to & 7));
      this.code.u32(Number(unsigned & 0xffffffffn));
      this.code.u32(Number(unsigned >> 32n));
    }
  }
  /** Sets a register to a number of 32 bits, and leaves the flags as they are. */
  constantKeepingFlags(to: Register, value: number): void {
    this.rexOf(0, 0, 0, to);
    this.code.u8(0xb8 | (to & 7));
    this.code.u32(value);
  }
  /** Loads 8 or 16 bits, zeros above them. */
  movzx(from: 8 | 16, to: Register, source: RegisterOrMemory): void {
    this.instruction(prefix.none, 32, [0x0f, from === 8 ? 0xb6 : 0xb7], to, source, 0, isByte(from, source));
  }
  /** Extends 8, 16 or 32 bits by their sign. */
  movsx(size: Size, from: 8 | 16 | 32, to: Register, source: RegisterOrMemory): void {
    if (from === 32) this.instruction(prefix.none, size, [0x63], to, source);
    else this.instruction(prefix.none, size, [0x0f, from === 8 ? 0xbe : 0xbf], to, source, 0, isByte(from, source));
  }
  store(width: 8 | 16 | 32 | 64, to: Memory, from: Register): void {
    if (width === 8) this.instruction(prefix.none, 32, [0x88], from, to, 0, true);
    else this.instruction(width === 16 ? prefix.word : prefix.none, width === 64 ? 64 : 32, [0x89], from, to);
  }
  /** Stores a constant: of 64 bits, one that is 32 with sign. */
  storeConstant(width: 8 | 16 | 32 | 64, to: Memory, value: number): void {
    const bytes = width === 8 ? 1 : width === 16 ? 2 : 4;
    this.instruction(
      width === 16 ? prefix.word : prefix.none,
      width === 64 ? 64 : 32,
      [width === 8 ? 0xc6 : 0xc7],
      0,
      to,
      bytes,
    );
    this.immediate(bytes, value);
  }
  lea(size: Size, to: Register, from: Memory): void {
    this.instruction(prefix.none, size, [0x8d], to, from);
  }
  push(register: Register): void {
    this.rexOf(0, 0, 0, register);
    this.code.u8(0x50 | (register & 7));
  }
  pop(register: Register): void {
    this.rexOf(0, 0, 0, register);
    this.code.u8(0x58 | (register & 7));
  }
  xchg(size: Size, a: RegisterOrMemory, b: Register): void {
    this.instruction(prefix.none, size, [0x87], b, a);
  }
  cmov(size: Size, when: Condition, to: Register, from: RegisterOrMemory): void {
    this.instruction(prefix.none, size, [0x0f, 0x40 | when], to, from);
  }

  // Arithmetic.

  arithmetic(name: Arithmetic, size: Size, to: RegisterOrMemory, from: RegisterOrMemory): void {
    const code = arithmetic[name] << 3;
    if (typeof from === "number") this.instruction(prefix.none, size, [code | 1], from, to);
    else this.instruction(prefix.none, size, [code | 3], to as Register, from);
  }
  /** With a constant of 32 bits with sign. */
  arithmeticConstant(name: Arithmetic, size: Size, to: RegisterOrMemory, value: number): void {
    const bytes = value >= -128 && value < 128 ? 1 : 4;
    this.instruction(prefix.none, size, [bytes === 1 ? 0x83 : 0x81], arithmetic[name], to, bytes);
    this.immediate(bytes, value);
  }
  /** Of a byte in memory. */
  arithmeticByte(name: Arithmetic, to: Memory, value: number): void {
    this.instruction(prefix.none, 32, [0x80], arithmetic[name], to, 1);
    this.immediate(1, value);
  }
  test(size: Size, a: RegisterOrMemory, b: Register): void {
    this.instruction(prefix.none, size, [0x85], b, a);
  }
  testConstant(size: Size, a: RegisterOrMemory, value: number): void {
    if (typeof a === "number" && value >= 0 && value < 128) {
      this.instruction(prefix.none, 32, [0xf6], 0, a, 1, true);
      this.immediate(1, value);
    } else {
      this.instruction(prefix.none, size, [0xf7], 0, a, 4);
      this.immediate(4, value);
    }
  }
  multiply(size: Size, to: Register, from: RegisterOrMemory): void {
    this.instruction(prefix.none, size, [0x0f, 0xaf], to, from);
  }
  multiplyConstant(size: Size, to: Register, from: RegisterOrMemory, value: number): void {
    const bytes = value >= -128 && value < 128 ? 1 : 4;
    this.instruction(prefix.none, size, [bytes === 1 ? 0x6b : 0x69], to, from, bytes);
    this.immediate(bytes, value);
  }
  unary(name: UnaryInstruction, size: Size, operand: RegisterOrMemory): void {
    this.instruction(prefix.none, size, [0xf7], unary[name], operand);
  }
  /** By `cl`. */
  shift(name: Shift, size: Size, operand: RegisterOrMemory): void {
    this.instruction(prefix.none, size, [0xd3], shifts[name], operand);
  }
  shiftConstant(name: Shift, size: Size | 16, operand: RegisterOrMemory, count: number): void {
    this.instruction(size === 16 ? prefix.word : prefix.none, size === 64 ? 64 : 32, [0xc1], shifts[name], operand, 1);
    this.immediate(1, count);
  }
  /** Exchanges the bytes of a register. */
  bswap(size: Size, register: Register): void {
    this.rexOf(size === 64 ? 1 : 0, 0, 0, register);
    this.code.u8(0x0f);
    this.code.u8(0xc8 | (register & 7));
  }
  /** The number of the lowest bit that is set; of 0, sets the zero flag and nothing that can be relied on. */
  bsf(size: Size, to: Register, from: RegisterOrMemory): void {
    this.instruction(prefix.none, size, [0x0f, 0xbc], to, from);
  }
  /** The number of the highest. */
  bsr(size: Size, to: Register, from: RegisterOrMemory): void {
    this.instruction(prefix.none, size, [0x0f, 0xbd], to, from);
  }
  /** Extends `rax` into `rdx` by its sign: `cdq`, `cqo`. */
  signIntoRdx(size: Size): void {
    if (size === 64) this.code.u8(0x48);
    this.code.u8(0x99);
  }
  set(when: Condition, to: Register): void {
    this.instruction(prefix.none, 32, [0x0f, 0x90 | when], 0, to, 0, true);
  }

  // Locked read-modify-write.

  lockArithmetic(name: Arithmetic, to: Memory, from: Register): void {
    this.instruction(prefix.lock, 32, [(arithmetic[name] << 3) | 1], from, to);
  }
  lockXadd(to: Memory, from: Register): void {
    this.instruction(prefix.lock, 32, [0x0f, 0xc1], from, to);
  }
  /** `eax` is what is expected there, and becomes what was. */
  lockCmpxchg(to: Memory, from: Register): void {
    this.instruction(prefix.lock, 32, [0x0f, 0xb1], from, to);
  }

  // 16 bytes.

  loadVector(to: Register, from: Memory): void {
    this.instruction(prefix.rep, 32, [0x0f, 0x6f], to, from);
  }
  storeVector(to: Memory, from: Register): void {
    this.instruction(prefix.rep, 32, [0x0f, 0x7f], from, to);
  }
  moveVector(to: Register, from: Register): void {
    this.instruction(prefix.none, 32, [0x0f, 0x28], to, from);
  }
  clearVector(to: Register): void {
    this.instruction(prefix.none, 32, [0x0f, 0x57], to, to);
  }

  // Control.

  jump(to: Label): void {
    this.code.u8(0xe9);
    this.use(to);
  }
  jumpIf(when: Condition, to: Label): void {
    this.code.u8(0x0f);
    this.code.u8(0x80 | when);
    this.use(to);
  }
  jumpTo(register: Register): void {
    this.instruction(prefix.none, 32, [0xff], 4, register);
  }
  call(to: Label): void {
    this.code.u8(0xe8);
    this.use(to);
  }
  callSymbol(symbol: string): void {
    this.code.u8(0xe8);
    this.relocate(symbol, -4);
  }
  callTo(target: RegisterOrMemory): void {
    this.instruction(prefix.none, 32, [0xff], 2, target);
  }
  ret(): void {
    this.code.u8(0xc3);
  }
  /** Raises an invalid-opcode exception. */
  ud2(): void {
    this.raw(0x0f, 0x0b);
  }
  syscall(): void {
    this.raw(0x0f, 0x05);
  }
  iretq(): void {
    this.raw(0x48, 0xcf);
  }
  rdtsc(): void {
    this.raw(0x0f, 0x31);
  }
  pause(): void {
    this.raw(0xf3, 0x90);
  }
  cld(): void {
    this.raw(0xfc);
  }
  /** Copies `rcx` bytes from `rsi` to `rdi`. */
  repMovsb(): void {
    this.raw(0xf3, 0xa4);
  }
  /** Sets `rcx` bytes at `rdi` to `al`. */
  repStosb(): void {
    this.raw(0xf3, 0xaa);
  }
  raw(...bytes: number[]): void {
    for (const byte of bytes) this.code.u8(byte);
  }

  // Encoding.

  /** Prefixes, opcode, and the operands: a register (or a part of the opcode) and a register or memory. `immediate` bytes follow. */
  private instruction(
    before: number,
    size: Size,
    opcode: readonly number[],
    register: number,
    operand: RegisterOrMemory,
    immediate = 0,
    bytes = false,
  ): void {
    const { code } = this;
    if (before !== prefix.none) code.u8(before);
    const wide = size === 64 ? 1 : 0;
    if (typeof operand === "number") {
      // Without the prefix, numbers 4 to 7 are other bytes: ah, ch, dh, bh.
      this.rexOf(wide, register, 0, operand, bytes && isHighByte(operand));
      for (const byte of opcode) code.u8(byte);
      code.u8(0xc0 | ((register & 7) << 3) | (operand & 7));
      return;
    }
    const field = (register & 7) << 3;
    const force = bytes && isHighByte(register);
    if ("symbol" in operand || "label" in operand) {
      this.rexOf(wide, register, 0, 0, force);
      for (const byte of opcode) code.u8(byte);
      code.u8(field | 5);
      if ("symbol" in operand) this.relocate(operand.symbol, (operand.displacement ?? 0) - 4 - immediate);
      else this.use(operand.label, immediate);
      return;
    }
    const { base, index, scale = 1, displacement = 0 } = operand;
    this.rexOf(wide, register, index ?? 0, base ?? 0, force);
    for (const byte of opcode) code.u8(byte);
    // r12 and rsp as base need the second byte; without displacement, r13 and rbp as base mean something else.
    const short = displacement >= -128 && displacement < 128;
    const mode = base === undefined || (displacement === 0 && (base & 7) !== 5) ? 0 : short ? 1 : 2;
    if (index === undefined && base !== undefined && (base & 7) !== 4) code.u8((mode << 6) | field | (base & 7));
    else {
      code.u8((mode << 6) | field | 4);
      code.u8((Math.log2(scale) << 6) | (((index ?? 4) & 7) << 3) | ((base ?? 5) & 7));
    }
    if (mode === 1) code.u8(displacement & 0xff);
    else if (mode === 2 || base === undefined) code.u32(displacement);
  }

  private rexOf(wide: number, register: number, index: number, base: number, force = false): void {
    const rex = (wide << 3) | ((register >> 3) << 2) | ((index >> 3) << 1) | (base >> 3);
    if (rex !== 0 || force) this.code.u8(0x40 | rex);
  }
  private immediate(bytes: number, value: number): void {
    if (bytes === 4) this.code.u32(value);
    else for (let i = 0; i < bytes; i++) this.code.u8((value >> (8 * i)) & 0xff);
  }
  /** The distance to a label from the end of the instruction, `behind` bytes after these four. */
  private use(label: Label, behind = 0): void {
    const at = this.code.length;
    const from = at + 4 + behind;
    this.code.u32(label.at < 0 ? 0 : label.at - from);
    if (label.at < 0) label.uses.push({ at, from });
  }
  private relocate(symbol: string, addend: number): void {
    this.relocations.push({ at: this.code.length, symbol, addend });
    this.code.u32(0);
  }
}

/** Whether a register is read as a byte. */
function isByte(width: number, source: RegisterOrMemory): boolean {
  return width === 8 && typeof source === "number";
}

/** `spl`, `bpl`, `sil` and `dil` are bytes of their registers only behind a REX prefix. */
function isHighByte(register: number): boolean {
  return register >= 4 && register < 8;
}
