/** Runs functions of the intermediate representation: one case for each node, in the words of SEMANTICS.md. */
import { binaryValue, signed, unaryValue } from "./arithmetic.ts";
import type { InterpreterMemory } from "./interpreter-memory.ts";
import type {
  Expression,
  FunctionIr,
  FunctionRef,
  IntegerType,
  Label,
  Local,
  MemoryIndex,
  ModuleIr,
  Statement,
} from "./ir.ts";
import { StepLimitError, Trap } from "./trap.ts";

/** A function that is called: arguments and result are the signed representatives of their types. */
export type Callable = (args: readonly bigint[]) => bigint | undefined;

/** How control leaves a statement other than to the next one. */
type Exit = { readonly to: Label } | { readonly result: bigint | undefined };

/** An instance of a module: what calls of its functions have in common. */
export class Interpreter {
  readonly functions: Map<FunctionRef, Callable> = new Map();
  readonly memories: readonly InterpreterMemory[];
  readonly ir: ModuleIr;
  /** Statements that may still be run. */
  steps = 0;
  readonly maximumSteps: number;

  constructor(ir: ModuleIr, memories: readonly InterpreterMemory[], maximumSteps: number) {
    this.ir = ir;
    this.memories = memories;
    this.maximumSteps = maximumSteps;
    for (const f of ir.functions) this.functions.set(f.ref, (args) => new Call(this, f, args).run());
  }

  placeData(): void {
    for (const { offset, bytes } of this.ir.data) this.memory(0).place(offset, bytes);
  }

  memory(index: MemoryIndex): InterpreterMemory {
    return this.memories[index] as InterpreterMemory;
  }

  step(): void {
    if (this.steps-- <= 0) throw new StepLimitError(this.maximumSteps);
  }
}

/** One call of a function. */
class Call {
  private readonly instance: Interpreter;
  private readonly f: FunctionIr;
  private readonly locals = new Map<Local, bigint>();

  constructor(instance: Interpreter, f: FunctionIr, args: readonly bigint[]) {
    this.instance = instance;
    this.f = f;
    f.params.forEach((local, i) => {
      this.locals.set(local, args[i] as bigint);
    });
  }

  run(): bigint | undefined {
    const exit = this.statements(this.f.body);
    if (exit && "result" in exit) return exit.result;
    if (this.f.ref.result !== undefined) throw new Trap("UNREACHABLE", `${this.f.ref.name} ends without a result`);
    return undefined;
  }

  private statements(body: readonly Statement[]): Exit | undefined {
    for (const s of body) {
      this.instance.step();
      const exit = this.statement(s);
      if (exit) return exit;
    }
    return undefined;
  }

  private statement(s: Statement): Exit | undefined {
    const { instance } = this;
    switch (s.kind) {
      case "let":
      case "set":
        this.locals.set(s.local, this.value(s.value));
        return undefined;
      case "store": {
        const [address, value] = this.values(s.address, s.value);
        instance.memory(s.memory).store(address, s.offset, s.width / 8, s.order, value);
        return undefined;
      }
      case "atomicStore": {
        const [address, value] = this.values(s.address, s.value);
        instance.memory(s.memory).atomicStore(address, s.offset, value);
        return undefined;
      }
      case "copy16": {
        const [to, from] = this.values(s.to, s.from);
        instance.memory(s.toMemory).copy(to, s.toOffset, instance.memory(s.fromMemory), from, s.fromOffset, 16n);
        return undefined;
      }
      case "zero16":
        instance.memory(s.memory).fill(this.value(s.to), s.offset, 0n, 16n);
        return undefined;
      case "copy": {
        const [to, from, length] = this.values(s.to, s.from, s.length);
        instance.memory(s.toMemory).copy(to, 0, instance.memory(s.fromMemory), from, 0, length);
        return undefined;
      }
      case "fill": {
        const [to, value, length] = this.values(s.to, s.value, s.length);
        instance.memory(s.memory).fill(to, 0, value, length);
        return undefined;
      }
      case "if":
        return this.statements(this.value(s.condition) !== 0n ? s.then : s.else);
      case "block": {
        const exit = this.statements(s.body);
        return exit && "to" in exit && exit.to === s.label ? undefined : exit;
      }
      case "loop":
        for (;;) {
          const exit = this.statements(s.body);
          if (!(exit && "to" in exit && exit.to === s.label)) return exit;
        }
      case "br":
        return { to: s.label };
      case "switch":
        return { to: s.labels[Number(BigInt.asUintN(32, this.value(s.index)))] ?? s.otherwise };
      case "return":
        return { result: s.value && this.value(s.value) };
      case "do":
        this.call(s.callee, s.args);
        return undefined;
      case "placeData":
        this.instance.placeData();
        return undefined;
      case "trap":
        throw new Trap("UNREACHABLE", `${this.f.ref.name} comes to a trap`);
    }
  }

  /** The value of an expression: the signed representative of its type. */
  private value(e: Expression): bigint {
    return signed(e.type, this.representative(e));
  }

  /** In the order in which they are given. */
  private values<E extends readonly Expression[]>(...list: E): { [K in keyof E]: bigint } {
    return list.map((e) => this.value(e)) as { [K in keyof E]: bigint };
  }

  private representative(e: Expression): number | bigint {
    const { instance } = this;
    switch (e.kind) {
      case "const":
        return e.value;
      case "local":
        return this.locals.get(e) ?? 0n;
      case "unary":
        return unaryValue(e.op, e.a.type as IntegerType, this.value(e.a));
      case "binary": {
        const [a, b] = this.values(e.a, e.b);
        const result = binaryValue(e.op, e.a.type as IntegerType, a, b);
        if (typeof result === "string") throw new Trap(result, `${e.op} of ${a} and ${b}`);
        return result;
      }
      case "select": {
        const [a, b, condition] = this.values(e.a, e.b, e.condition);
        return condition !== 0n ? a : b;
      }
      case "load": {
        const value = instance.memory(e.memory).load(this.value(e.address), e.offset, e.width / 8, e.order);
        return e.signed ? BigInt.asIntN(e.width, value) : value;
      }
      case "atomicLoad":
        return instance.memory(e.memory).atomicLoad(this.value(e.address), e.offset);
      case "atomicRmw": {
        const [address, value, replacement = 0n] = this.values(
          e.address,
          e.value,
          ...(e.replacement ? [e.replacement] : []),
        );
        return instance.memory(e.memory).atomicRmw(e.op, address, e.offset, value, replacement);
      }
      case "call":
        return this.call(e.callee, e.args) as bigint;
    }
  }

  private call(callee: FunctionRef, args: readonly Expression[]): bigint | undefined {
    return (this.instance.functions.get(callee) as Callable)(args.map((arg) => this.value(arg)));
  }
}
