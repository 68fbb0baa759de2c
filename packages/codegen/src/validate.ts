/**
 * Checks a whole module before code is made of it; every message names the function. Types, labels and numbers of arguments are
 * not looked at: the builder has no way to get them wrong.
 */
import { CodegenError } from "./error.ts";
import type { Expression, FunctionRef, Local, ModuleIr, Statement } from "./ir.ts";
import { forEachOperand, statementOperands } from "./traverse.ts";

/** @throws {CodegenError} */
export function validate(ir: ModuleIr): void {
  const functions = new Set([...ir.imports, ...ir.functions.map((f) => f.ref)]);
  const known: Known = { functions, dataPlaced: ir.dataPlaced };
  for (const { ref, params, body } of ir.functions) validateBody(ref, body, new Set(params), known);
  const end = (ir.memories[0]?.initialPages ?? 0) * 65536;
  for (const { offset, bytes } of ir.data) {
    if (offset + bytes.length > end)
      throw new CodegenError(
        "BAD_DATA",
        `data of ${bytes.length} bytes at ${offset} ends past the memory of ${end} bytes`,
      );
  }
}

/** What a body may refer to. */
interface Known {
  readonly functions: ReadonlySet<FunctionRef>;
  readonly dataPlaced: ModuleIr["dataPlaced"];
}

/** Checks that values are used where they are defined; `defined` holds those of the blocks around, and is left as it was. */
function validateBody(f: FunctionRef, body: readonly Statement[], defined: Set<Local>, module: Known): void {
  const own: Local[] = [];
  const check = (e: Expression): void => {
    if (e.kind === "local") {
      if (!e.local.mutable && !defined.has(e.local))
        throw new CodegenError(
          "BAD_SCOPE",
          `value ${e.local.name} is used outside the block it is defined in; keep it in a variable (c.var)`,
          f.name,
        );
      return;
    }
    if (e.kind === "const") return;
    if (e.kind === "call" && !module.functions.has(e.callee))
      throw new CodegenError("BAD_FUNCTION", `calls ${e.callee.name} of another module`, f.name);
    forEachOperand(e, check);
  };
  for (const s of body) {
    for (const operand of statementOperands(s)) check(operand);
    if (s.kind === "do" && !module.functions.has(s.callee))
      throw new CodegenError("BAD_FUNCTION", `calls ${s.callee.name} of another module`, f.name);
    if (s.kind === "placeData" && module.dataPlaced === "atStart")
      throw new CodegenError("BAD_DATA", "places data that is placed at the start", f.name);
    if (s.kind === "let") {
      defined.add(s.local);
      own.push(s.local);
    } else if (s.kind === "if") {
      validateBody(f, s.then, defined, module);
      validateBody(f, s.else, defined, module);
    } else if (s.kind === "block" || s.kind === "loop") validateBody(f, s.body, defined, module);
  }
  for (const local of own) defined.delete(local);
}
