/**
 * The intermediate representation: typed integer expressions, explicit loads and stores with width and byte
 * order, structured control flow. Nothing here is particular to WebAssembly; a back end walks these nodes.
 */

/** The two value types. Addresses are `i32`. */
export type ValueType = "i32" | "i64";
/** Byte order of a memory access. */
export type ByteOrder = "le" | "be";
/** Width of a memory access, in bits. */
export type Width = 8 | 16 | 32 | 64;

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

/** A local of a function. An immutable one is assigned once, where it is defined. */
export interface Local {
  id: number;
  readonly type: ValueType;
  readonly name: string;
  readonly mutable: boolean;
}

/** A function of the module, imported or defined. */
export interface FunctionRef {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly paramNames: readonly string[];
  readonly result: ValueType | undefined;
  readonly imported?: { readonly module: string; readonly name: string };
  locals: Local[];
  body: Statement[] | undefined;
}

export type Expression =
  | { readonly kind: "const"; readonly type: ValueType; readonly value: number | bigint }
  | { readonly kind: "local"; readonly type: ValueType; readonly local: Local }
  | { readonly kind: "unary"; readonly type: ValueType; readonly op: UnaryOp; readonly a: Expression }
  | {
      readonly kind: "binary";
      readonly type: ValueType;
      readonly op: BinaryOp;
      readonly a: Expression;
      readonly b: Expression;
    }
  | {
      readonly kind: "load";
      readonly type: ValueType;
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
  | { readonly kind: "atomicLoad"; readonly type: "i32"; readonly address: Expression; readonly offset: number }
  | {
      readonly kind: "atomicRmw";
      readonly type: "i32";
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
      readonly width: Width;
      readonly order: ByteOrder;
      readonly address: Expression;
      readonly offset: number;
      readonly value: Expression;
    }
  | { readonly kind: "atomicStore"; readonly address: Expression; readonly offset: number; readonly value: Expression }
  | {
      readonly kind: "copy16";
      readonly to: Expression;
      readonly toOffset: number;
      readonly from: Expression;
      readonly fromOffset: number;
    }
  | { readonly kind: "zero16"; readonly to: Expression; readonly offset: number }
  | { readonly kind: "copy"; readonly to: Expression; readonly from: Expression; readonly length: Expression }
  | { readonly kind: "fill"; readonly to: Expression; readonly value: Expression; readonly length: Expression }
  | { readonly kind: "if"; readonly condition: Expression; readonly then: Statement[]; readonly else: Statement[] }
  | { readonly kind: "block"; readonly label: Label; readonly body: Statement[] }
  | { readonly kind: "loop"; readonly label: Label; readonly body: Statement[] }
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

/** Bytes placed in memory when the module starts. */
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
  readonly memory: MemoryImport;
  readonly functions: readonly FunctionRef[];
  readonly exports: ReadonlyMap<string, FunctionRef>;
  readonly data: readonly DataSegment[];
}

const none: readonly Expression[] = [];

/** The operands of an expression, in evaluation order. */
export function operands(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "const":
    case "local":
      return none;
    case "unary":
      return [e.a];
    case "binary":
      return [e.a, e.b];
    case "load":
    case "atomicLoad":
      return [e.address];
    case "select":
      return [e.a, e.b, e.condition];
    case "call":
      return e.args;
    case "atomicRmw":
      return e.replacement ? [e.address, e.value, e.replacement] : [e.address, e.value];
  }
}

/** The same expression with each operand passed through `f`. */
export function mapOperands(e: Expression, f: (operand: Expression) => Expression): Expression {
  switch (e.kind) {
    case "const":
    case "local":
      return e;
    case "unary": {
      const a = f(e.a);
      return a === e.a ? e : { ...e, a };
    }
    case "binary": {
      const a = f(e.a);
      const b = f(e.b);
      return a === e.a && b === e.b ? e : { ...e, a, b };
    }
    case "load":
    case "atomicLoad": {
      const address = f(e.address);
      return address === e.address ? e : { ...e, address };
    }
    case "select":
      return { ...e, a: f(e.a), b: f(e.b), condition: f(e.condition) };
    case "call":
      return { ...e, args: e.args.map(f) };
    case "atomicRmw":
      return e.replacement
        ? { ...e, address: f(e.address), value: f(e.value), replacement: f(e.replacement) }
        : { ...e, address: f(e.address), value: f(e.value) };
  }
}

/** The operands that a statement evaluates first, in evaluation order; not those of nested bodies. */
export function statementOperands(s: Statement): readonly Expression[] {
  switch (s.kind) {
    case "let":
    case "set":
      return [s.value];
    case "store":
    case "atomicStore":
      return [s.address, s.value];
    case "copy16":
      return [s.to, s.from];
    case "zero16":
      return [s.to];
    case "copy":
      return [s.to, s.from, s.length];
    case "fill":
      return [s.to, s.value, s.length];
    case "if":
      return [s.condition];
    case "switch":
      return [s.index];
    case "return":
      return s.value ? [s.value] : none;
    case "do":
      return s.args;
    default:
      return none;
  }
}

/** A statement with each operand it evaluates first passed through `f`; nested bodies are left as they are. */
export function mapStatement(s: Statement, f: (operand: Expression) => Expression): Statement {
  switch (s.kind) {
    case "let":
    case "set": {
      const value = f(s.value);
      return value === s.value ? s : { ...s, value };
    }
    case "store":
    case "atomicStore": {
      const address = f(s.address);
      const value = f(s.value);
      return address === s.address && value === s.value ? s : { ...s, address, value };
    }
    case "copy16":
      return { ...s, to: f(s.to), from: f(s.from) };
    case "zero16":
      return { ...s, to: f(s.to) };
    case "copy":
      return { ...s, to: f(s.to), from: f(s.from), length: f(s.length) };
    case "fill":
      return { ...s, to: f(s.to), value: f(s.value), length: f(s.length) };
    case "if": {
      const condition = f(s.condition);
      return condition === s.condition ? s : { ...s, condition };
    }
    case "switch":
      return { ...s, index: f(s.index) };
    case "return":
      return s.value ? { ...s, value: f(s.value) } : s;
    case "do":
      return { ...s, args: s.args.map(f) };
    default:
      return s;
  }
}
