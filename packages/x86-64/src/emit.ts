/**
 * Writes a function's instructions in the machine's code, now that each virtual register has its place: operands on the stack are
 * used from there, or come and go through `rax`, `rcx` and `rdx`, which belong to nobody between two instructions.
 */
import type { FunctionIr, FunctionRef } from "@clickos/codegen";
import { type Allocation, allocate, type Location } from "./allocate.ts";
import { type Assembler, condition, type Label, type RegisterOrMemory, type Size } from "./assembler.ts";
import { type ArgumentPlaces, argumentPlaces, importSymbol } from "./calls.ts";
import { emitAtomic, emitLoad, emitStore } from "./emit-accesses.ts";
import { emitCount, emitDivision } from "./emit-arithmetic.ts";
import { AddressWriter } from "./emit-memory.ts";
import type { Instruction, Lowered, Test, Virtual } from "./instructions.ts";
import { lower } from "./lower.ts";
import { Places, scratchVector } from "./places.ts";
import { type Register, rax, rcx, rdx, rsp } from "./registers.ts";
import type { Routines } from "./routines.ts";

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
  private readonly p: Places;
  private readonly memory: AddressWriter;
  private readonly incoming: ArgumentPlaces;
  /** Bytes between the stack pointer and the saved registers. */
  private readonly frame: number;
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
    outgoing = (outgoing + 15) & ~15;
    this.p = new Places(this.a, lowered, this.allocation, outgoing);
    // The return address and the saved registers are above; calls find the stack at a multiple of 16.
    const above = 8 * (1 + this.allocation.saved.length);
    const wanted = outgoing + this.allocation.slotBytes;
    this.frame = wanted === 0 && lowered.calls.length === 0 ? 0 : ((wanted + above + 15) & ~15) - above;
    this.trap = this.a.label();
    this.memory = new AddressWriter(this.a, this.trap, (v) => this.p.location(v));
  }

  emit(): void {
    const { a } = this;
    for (const register of this.allocation.saved) a.push(register);
    if (this.frame > 0) a.arithmeticConstant("sub", 64, rsp, this.frame);
    this.takeArguments();
    for (const v of this.lowered.zero) this.p.clear(v);
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
    this.p.parallel(moves.map(({ to, from, size }) => ({ to: this.p.place(to), from, size })));
    this.p.parallelVectors(vectorMoves.map(({ to, from }) => ({ to: this.p.place(to), from })));
  }
  private leave(): void {
    const { a } = this;
    if (this.frame > 0) a.arithmeticConstant("add", 64, rsp, this.frame);
    for (const register of [...this.allocation.saved].reverse()) a.pop(register);
    a.ret();
  }

  // Instructions.

  private instruction(i: Instruction): void {
    const { a } = this;
    switch (i.kind) {
      case "move":
        if (typeof i.a === "number") {
          const from = this.p.location(i.a);
          const to = this.p.location(i.to);
          if (from !== to || typeof from !== "number" || i.size === 32) this.p.move(i.size, to, from);
        } else this.p.constantInto(i.to, i.size === 32 ? BigInt.asUintN(32, i.a.constant) : i.a.constant);
        return;
      case "extend": {
        const to = this.p.target(i.to);
        a.movsx(64, 32, to, this.p.location(i.a));
        this.p.settle(i.to, to);
        return;
      }
      case "arithmetic":
        this.arithmetic(i);
        return;
      case "shift":
        this.shift(i);
        return;
      case "divide":
        emitDivision(a, i.name, i.size, this.p.location(i.a), this.p.location(i.b));
        a.mov(64, this.p.location(i.to), i.name.startsWith("div") ? rax : rdx);
        return;
      case "count":
        emitCount(a, i.name, i.size, this.p.location(i.a));
        a.mov(64, this.p.location(i.to), rax);
        return;
      case "set": {
        this.compare(i.test);
        a.set(i.test.when, rax);
        const to = this.p.target(i.to);
        a.movzx(8, to, rax);
        this.p.settle(i.to, to);
        return;
      }
      case "select": {
        // A move leaves the flags as they are.
        this.compare(i.test);
        const to = this.p.target(i.to, i.a);
        const b = this.p.location(i.b);
        if (to !== b) a.mov(64, to, b);
        a.cmov(64, i.test.when, to, this.p.location(i.a));
        this.p.settle(i.to, to);
        return;
      }
      case "load":
        emitLoad(this.p, this.memory, i);
        return;
      case "store":
        emitStore(this.p, this.memory, i);
        return;
      case "loadVector": {
        const at = this.p.location(i.to);
        const to = typeof at === "number" ? at : scratchVector;
        a.loadVector(to, this.memory.of(i.at));
        this.p.settleVector(i.to, to);
        return;
      }
      case "storeVector":
        a.storeVector(this.memory.of(i.at), this.p.vectorInRegister(i.a, scratchVector));
        return;
      case "moveVector":
        this.p.settleVector(i.to, this.p.vectorInRegister(i.a, scratchVector));
        return;
      case "constantVector": {
        const at = this.p.location(i.to);
        const to = typeof at === "number" ? at : scratchVector;
        if (i.value === 0n) a.clearVector(to);
        else a.loadVector(to, { label: this.vectorData(i.value) });
        this.p.settleVector(i.to, to);
        return;
      }
      case "selectVector": {
        this.compare(i.test);
        const end = a.label();
        // Both are read before the result is written.
        this.p.vectorInto(scratchVector, i.a);
        a.jumpIf(i.test.when, end);
        this.p.vectorInto(scratchVector, i.b);
        a.bind(end);
        this.p.settleVector(i.to, scratchVector);
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
        const to = this.p.target(i.to);
        a.mov(32, to, at);
        this.p.settle(i.to, to);
        return;
      }
      case "atomicStore": {
        const at = this.memory.aligned(i.at);
        this.p.into(rdx, i.a);
        a.xchg(32, at, rdx);
        return;
      }
      case "atomic":
        emitAtomic(this.p, this.memory, i);
        return;
      case "copy":
        this.p.into(rax, i.target);
        this.p.into(rdx, i.source);
        this.p.into(rcx, i.length);
        a.call(this.module.routines.copy(i.toMemory, i.fromMemory));
        return;
      case "fill":
        this.p.into(rax, i.target);
        this.p.into(rdx, i.value);
        this.p.into(rcx, i.length);
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
        if (i.vector) this.p.vectorInto(0, i.a as Virtual);
        else if (i.a !== undefined) this.p.into(rax, i.a, this.f.ref.result === "i64" ? 64 : 32);
        this.leave();
        return;
      case "trap":
        a.ud2();
        return;
    }
  }

  private compare({ by, size, a: left, b: right }: Test): void {
    const { a } = this;
    const x = this.p.location(left);
    if (typeof right !== "number") {
      const value = Number(right.constant);
      if (by === "test") a.testConstant(size, x, value);
      else if (value === 0 && typeof x === "number") a.test(size, x, x);
      else a.arithmeticConstant("cmp", size, x, value);
      return;
    }
    if (by === "test") {
      const register = this.p.inRegister(right, rax);
      a.test(size, left === right ? register : x, register);
    } else if (typeof x === "number") a.arithmetic("cmp", size, x, this.p.location(right));
    else a.arithmetic("cmp", size, x, this.p.inRegister(right, rax));
  }

  private arithmetic(i: Instruction & { kind: "arithmetic" }): void {
    const { a } = this;
    const { name, size } = i;
    if (typeof i.b !== "number") {
      const value = Number(i.b.constant);
      const from = this.p.location(i.a);
      const to = this.p.target(i.to);
      if (name === "multiply") a.multiplyConstant(size, to, from, value);
      else if ((name === "add" || (name === "sub" && value !== -0x80000000)) && typeof from === "number" && from !== to)
        a.lea(size, to, { base: from, displacement: name === "add" ? value : -value });
      else {
        if (from !== to) a.mov(64, to, from);
        a.arithmeticConstant(name, size, to, value);
      }
      this.p.settle(i.to, to);
      return;
    }
    let [left, right] = [i.a, i.b];
    // The result may have the place of the right operand: then operands are exchanged, where that is allowed.
    if (
      name !== "sub" &&
      this.p.location(left) !== this.p.location(i.to) &&
      this.p.location(right) === this.p.location(i.to)
    )
      [left, right] = [right, left];
    const to = this.p.target(i.to, right);
    const x = this.p.location(left);
    const y = this.p.location(right);
    if (name === "add" && typeof x === "number" && typeof y === "number" && to !== x) {
      a.lea(size, to, { base: x, index: y });
    } else {
      if (to !== x) a.mov(64, to, x);
      if (name === "multiply") a.multiply(size, to, y);
      else a.arithmetic(name, size, to, y);
    }
    this.p.settle(i.to, to);
  }

  private shift(i: Instruction & { kind: "shift" }): void {
    const { a } = this;
    if (typeof i.b !== "number") {
      const to = this.p.target(i.to);
      const from = this.p.location(i.a);
      if (to !== from) a.mov(64, to, from);
      if (i.b.constant !== 0n) a.shiftConstant(i.name, i.size, to, Number(i.b.constant));
      this.p.settle(i.to, to);
      return;
    }
    this.p.into(rcx, i.b);
    const to = this.p.target(i.to);
    const from = this.p.location(i.a);
    if (to !== from) a.mov(64, to, from);
    a.shift(i.name, i.size, to);
    this.p.settle(i.to, to);
  }

  private table(i: Instruction & { kind: "table" }): void {
    const { a } = this;
    const table = a.label();
    const index = this.p.location(i.index);
    a.arithmeticConstant("cmp", 32, index, i.labels.length);
    a.jumpIf(condition.aboveOrEqual, i.otherwise);
    const register = this.p.inRegister(i.index, rax);
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
      if (params[n] === "v128") vectors.push({ to, from: this.p.location(argument as Virtual) });
      else if (typeof argument === "number") integers.push({ to, from: this.p.location(argument), size: 64 });
      else
        integers.push({
          to,
          from: params[n] === "i32" ? BigInt.asUintN(32, argument.constant) : argument.constant,
          size: 64,
        });
    });
    this.p.parallel(integers);
    this.p.parallelVectors(vectors);
    const label = this.module.label(i.callee);
    if (label) a.call(label);
    else a.callSymbol(importSymbol(i.callee));
    if (i.to === undefined || !this.p.isNeeded(i.to)) return;
    if (result === "v128") this.p.settleVector(i.to, 0);
    else if (result === "i32") {
      // Its upper half is whatever others leave there.
      const to = this.p.location(i.to);
      if (typeof to === "number") a.mov(32, to, rax);
      else {
        if (!label) a.mov(32, rax, rax);
        a.mov(64, to, rax);
      }
    } else this.p.settle(i.to, rax);
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
