/** Code of loads, stores and atomic accesses. */
import { condition, type Size } from "./assembler.ts";
import type { AddressWriter } from "./emit-memory.ts";
import type { Instruction, Operand } from "./instructions.ts";
import type { Places } from "./places.ts";
import { rax, rdx } from "./registers.ts";

export function emitLoad(p: Places, memory: AddressWriter, i: Instruction & { kind: "load" }): void {
  const { a } = p;
  const from = memory.of(i.at);
  const to = p.target(i.to);
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
  p.settle(i.to, to);
}

export function emitStore(p: Places, memory: AddressWriter, i: Instruction & { kind: "store" }): void {
  const { a } = p;
  const { width } = i;
  const to = memory.of(i.at);
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
    a.store(width, to, p.inRegister(i.a, rdx));
    return;
  }
  a.mov(64, rdx, p.location(i.a));
  if (width === 16) a.shiftConstant("rol", 16, rdx, 8);
  else a.bswap(width as Size, rdx);
  a.store(width, to, rdx);
}

export function emitAtomic(p: Places, memory: AddressWriter, i: Instruction & { kind: "atomic" }): void {
  const { a } = p;
  const at = memory.aligned(i.at);
  switch (i.name) {
    case "add":
      p.into(rax, i.a);
      a.lockXadd(at, rax);
      break;
    case "xchg":
      p.into(rax, i.a);
      a.xchg(32, at, rax);
      break;
    case "cmpxchg":
      p.into(rax, i.a);
      p.into(rdx, i.replacement as Operand);
      a.lockCmpxchg(at, rdx);
      break;
    case "and":
    case "or": {
      const again = a.label();
      a.mov(32, rax, at);
      a.bind(again);
      p.into(rdx, i.a);
      a.arithmetic(i.name, 32, rdx, rax);
      a.lockCmpxchg(at, rdx);
      a.jumpIf(condition.notEqual, again);
    }
  }
  a.mov(64, p.location(i.to), rax);
}

function swap(value: bigint, width: number): bigint {
  let result = 0n;
  for (let bits = 0; bits < width; bits += 8) result = (result << 8n) | ((value >> BigInt(bits)) & 0xffn);
  return result;
}
