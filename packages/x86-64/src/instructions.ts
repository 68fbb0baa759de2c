/**
 * What functions are between the intermediate representation and the machine's code: a row of instructions much as the
 * machine has them, over any number of virtual registers. An instruction reads all its operands before it writes its result.
 */
import type { AtomicOp, ByteOrder, FunctionRef, MemoryIndex, Width } from "@clickos/codegen";
import type { Arithmetic, Condition, Label, Shift, Size } from "./assembler.ts";

/** A virtual register, by its number in the function. */
export type Virtual = number;
/** A constant: 32 bits with sign, but for `move`. */
export interface Constant {
  readonly constant: bigint;
}
export type Operand = Virtual | Constant;

/** What a virtual register holds: an integer, of which an i32 has zeros in its upper half; or 16 bytes. */
export type RegisterClass = "integer" | "vector";

/** Where an access begins: the sum of a virtual register, or nothing, and up to 2^33. */
export interface Address {
  readonly memory: MemoryIndex;
  readonly base?: Virtual;
  readonly displacement: number;
}

/** A comparison of two values: `cmp`, or `test`, which compares their bits in common with 0. */
export interface Test {
  readonly by: "cmp" | "test";
  readonly size: Size;
  readonly a: Virtual;
  readonly b: Operand;
  readonly when: Condition;
}

export type Division = "divU" | "divS" | "remU" | "remS";
export type Counting = "clz" | "ctz" | "popcnt";

export type Instruction =
  | { readonly kind: "move"; readonly size: Size; readonly to: Virtual; readonly a: Operand }
  /** Extends an i32 by its sign. */
  | { readonly kind: "extend"; readonly to: Virtual; readonly a: Virtual }
  | {
      readonly kind: "arithmetic";
      readonly name: Exclude<Arithmetic, "cmp"> | "multiply";
      readonly size: Size;
      readonly to: Virtual;
      readonly a: Virtual;
      readonly b: Operand;
    }
  | {
      readonly kind: "shift";
      readonly name: Shift;
      readonly size: Size;
      readonly to: Virtual;
      readonly a: Virtual;
      readonly b: Operand;
    }
  | {
      readonly kind: "divide";
      readonly name: Division;
      readonly size: Size;
      readonly to: Virtual;
      readonly a: Virtual;
      readonly b: Virtual;
    }
  | {
      readonly kind: "count";
      readonly name: Counting;
      readonly size: Size;
      readonly to: Virtual;
      readonly a: Virtual;
    }
  /** 1 where the test holds, else 0. */
  | { readonly kind: "set"; readonly to: Virtual; readonly test: Test }
  /** `a` where the test holds, else `b`. */
  | { readonly kind: "select"; readonly to: Virtual; readonly test: Test; readonly a: Virtual; readonly b: Virtual }
  | {
      readonly kind: "load";
      readonly size: Size;
      readonly width: Exclude<Width, 128>;
      readonly order: ByteOrder;
      readonly signed: boolean;
      readonly to: Virtual;
      readonly at: Address;
    }
  | {
      readonly kind: "store";
      readonly width: Exclude<Width, 128>;
      readonly order: ByteOrder;
      readonly at: Address;
      readonly a: Operand;
    }
  | { readonly kind: "loadVector"; readonly to: Virtual; readonly at: Address }
  | { readonly kind: "storeVector"; readonly at: Address; readonly a: Virtual }
  | { readonly kind: "moveVector"; readonly to: Virtual; readonly a: Virtual }
  | { readonly kind: "constantVector"; readonly to: Virtual; readonly value: bigint }
  | {
      readonly kind: "selectVector";
      readonly to: Virtual;
      readonly test: Test;
      readonly a: Virtual;
      readonly b: Virtual;
    }
  | { readonly kind: "copy16"; readonly target: Address; readonly source: Address }
  | { readonly kind: "zero16"; readonly at: Address }
  | { readonly kind: "atomicLoad"; readonly to: Virtual; readonly at: Address }
  | { readonly kind: "atomicStore"; readonly at: Address; readonly a: Operand }
  | {
      readonly kind: "atomic";
      readonly name: AtomicOp;
      readonly to: Virtual;
      readonly at: Address;
      readonly a: Operand;
      readonly replacement?: Operand;
    }
  | {
      readonly kind: "copy";
      readonly toMemory: MemoryIndex;
      readonly fromMemory: MemoryIndex;
      readonly target: Operand;
      readonly source: Operand;
      readonly length: Operand;
    }
  | {
      readonly kind: "fill";
      readonly memory: MemoryIndex;
      readonly target: Operand;
      readonly value: Operand;
      readonly length: Operand;
    }
  | { readonly kind: "label"; readonly label: Label }
  | { readonly kind: "jump"; readonly to: Label }
  | { readonly kind: "branch"; readonly test: Test; readonly label: Label }
  | { readonly kind: "table"; readonly index: Virtual; readonly labels: readonly Label[]; readonly otherwise: Label }
  | {
      readonly kind: "call";
      readonly callee: FunctionRef;
      readonly arguments: readonly Operand[];
      readonly to: Virtual | undefined;
    }
  | { readonly kind: "placeData" }
  | { readonly kind: "return"; readonly a: Operand | undefined; readonly vector: boolean }
  | { readonly kind: "trap" };

/** How long a virtual register is needed: from a place in the row of instructions to another. */
export interface Interval {
  readonly register: Virtual;
  readonly class: RegisterClass;
  /** Places: instruction `i` reads at `2 * i` and writes at `2 * i + 1`. */
  start: number;
  end: number;
  /** How often it is read and written, in loops many times as often. */
  weight: number;
  /** A register that it would be good to share the machine's with, because it is moved from there. */
  hint: Virtual | undefined;
}

/** A function, as instructions. */
export interface Lowered {
  readonly instructions: readonly Instruction[];
  readonly intervals: readonly Interval[];
  /** The virtual registers of the arguments. */
  readonly params: readonly Virtual[];
  /** Those that are 0 when the function begins. */
  readonly zero: readonly Virtual[];
  /** Places of calls. */
  readonly calls: readonly number[];
}
