/**
 * Writes a function's instructions in the machine's code, now that each virtual register has its place: operands on the stack are
 * used from there, or come and go through `rax`, `rcx` and `rdx`, which belong to nobody between two instructions.
 */
import type { FunctionIr, FunctionRef } from "@clickos/codegen";
import { type Allocation, allocate, type Location } from "./allocate.ts";
import { type Assembler, condition, type Label, type Memory, type RegisterOrMemory, type Size } from "./assembler.ts";
import { emitCount, emitDivision } from "./emit-arithmetic.ts";
import { AddressWriter } from "./emit-memory.ts";
import type { Instruction, Lowered, Operand, Test, Virtual } from "./instructions.ts";
import { lower } from "./lower.ts";
import { parallelMoves } from "./parallel-moves.ts";
import { type Register, r8, r9, rax, rcx, rdi, rdx, rsi, rsp } from "./registers.ts";
import type { Routines } from "./routines.ts";

/** Registers of arguments (System V ABI for AMD64, section 3.2.3); what they do not hold is on the stack, in order. */
export const argumentRegisters: readonly Register[] = [rdi, rsi, rdx, rcx, r8, r9];
export const vectorArguments = 8;
/** For the code of single instructions. */
const scratchVector = 15;

/** Where arguments are: in registers, or that many bytes from the first that is on the stack. */
export interface ArgumentPlaces {
  readonly places: readonly ({ readonly register: Register } | { readonly offset: number })[];
  readonly bytes: number;
}
export function argumentPlaces(params: FunctionRef["params"]): ArgumentPlaces {
  let integers = 0;
  let vectors = 0;
  let bytes = 0;
  const places = params.map((type) => {
    if (type === "v128") {
      if (vectors < vectorArguments) return { register: vectors++ };
      bytes = (bytes + 15) & ~15;
      bytes += 16;
      return { offset: bytes - 16 };
    }
    if (integers < argumentRegisters.length) return { register: argumentRegisters[integers++] as Register };
    bytes += 8;
    return { offset: bytes - 8 };
  });
  return { places, bytes };
}

/** What functions of a module have in common. */
export interface ModuleCode {
  readonly assembler: Assembler;
  readonly routines: Routines;
  /** Where functions of the module are. */
  label(callee: FunctionRef): Label | undefined;
  /** Whether it is called from outside, where nobody cares for the upper halves of arguments. */
  isExported(f: FunctionRef): boolean;
  /** Data that belongs to the code: written behind it. */
  later(write: () => void): void;
}

export function emitFunction(f: FunctionIr, code: ModuleCode): void {
  new Emitter(f, lower(f), code).emit();
}

class Emitter {
  private readonly f: FunctionIr;
  private readonly lowered: Lowered;
  private readonly module: ModuleCode;
  private readonly a: Assembler;
  private readonly allocation: Allocation;
  private readonly memory: AddressWriter;
  private readonly incoming: ArgumentPlaces;
  /** Bytes between the stack pointer and what was there at the call, and those of the outgoing arguments below the slots. */
  private readonly frame: number;
  private readonly outgoing: number;
  private readonly trap: Label;

  constructor(f: FunctionIr, lowered: Lowered, module: ModuleCode) {
    this.f = f;
    this.lowered = lowered;
    this.module = module;
    this.a = module.assembler;
    this.incoming = argumentPlaces(f.ref.params);
    const hints = new Map<Virtual, Register>();
    this.incoming.places.forEach((place, i) => {
      if ("register" in place) hints.set(lowered.params[i] as Virtual, place.register);
    });
    this.allocation = allocate(lowered, hints);
    let outgoing = 0;
    for (const i of lowered.instructions)
      if (i.kind === "call") outgoing = Math.max(outgoing, argumentPlaces(i.callee.params).bytes);
    this.outgoing = (outgoing + 15) & ~15;
    // The return address and the saved registers are above; calls find the stack at a multiple of 16.
    const above = 8 * (1 + this.allocation.saved.length);
    const wanted = this.outgoing + this.allocation.slotBytes;
    this.frame = wanted === 0 && lowered.calls.length === 0 ? 0 : ((wanted + above + 15) & ~15) - above;
    this.trap = this.a.label();
    this.memory = new AddressWriter(this.a, this.trap, (v) => this.location(v));
  }

  emit(): void {
    const { a } = this;
    for (const register of this.allocation.saved) a.push(register);
    if (this.frame > 0) a.arithmeticConstant("sub", 64, rsp, this.frame);
    this.takeArguments();
    for (const v of this.lowered.zero) this.clear(v);
    const list = this.lowered.instructions;
    for (let at = 0; at < list.length; at++) {
      const i = list[at] as Instruction;
      // A jump to what follows.
      if (i.kind === "jump") {
        const next = list[at + 1];
        if (next?.kind === "label" && next.label === i.to) continue;
      }
      this.instruction(i);
    }
    if (this.trap.uses.length > 0) {
      a.bind(this.trap);
      a.ud2();
    }
  }

  // Places of operands.

  private location(v: Virtual): RegisterOrMemory {
    const location = this.allocation.locations[v] as Location;
    return "register" in location ? location.register : this.slot(location.slot);
  }
  private slot(slot: number): Memory {
    return { base: rsp, displacement: this.outgoing + slot };
  }
  /** Whether a virtual register's value is read anywhere: what it is for may still have effects. */
  private isNeeded(v: Virtual): boolean {
    return this.allocation.locations[v] !== undefined;
  }
  /** A register that holds an operand: its own, or `scratch`. */
  private inRegister(operand: Operand, scratch: Register): Register {
    if (typeof operand !== "number") {
      this.a.constant(scratch, operand.constant);
      return scratch;
    }
    const at = this.location(operand);
    if (typeof at === "number") return at;
    this.a.mov(64, scratch, at);
    return scratch;
  }
  private vectorInRegister(v: Virtual, scratch: Register): Register {
    const at = this.location(v);
    if (typeof at === "number") return at;
    this.a.loadVector(scratch, at as Memory);
    return scratch;
  }
  private vectorInto(register: Register, v: Virtual): void {
    const from = this.vectorInRegister(v, register);
    if (from !== register) this.a.moveVector(register, from);
  }
  /** Where a result is computed: its register, unless that is one of those that are still read, or `rax`. */
  private target(to: Virtual, ...stillRead: (Operand | undefined)[]): Register {
    const at = this.location(to);
    if (typeof at !== "number") return rax;
    return stillRead.some((v) => typeof v === "number" && this.location(v) === at) ? rax : at;
  }
  private settle(to: Virtual, from: Register): void {
    const at = this.location(to);
    if (at !== from) this.a.mov(64, at, from);
  }
  private settleVector(to: Virtual, from: Register): void {
    const at = this.location(to);
    if (typeof at !== "number") this.a.storeVector(at as Memory, from);
    else if (at !== from) this.a.moveVector(at, from);
  }
  /** Of 32 bits: what is written has zeros above them. */
  private move(size: Size, to: RegisterOrMemory, from: RegisterOrMemory): void {
    if (typeof to === "number" || (typeof from === "number" && size === 64)) this.a.mov(size, to, from);
    else {
      this.a.mov(size, rax, from);
      this.a.mov(64, to, rax);
    }
  }
  private clear(v: Virtual): void {
    const at = this.location(v);
    const { a } = this;
    if (this.lowered.intervals[v]?.class === "vector") {
      if (typeof at === "number") a.clearVector(at);
      else {
        a.clearVector(scratchVector);
        a.storeVector(at as Memory, scratchVector);
      }
    } else this.constantInto(v, 0n);
  }

  // The beginning and the end.

  private takeArguments(): void {
    const { params } = this.lowered;
    const exported = this.module.isExported(this.f.ref);
    const moves: { to: Location; from: RegisterOrMemory; size: Size }[] = [];
    const vectorMoves: { to: Location; from: RegisterOrMemory }[] = [];
    const first = this.frame + 8 * (this.allocation.saved.length + 1);
    this.incoming.places.forEach((place, i) => {
      const v = params[i] as Virtual;
      const to = this.allocation.locations[v];
      if (!to || (this.lowered.intervals[v]?.end ?? -1) < 0) return;
      const from = "register" in place ? place.register : { base: rsp, displacement: first + place.offset };
      const type = this.f.ref.params[i];
      if (type === "v128") vectorMoves.push({ to, from });
      else {
        if (exported && type === "i32" && typeof from === "number") this.a.mov(32, from, from);
        moves.push({ to, from, size: type === "i32" && typeof from !== "number" ? 32 : 64 });
      }
    });
    this.parallel(moves.map(({ to, from, size }) => ({ to: this.place(to), from, size })));
    this.parallelVectors(vectorMoves.map(({ to, from }) => ({ to: this.place(to), from })));
  }
  private place(location: Location): RegisterOrMemory {
    return "register" in location ? location.register : this.slot(location.slot);
  }

  private leave(): void {
    const { a } = this;
    if (this.frame > 0) a.arithmeticConstant("add", 64, rsp, this.frame);
    for (const register of [...this.allocation.saved].reverse()) a.pop(register);
    a.ret();
  }

  /** Moves as if all at once. */
  private parallel(moves: { to: RegisterOrMemory; from: RegisterOrMemory | bigint; size: Size }[]): void {
    parallelMoves(moves, {
      move: ({ to, from, size }) => {
        if (typeof from === "bigint") {
          if (typeof to === "number") this.a.constant(to, from);
          else this.storeWord(to, from);
        } else this.move(size, to, from);
      },
      exchange: (x, y) => this.a.xchg(64, x, y),
    });
  }
  private parallelVectors(moves: { to: RegisterOrMemory; from: RegisterOrMemory }[]): void {
    const { a } = this;
    parallelMoves(moves, {
      move: ({ to, from }) => {
        if (typeof to === "number") {
          if (typeof from === "number") a.moveVector(to, from);
          else a.loadVector(to, from);
        } else if (typeof from === "number") a.storeVector(to, from);
        else {
          a.loadVector(scratchVector, from);
          a.storeVector(to, scratchVector);
        }
      },
      exchange: (x, y) => {
        a.moveVector(scratchVector, x);
        a.moveVector(x, y);
        a.moveVector(y, scratchVector);
      },
    });
  }

  // Instructions.

  private instruction(i: Instruction): void {
    const { a } = this;
    switch (i.kind) {
      case "move":
        if (typeof i.a === "number") {
          const from = this.location(i.a);
          const to = this.location(i.to);
          if (from !== to || typeof from !== "number" || i.size === 32) this.move(i.size, to, from);
        } else this.constantInto(i.to, i.size === 32 ? BigInt.asUintN(32, i.a.constant) : i.a.constant);
        return;
      case "extend": {
        const to = this.target(i.to);
        a.movsx(64, 32, to, this.location(i.a));
        this.settle(i.to, to);
        return;
      }
      case "arithmetic":
        this.arithmetic(i);
        return;
      case "shift":
        this.shift(i);
        return;
      case "divide":
        emitDivision(a, i.name, i.size, this.location(i.a), this.location(i.b));
        a.mov(64, this.location(i.to), i.name.startsWith("div") ? rax : rdx);
        return;
      case "count":
        emitCount(a, i.name, i.size, this.location(i.a));
        a.mov(64, this.location(i.to), rax);
        return;
      case "set": {
        this.compare(i.test);
        a.set(i.test.when, rax);
        const to = this.target(i.to);
        a.movzx(8, to, rax);
        this.settle(i.to, to);
        return;
      }
      case "select": {
        // A move leaves the flags as they are.
        this.compare(i.test);
        const to = this.target(i.to, i.a);
        const b = this.location(i.b);
        if (to !== b) a.mov(64, to, b);
        a.cmov(64, i.test.when, to, this.location(i.a));
        this.settle(i.to, to);
        return;
      }
      case "load":
        this.load(i);
        return;
      case "store":
        this.store(i);
        return;
      case "loadVector": {
        const at = this.location(i.to);
        const to = typeof at === "number" ? at : scratchVector;
        a.loadVector(to, this.memory.of(i.at));
        this.settleVector(i.to, to);
        return;
      }
      case "storeVector":
        a.storeVector(this.memory.of(i.at), this.vectorInRegister(i.a, scratchVector));
        return;
      case "moveVector":
        this.settleVector(i.to, this.vectorInRegister(i.a, scratchVector));
        return;
      case "constantVector": {
        const at = this.location(i.to);
        const to = typeof at === "number" ? at : scratchVector;
        if (i.value === 0n) a.clearVector(to);
        else a.loadVector(to, { label: this.vectorData(i.value) });
        this.settleVector(i.to, to);
        return;
      }
      case "selectVector": {
        this.compare(i.test);
        const end = a.label();
        // Both are read before the result is written.
        this.vectorInto(scratchVector, i.a);
        a.jumpIf(i.test.when, end);
        this.vectorInto(scratchVector, i.b);
        a.bind(end);
        this.settleVector(i.to, scratchVector);
        return;
      }
      case "copy16":
        a.loadVector(scratchVector, this.memory.of(i.source));
        a.storeVector(this.memory.of(i.target), scratchVector);
        return;
      case "zero16":
        a.clearVector(scratchVector);
        a.storeVector(this.memory.of(i.at), scratchVector);
        return;
      case "atomicLoad": {
        const at = this.memory.aligned(i.at);
        const to = this.target(i.to);
        a.mov(32, to, at);
        this.settle(i.to, to);
        return;
      }
      case "atomicStore": {
        const at = this.memory.aligned(i.at);
        this.into(rdx, i.a);
        a.xchg(32, at, rdx);
        return;
      }
      case "atomic":
        this.atomic(i);
        return;
      case "copy":
        this.into(rax, i.target);
        this.into(rdx, i.source);
        this.into(rcx, i.length);
        a.call(this.module.routines.copy(i.toMemory, i.fromMemory));
        return;
      case "fill":
        this.into(rax, i.target);
        this.into(rdx, i.value);
        this.into(rcx, i.length);
        a.call(this.module.routines.fill(i.memory));
        return;
      case "label":
        a.bind(i.label);
        return;
      case "jump":
        a.jump(i.to);
        return;
      case "branch":
        this.compare(i.test);
        a.jumpIf(i.test.when, i.label);
        return;
      case "table":
        this.table(i);
        return;
      case "call":
        this.call(i);
        return;
      case "placeData":
        a.call(this.module.routines.placeData());
        return;
      case "return":
        if (i.vector) this.vectorInto(0, i.a as Virtual);
        else if (i.a !== undefined) this.into(rax, i.a, this.f.ref.result === "i64" ? 64 : 32);
        this.leave();
        return;
      case "trap":
        a.ud2();
        return;
    }
  }

  /** Copies an operand to a register of no virtual one: an i32 with zeros above it. */
  private into(register: Register, operand: Operand, size: Size = 32): void {
    if (typeof operand === "number") this.a.mov(64, register, this.location(operand));
    else this.a.constant(register, BigInt.asUintN(size, operand.constant));
  }
  private constantInto(to: Virtual, constant: bigint): void {
    const at = this.location(to);
    if (typeof at === "number") this.a.constant(at, constant);
    else this.storeWord(at, constant);
  }
  private storeWord(to: Memory, constant: bigint): void {
    if (BigInt.asIntN(32, constant) === constant) this.a.storeConstant(64, to, Number(constant));
    else {
      this.a.constant(rax, constant);
      this.a.mov(64, to, rax);
    }
  }

  private compare({ by, size, a: left, b: right }: Test): void {
    const { a } = this;
    const x = this.location(left);
    if (typeof right !== "number") {
      const value = Number(right.constant);
      if (by === "test") a.testConstant(size, x, value);
      else if (value === 0 && typeof x === "number") a.test(size, x, x);
      else a.arithmeticConstant("cmp", size, x, value);
      return;
    }
    if (by === "test") {
      const register = this.inRegister(right, rax);
      a.test(size, left === right ? register : x, register);
    } else if (typeof x === "number") a.arithmetic("cmp", size, x, this.location(right));
    else a.arithmetic("cmp", size, x, this.inRegister(right, rax));
  }

  private arithmetic(i: Instruction & { kind: "arithmetic" }): void {
    const { a } = this;
    const { name, size } = i;
    if (typeof i.b !== "number") {
      const value = Number(i.b.constant);
      const from = this.location(i.a);
      const to = this.target(i.to);
      if (name === "multiply") a.multiplyConstant(size, to, from, value);
      else if ((name === "add" || (name === "sub" && value !== -0x80000000)) && typeof from === "number" && from !== to)
        a.lea(size, to, { base: from, displacement: name === "add" ? value : -value });
      else {
        if (from !== to) a.mov(64, to, from);
        a.arithmeticConstant(name, size, to, value);
      }
      this.settle(i.to, to);
      return;
    }
    let [left, right] = [i.a, i.b];
    // The result may have the place of the right operand: then operands are exchanged, where that is allowed.
    if (name !== "sub" && this.location(left) !== this.location(i.to) && this.location(right) === this.location(i.to))
      [left, right] = [right, left];
    const to = this.target(i.to, right);
    const x = this.location(left);
    const y = this.location(right);
    if (name === "add" && typeof x === "number" && typeof y === "number" && to !== x) {
      a.lea(size, to, { base: x, index: y });
    } else {
      if (to !== x) a.mov(64, to, x);
      if (name === "multiply") a.multiply(size, to, y);
      else a.arithmetic(name, size, to, y);
    }
    this.settle(i.to, to);
  }

  private shift(i: Instruction & { kind: "shift" }): void {
    const { a } = this;
    if (typeof i.b !== "number") {
      const to = this.target(i.to);
      const from = this.location(i.a);
      if (to !== from) a.mov(64, to, from);
      if (i.b.constant !== 0n) a.shiftConstant(i.name, i.size, to, Number(i.b.constant));
      this.settle(i.to, to);
      return;
    }
    this.into(rcx, i.b);
    const to = this.target(i.to);
    const from = this.location(i.a);
    if (to !== from) a.mov(64, to, from);
    a.shift(i.name, i.size, to);
    this.settle(i.to, to);
  }

  private load(i: Instruction & { kind: "load" }): void {
    const { a } = this;
    const from = this.memory.of(i.at);
    const to = this.target(i.to);
    const { width, size } = i;
    if (i.order === "be" && width > 8) {
      if (width === 16) {
        a.movzx(16, to, from);
        a.shiftConstant("rol", 16, to, 8);
        if (i.signed) a.movsx(size, 16, to, to);
      } else {
        a.mov(width as Size, to, from);
        a.bswap(width as Size, to);
        if (i.signed && width === 32 && size === 64) a.movsx(64, 32, to, to);
      }
    } else if (width === 64 || (width === 32 && (size === 32 || !i.signed))) a.mov(width, to, from);
    else if (i.signed) a.movsx(size, width, to, from);
    else a.movzx(width as 8 | 16, to, from);
    this.settle(i.to, to);
  }

  private store(i: Instruction & { kind: "store" }): void {
    const { a } = this;
    const { width } = i;
    const to = this.memory.of(i.at);
    const swapped = i.order === "be" && width > 8;
    if (typeof i.a !== "number") {
      const value = swapped ? swap(i.a.constant, width) : i.a.constant;
      const low = BigInt.asIntN(width, value);
      if (BigInt.asIntN(32, low) === low) a.storeConstant(width, to, Number(low));
      else {
        a.constant(rdx, value);
        a.store(width, to, rdx);
      }
      return;
    }
    if (!swapped) {
      a.store(width, to, this.inRegister(i.a, rdx));
      return;
    }
    a.mov(64, rdx, this.location(i.a));
    if (width === 16) a.shiftConstant("rol", 16, rdx, 8);
    else a.bswap(width as Size, rdx);
    a.store(width, to, rdx);
  }

  private atomic(i: Instruction & { kind: "atomic" }): void {
    const { a } = this;
    const at = this.memory.aligned(i.at);
    switch (i.name) {
      case "add":
        this.into(rax, i.a);
        a.lockXadd(at, rax);
        break;
      case "xchg":
        this.into(rax, i.a);
        a.xchg(32, at, rax);
        break;
      case "cmpxchg":
        this.into(rax, i.a);
        a.lockCmpxchg(at, this.replacement(i.replacement as Operand));
        break;
      case "and":
      case "or": {
        const again = a.label();
        a.mov(32, rax, at);
        a.bind(again);
        this.into(rdx, i.a);
        a.arithmetic(i.name, 32, rdx, rax);
        a.lockCmpxchg(at, rdx);
        a.jumpIf(condition.notEqual, again);
      }
    }
    a.mov(64, this.location(i.to), rax);
  }
  private replacement(operand: Operand): Register {
    this.into(rdx, operand);
    return rdx;
  }

  private table(i: Instruction & { kind: "table" }): void {
    const { a } = this;
    const table = a.label();
    const index = this.location(i.index);
    a.arithmeticConstant("cmp", 32, index, i.labels.length);
    a.jumpIf(condition.aboveOrEqual, i.otherwise);
    const register = this.inRegister(i.index, rax);
    a.lea(64, rcx, { label: table });
    a.movsx(64, 32, rax, { base: rcx, index: register, scale: 4 });
    a.arithmetic("add", 64, rax, rcx);
    a.jumpTo(rax);
    this.module.later(() => {
      a.align(4);
      a.bind(table);
      for (const label of i.labels) a.distance(label, table);
    });
  }

  private call(i: Instruction & { kind: "call" }): void {
    const { a } = this;
    const { params, result } = i.callee;
    const { places } = argumentPlaces(params);
    const integers: { to: RegisterOrMemory; from: RegisterOrMemory | bigint; size: Size }[] = [];
    const vectors: { to: RegisterOrMemory; from: RegisterOrMemory }[] = [];
    i.arguments.forEach((argument, n) => {
      const place = places[n] as ArgumentPlaces["places"][number];
      const to = "register" in place ? place.register : { base: rsp, displacement: place.offset };
      if (params[n] === "v128") vectors.push({ to, from: this.location(argument as Virtual) });
      else if (typeof argument === "number") integers.push({ to, from: this.location(argument), size: 64 });
      else
        integers.push({
          to,
          from: params[n] === "i32" ? BigInt.asUintN(32, argument.constant) : argument.constant,
          size: 64,
        });
    });
    this.parallel(integers);
    this.parallelVectors(vectors);
    const label = this.module.label(i.callee);
    if (label) a.call(label);
    else a.callSymbol(importSymbol(i.callee));
    if (i.to === undefined || !this.isNeeded(i.to)) return;
    if (result === "v128") this.settleVector(i.to, 0);
    else if (result === "i32") {
      // Its upper half is whatever others leave there.
      const to = this.location(i.to);
      if (typeof to === "number") a.mov(32, to, rax);
      else {
        if (!label) a.mov(32, rax, rax);
        a.mov(64, to, rax);
      }
    } else this.settle(i.to, rax);
  }

  private vectorData(value: bigint): Label {
    const { a } = this;
    const data = a.label();
    this.module.later(() => {
      a.align(16);
      a.bind(data);
      for (let bits = 0n; bits < 128n; bits += 32n) a.code.u32(Number((value >> bits) & 0xffffffffn));
    });
    return data;
  }
}

/** The symbol of an imported function. */
export function importSymbol(f: FunctionRef): string {
  return `${f.imported?.module}.${f.imported?.name}`;
}

function swap(value: bigint, width: number): bigint {
  let result = 0n;
  for (let bits = 0; bits < width; bits += 8) result = (result << 8n) | ((value >> BigInt(bits)) & 0xffn);
  return result;
}
