/**
 * Checks a whole module before code is made of it; every message names the function. Types, labels and numbers of arguments are
 * not looked at: the builder has no way to get them wrong. The same walk finds what the optimiser wants to know of each function.
 */
import { CodegenError } from "./error.ts";
import type { Expression, FunctionIr, FunctionRef, Label, Local, ModuleIr, Statement } from "./ir.ts";
import { operands, statementOperands } from "./traverse.ts";

/** What is found in a function. */
export interface Survey {
  /** By the number of a local: how often it is read. */
  readonly uses: Int32Array;
  /** What it calls, some of it more than once. */
  readonly callees: readonly FunctionRef[];
  /** What branches go to. */
  readonly targets: ReadonlySet<Label>;
}

/** @throws {CodegenError} */
export function validate(ir: ModuleIr): void {
  survey(ir);
}

/**
 * By function, what is found in it.
 *
 * @throws {CodegenError} where the module is not valid.
 */
export function survey(ir: ModuleIr): Survey[] {
  const known: Known = {
    functions: new Set([...ir.imports, ...ir.functions.map((f) => f.ref)]),
    dataPlaced: ir.dataPlaced,
  };
  const surveys = ir.functions.map((f) => {
    const surveyor = new Surveyor(f, known);
    surveyor.body(f.body);
    return surveyor;
  });
  const end = (ir.memories[0]?.initialPages ?? 0) * 65536;
  for (const { offset, bytes } of ir.data) {
    if (offset + bytes.length > end)
      throw new CodegenError(
        "BAD_DATA",
        `data of ${bytes.length} bytes at ${offset} ends past the memory of ${end} bytes`,
      );
  }
  return surveys;
}

/** What a body may refer to. */
interface Known {
  readonly functions: ReadonlySet<FunctionRef>;
  readonly dataPlaced: ModuleIr["dataPlaced"];
}

/** Goes through one function: values are used where they are defined, and counted. */
class Surveyor implements Survey {
  readonly uses: Int32Array;
  readonly callees: FunctionRef[] = [];
  readonly targets = new Set<Label>();
  private readonly f: FunctionIr;
  private readonly module: Known;
  /** By number, the local that has it. */
  private readonly owners: (Local | undefined)[];
  /** By number, whether what is gone through is where the local is defined. */
  private readonly defined: Uint8Array;

  constructor(f: FunctionIr, module: Known) {
    this.f = f;
    this.module = module;
    this.uses = new Int32Array(f.locals);
    this.owners = new Array(f.locals).fill(undefined);
    this.defined = new Uint8Array(f.locals);
    for (const param of f.params) this.define(param);
  }

  body(body: readonly Statement[]): void {
    for (const s of body) this.statement(s);
    for (const s of body) if (s.kind === "let") this.defined[s.local.id] = 0;
  }

  private statement(s: Statement): void {
    switch (s.kind) {
      case "let":
        this.expression(s.value);
        this.define(s.local);
        return;
      case "set":
        this.expression(s.value);
        this.own(s.local);
        return;
      case "store":
        this.expression(s.address);
        this.expression(s.value);
        return;
      case "if":
        this.expression(s.condition);
        this.body(s.then);
        this.body(s.else);
        return;
      case "block":
      case "loop":
        this.body(s.body);
        return;
      case "br":
        this.targets.add(s.label);
        return;
      case "switch":
        for (const label of s.labels) this.targets.add(label);
        this.targets.add(s.otherwise);
        break;
      case "do":
        this.callee(s.callee);
        break;
      case "placeData":
        if (this.module.dataPlaced === "atStart")
          throw new CodegenError("BAD_DATA", "places data that is placed at the start", this.f.ref.name);
    }
    for (const operand of statementOperands(s)) this.expression(operand);
  }

  private expression(e: Expression): void {
    switch (e.kind) {
      case "const":
        return;
      case "local":
        this.use(e);
        return;
      case "unary":
        this.expression(e.a);
        return;
      case "binary":
        this.expression(e.a);
        this.expression(e.b);
        return;
      case "load":
        this.expression(e.address);
        return;
      case "call":
        this.callee(e.callee);
    }
    for (const operand of operands(e)) this.expression(operand);
  }

  private use(local: Local): void {
    if (local.mutable) this.own(local);
    else if (this.owners[local.id] !== local || this.defined[local.id] === 0)
      throw new CodegenError(
        "BAD_SCOPE",
        `value ${local.name} is used outside the block it is defined in; keep it in a variable (c.var)`,
        this.f.ref.name,
      );
    (this.uses[local.id] as number)++;
  }

  private define(local: Local): void {
    this.own(local);
    this.defined[local.id] = 1;
  }

  private own(local: Local): void {
    const owner = this.owners[local.id];
    if (owner === local) return;
    if (owner !== undefined || !(local.id < this.f.locals))
      throw new CodegenError(
        "BAD_SCOPE",
        `local ${local.name} has the number ${local.id}, which ${owner ? `${owner.name} has` : "is not below that of all locals"}`,
        this.f.ref.name,
      );
    this.owners[local.id] = local;
  }

  private callee(callee: FunctionRef): void {
    if (!this.module.functions.has(callee))
      throw new CodegenError("BAD_FUNCTION", `calls ${callee.name} of another module`, this.f.ref.name);
    this.callees.push(callee);
  }
}
