/** Goes through one function's code: every instruction is one that the encoder writes, in the form in which it does. */
import { type ByteReader, Malformed } from "./byte-reader.ts";
import type { ModuleLimits } from "./check-module.ts";
import type { BinaryOp, UnaryOp, Width } from "./ir.ts";
import {
  alignment,
  atomicAccess,
  atomicCode,
  binaryCode,
  bulkCode,
  emptyBlock,
  loadCode,
  op,
  simdCode,
  storeCode,
  typeCode,
  unaryCode,
} from "./opcodes.ts";

/** What follows the byte of an instruction; 0 is no instruction. */
const follows = {
  nothing: 1,
  /** The number of a local or a function. */
  index: 2,
  label: 3,
  access: 4,
  blockType: 5,
  elseBranch: 6,
  end: 7,
  s32: 8,
  s64: 9,
  labels: 10,
  bulk: 11,
  simd: 12,
  atomic: 13,
} as const;

/** By the instruction's byte. */
const instructions: Uint8Array = (() => {
  const table = new Uint8Array(256);
  const put = (what: number, ...codes: readonly number[]): void => {
    for (const code of codes) table[code] = what;
  };
  put(follows.nothing, op.unreachable, op.return, op.drop, op.select);
  put(follows.index, op.call, op.localGet, op.localSet, op.localTee);
  put(follows.blockType, op.block, op.loop, op.if);
  put(follows.elseBranch, op.else);
  put(follows.end, op.end);
  put(follows.label, op.br, op.brIf);
  put(follows.labels, op.brTable);
  put(follows.s32, op.i32Const);
  put(follows.s64, op.i64Const);
  put(follows.bulk, op.bulk);
  put(follows.simd, op.simd);
  put(follows.atomic, op.atomic);
  for (const type of ["i32", "i64"] as const) {
    put(follows.nothing, ...Object.values<number>(binaryCode[type] satisfies Record<BinaryOp, number>));
    put(follows.nothing, ...Object.values<number>(unaryCode[type] satisfies Partial<Record<UnaryOp, number>>));
    const widths: readonly Width[] = type === "i32" ? [8, 16, 32] : [8, 16, 32, 64];
    for (const width of widths)
      put(follows.access, loadCode(type, width, false), loadCode(type, width, true), storeCode(type, width));
  }
  return table;
})();
const atomics: ReadonlySet<number> = new Set([...Object.values(atomicAccess), ...Object.values(atomicCode)]);

/**
 * Throws `Malformed` at what is not allowed.
 *
 * @returns the locals, parameters among them, times the branches.
 */
export function checkBody(body: ByteReader, limits: ModuleLimits, params: number): number {
  const locals = params + checkLocals(body, limits);
  let branches = 0;
  let depth = 0;
  while (!body.ended) {
    const { at } = body;
    const code = body.u8();
    switch (instructions[code]) {
      case follows.nothing:
        break;
      case follows.index:
        body.u32();
        break;
      case follows.access:
        access(body, alignment.plain);
        break;
      case follows.s32:
        body.skipSigned(32);
        break;
      case follows.s64:
        body.skipSigned(64);
        break;
      case follows.label:
        branches++;
        label(body, depth);
        break;
      case follows.labels: {
        const count = body.u32();
        if (count > limits.branchTargets)
          throw new Malformed(at, `a br_table with ${count} targets; ${limits.branchTargets} at most`);
        branches += count + 1;
        for (let n = count; n >= 0; n--) label(body, depth);
        break;
      }
      case follows.blockType: {
        branches++;
        if (++depth > limits.nesting) throw new Malformed(at, `more than ${limits.nesting} blocks inside each other`);
        const type = body.u8();
        if (type !== emptyBlock) throw new Malformed(at, "a block with a type");
        break;
      }
      case follows.elseBranch:
        branches++;
        break;
      case follows.end:
        branches++;
        if (depth-- === 0) {
          if (!body.ended) throw new Malformed(body.at, "code behind the end of a function");
          return locals * branches;
        }
        break;
      case follows.bulk:
        bulk(body);
        break;
      case follows.simd:
        simd(body);
        break;
      case follows.atomic: {
        const which = body.u8();
        if (!atomics.has(which)) throw foreign(at, code, which);
        access(body, alignment.word);
        break;
      }
      default:
        throw foreign(at, code);
    }
  }
  throw new Malformed(body.at, "a function without an end");
}

/** How many locals there are; each run of one type counts as one at least. */
function checkLocals(body: ByteReader, limits: ModuleLimits): number {
  const { at } = body;
  let locals = 0;
  for (let runs = body.u32(); runs > 0; runs--) {
    locals += Math.max(1, body.u32());
    if (locals > limits.locals) throw new Malformed(at, `more than ${limits.locals} locals`);
    const type = body.u8();
    if (type !== typeCode.i32 && type !== typeCode.i64) throw foreignType(body.at - 1, type);
  }
  return locals;
}

function label(body: ByteReader, depth: number): void {
  const { at } = body;
  if (body.u32() > depth) throw new Malformed(at, "a branch out of the function");
}

/** Alignment and offset. Other bits of the alignment's number would name another memory. */
function access(body: ByteReader, align: number): void {
  const { at } = body;
  if (body.u8() !== align) throw new Malformed(at, `an access that is not to memory 0 with alignment ${align}`);
  body.u32();
}

function bulk(body: ByteReader): void {
  const { at } = body;
  const which = body.u8();
  if (which === bulkCode.memoryInit) body.u32();
  else if (which === bulkCode.memoryCopy) memoryZero(body);
  else if (which !== bulkCode.memoryFill) throw foreign(at - 1, op.bulk, which);
  memoryZero(body);
}

function memoryZero(body: ByteReader): void {
  const { at } = body;
  if (body.u8() !== 0) throw new Malformed(at, "a memory other than memory 0");
}

function simd(body: ByteReader): void {
  const { at } = body;
  const which = body.u8();
  if (which === simdCode.const) body.skip(16);
  else if (which === simdCode.load || which === simdCode.store) access(body, alignment.plain);
  else throw foreign(at - 1, op.simd, which);
}

function foreign(at: number, ...codes: readonly number[]): Malformed {
  return new Malformed(at, `an instruction 0x${codes.map((c) => c.toString(16).padStart(2, "0")).join(" 0x")}`);
}
function foreignType(at: number, code: number): Malformed {
  return new Malformed(at, `a local of type 0x${code.toString(16)}`);
}
