/**
 * The numbers of the binary format that this package writes, and so all that a module of its making has in it: the encoder
 * emits from these tables, and the checker of foreign modules allows what is in them.
 *
 * Spec: WebAssembly Core 2.0 sections 5.3 to 5.5; threads proposal (0xfe); fixed-width SIMD (0xfd); multi-memory (the
 * bit of alignments, and the memories of bulk instructions).
 */
import type { AtomicOp, BinaryOp, IntegerType, UnaryOp, ValueType, Width } from "./ir.ts";

/** The magic number and the version. */
export const moduleHeader: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  export: 7,
  dataCount: 12,
  code: 10,
  data: 11,
} as const;

/** In which they stand. */
export const sectionOrder: readonly number[] = [
  sectionId.type,
  sectionId.import,
  sectionId.function,
  sectionId.export,
  sectionId.dataCount,
  sectionId.code,
  sectionId.data,
  sectionId.custom,
];

/** A function type, and a block without parameters and results. */
export const functionForm = 0x60;
export const emptyBlock = 0x40;

/** Kinds of imports and exports. */
export const externKind = { function: 0, memory: 2 } as const;

/** Flags of a memory's limits: a maximum is given; it is also shared. */
export const memoryFlags = { bounded: 1, shared: 3 } as const;

/** Modes of a data segment: placed when the module is instantiated, or by `memory.init`. */
export const dataMode = { active: 0, passive: 1 } as const;

/** Alignments that accesses state, as powers of two: atomic ones must be aligned, the others need not. */
export const alignment = { plain: 0, word: 2 } as const;
/** Set in an alignment: the number of the memory follows; without it the access is to the first. */
export const otherMemory = 0x40;

/** Instructions of control, locals and constants. */
export const op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Const: 0x41,
  i64Const: 0x42,
  bulk: 0xfc,
  simd: 0xfd,
  atomic: 0xfe,
} as const;

/** After `op.bulk`. */
export const bulkCode = { memoryInit: 8, memoryCopy: 10, memoryFill: 11 } as const;
/** After `op.simd`. */
export const simdCode = { load: 0x00, store: 0x0b, const: 0x0c } as const;
/** After `op.atomic`: 32 bits wide. */
export const atomicAccess = { load: 0x10, store: 0x17 } as const;

export const typeCode: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };

export const binaryCode: Record<IntegerType, Record<BinaryOp, number>> = {
  i32: {
    eq: 0x46,
    ne: 0x47,
    ltS: 0x48,
    ltU: 0x49,
    gtS: 0x4a,
    gtU: 0x4b,
    leS: 0x4c,
    leU: 0x4d,
    geS: 0x4e,
    geU: 0x4f,
    add: 0x6a,
    sub: 0x6b,
    mul: 0x6c,
    divS: 0x6d,
    divU: 0x6e,
    remS: 0x6f,
    remU: 0x70,
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shl: 0x74,
    shrS: 0x75,
    shrU: 0x76,
    rotl: 0x77,
    rotr: 0x78,
  },
  i64: {
    eq: 0x51,
    ne: 0x52,
    ltS: 0x53,
    ltU: 0x54,
    gtS: 0x55,
    gtU: 0x56,
    leS: 0x57,
    leU: 0x58,
    geS: 0x59,
    geU: 0x5a,
    add: 0x7c,
    sub: 0x7d,
    mul: 0x7e,
    divS: 0x7f,
    divU: 0x80,
    remS: 0x81,
    remU: 0x82,
    and: 0x83,
    or: 0x84,
    xor: 0x85,
    shl: 0x86,
    shrS: 0x87,
    shrU: 0x88,
    rotl: 0x89,
    rotr: 0x8a,
  },
};

/** By the type of the operand; what it has no instruction for is absent. */
export const unaryCode: Record<IntegerType, Partial<Record<UnaryOp, number>>> = {
  i32: { eqz: 0x45, clz: 0x67, ctz: 0x68, popcnt: 0x69, extendS: 0xac, extendU: 0xad },
  i64: { eqz: 0x50, clz: 0x79, ctz: 0x7a, popcnt: 0x7b, wrap: 0xa7 },
};

export const atomicCode: Record<AtomicOp, number> = { add: 0x1e, and: 0x2c, or: 0x33, xchg: 0x41, cmpxchg: 0x48 };

export function loadCode(type: IntegerType, width: Width, signed: boolean): number {
  if (type === "i32") return width === 32 ? 0x28 : (width === 8 ? 0x2c : 0x2e) + (signed ? 0 : 1);
  return width === 64 ? 0x29 : { 8: 0x30, 16: 0x32, 32: 0x34 }[width as 8 | 16 | 32] + (signed ? 0 : 1);
}

export function storeCode(type: IntegerType, width: Width): number {
  if (type === "i32") return width === 8 ? 0x3a : width === 16 ? 0x3b : 0x36;
  return { 8: 0x3c, 16: 0x3d, 32: 0x3e, 64: 0x37 }[width as 8 | 16 | 32 | 64];
}
