/**
 * The intermediate representation: typed integer expressions, explicit loads and stores with width and byte
 * order, structured control flow. Nothing here is particular to WebAssembly; a back end walks these nodes.
 *
 * What each node means is written in the package's SEMANTICS.md, `operations.ts` has which of them trap, read memory or have effects.
 * Nothing in it changes once it is made: passes give new functions.
 */

/** Integers. Addresses are `i32`. */
export type IntegerType = "i32" | "i64";
/** `v128` is 16 bytes that are moved and not computed with. */
export type ValueType = IntegerType | "v128";
/** Byte order of a memory access. */
export type ByteOrder = "le" | "be";
/** Width of a memory access, in bits. */
export type Width = 8 | 16 | 32 | 64 | 128;
/** Which of a module's memories, by its place in the list. */
export type MemoryIndex = number;

export type UnaryOp = "eqz" | "clz" | "ctz" | "popcnt" | "extendU" | "extendS" | "wrap";
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "divU"
  | "divS"
  | "remU"
  | "remS"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shrU"
  | "shrS"
  | "rotl"
  | "rotr"
  | CompareOp;
export type CompareOp = "eq" | "ne" | "ltU" | "ltS" | "gtU" | "gtS" | "leU" | "leS" | "geU" | "geS";
/** Read-modify-write operations; all 32 bits wide and sequentially consistent. */
export type AtomicOp = "add" | "and" | "or" | "xchg" | "cmpxchg";

/**
 * A local of a function, known by identity, and as an expression its value: `let` defines an immutable one, once; `set` assigns a
 * mutable one, which is 0 before. How locals are kept in registers is the back end's.
 */
export interface Local {
  readonly kind: "local";
  readonly type: ValueType;
  readonly name: string;
  readonly mutable: boolean;
  /** Its number, that no other local of the function has: passes keep what they know of locals in tables. */
  readonly id: number;
}

/** What calls and exports name: a function's signature, known by identity. An imported one says from where. */
export interface FunctionRef {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly paramNames: readonly string[];
  readonly result: ValueType | undefined;
  readonly imported?: { readonly module: string; readonly name: string };
}

/** A defined function. Its locals are those of its body. */
export interface FunctionIr {
  readonly ref: FunctionRef;
  /** The locals that hold the arguments, immutable. */
  readonly params: readonly Local[];
  readonly body: readonly Statement[];
  /** All its locals, parameters among them, have smaller numbers. */
  readonly locals: number;
}

export type Expression =
  | { readonly kind: "const"; readonly type: ValueType; readonly value: number | bigint }
  | Local
  | { readonly kind: "unary"; readonly type: IntegerType; readonly op: UnaryOp; readonly a: Expression }
  | {
      readonly kind: "binary";
      readonly type: IntegerType;
      readonly op: BinaryOp;
      readonly a: Expression;
      readonly b: Expression;
    }
  | {
      readonly kind: "load";
      readonly type: ValueType;
      readonly memory: MemoryIndex;
      readonly width: Width;
      readonly order: ByteOrder;
      readonly signed: boolean;
      readonly address: Expression;
      readonly offset: number;
    }
  | {
      readonly kind: "select";
      readonly type: ValueType;
      readonly condition: Expression;
      readonly a: Expression;
      readonly b: Expression;
    }
  | {
      readonly kind: "call";
      readonly type: ValueType;
      readonly callee: FunctionRef;
      readonly args: readonly Expression[];
    }
  | {
      readonly kind: "atomicLoad";
      readonly type: "i32";
      readonly memory: MemoryIndex;
      readonly address: Expression;
      readonly offset: number;
    }
  | {
      readonly kind: "atomicRmw";
      readonly type: "i32";
      readonly memory: MemoryIndex;
      readonly op: AtomicOp;
      readonly address: Expression;
      readonly offset: number;
      readonly value: Expression;
      readonly replacement?: Expression;
    };

export interface Label {
  readonly name: string;
  /** What the block's code belongs to, for who reads a stack trace. */
  readonly region?: string;
}

export type Statement =
  | { readonly kind: "let"; readonly local: Local; readonly value: Expression }
  | { readonly kind: "set"; readonly local: Local; readonly value: Expression }
  | {
      readonly kind: "store";
      readonly memory: MemoryIndex;
      readonly width: Width;
      readonly order: ByteOrder;
      readonly address: Expression;
      readonly offset: number;
      readonly value: Expression;
    }
  | {
      readonly kind: "atomicStore";
      readonly memory: MemoryIndex;
      readonly address: Expression;
      readonly offset: number;
      readonly value: Expression;
    }
  | {
      readonly kind: "copy16";
      readonly toMemory: MemoryIndex;
      readonly to: Expression;
      readonly toOffset: number;
      readonly fromMemory: MemoryIndex;
      readonly from: Expression;
      readonly fromOffset: number;
    }
  | { readonly kind: "zero16"; readonly memory: MemoryIndex; readonly to: Expression; readonly offset: number }
  | {
      readonly kind: "copy";
      readonly toMemory: MemoryIndex;
      readonly to: Expression;
      readonly fromMemory: MemoryIndex;
      readonly from: Expression;
      readonly length: Expression;
    }
  | {
      readonly kind: "fill";
      readonly memory: MemoryIndex;
      readonly to: Expression;
      readonly value: Expression;
      readonly length: Expression;
    }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: readonly Statement[];
      readonly else: readonly Statement[];
    }
  | { readonly kind: "block"; readonly label: Label; readonly body: readonly Statement[] }
  | { readonly kind: "loop"; readonly label: Label; readonly body: readonly Statement[] }
  | { readonly kind: "br"; readonly label: Label }
  | {
      readonly kind: "switch";
      readonly index: Expression;
      readonly labels: readonly Label[];
      readonly otherwise: Label;
    }
  | { readonly kind: "return"; readonly value: Expression | undefined }
  | { readonly kind: "do"; readonly callee: FunctionRef; readonly args: readonly Expression[] }
  | { readonly kind: "placeData" }
  | { readonly kind: "trap" };

/** Bytes that are placed in the first memory. */
export interface DataSegment {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface MemoryImport {
  readonly module: string;
  readonly name: string;
  readonly initialPages: number;
  readonly maximumPages: number;
  readonly shared: boolean;
}

/** A whole module, ready for a back end. */
export interface ModuleIr {
  readonly name?: string;
  /** One at least. More than one needs an engine that has multi-memory (WebAssembly 3.0). */
  readonly memories: readonly MemoryImport[];
  readonly imports: readonly FunctionRef[];
  readonly functions: readonly FunctionIr[];
  readonly exports: ReadonlyMap<string, FunctionRef>;
  readonly data: readonly DataSegment[];
  /** When the data is placed: at instantiation, before any function runs, or by each `placeData`. */
  readonly dataPlaced: "atStart" | "byCode";
}

/** Makes code for an engine of what a module means. */
export interface Backend<Code> {
  readonly name: string;
  encode(ir: ModuleIr): Code;
}
