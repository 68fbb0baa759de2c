/** Checks a whole module before code is made of it; every message names the function. */
import { CodegenError } from "./error.ts";
import type { Expression, FunctionRef, Local, ModuleIr, Statement } from "./ir.ts";
import { operands, statementOperands } from "./traverse.ts";

/** @throws {CodegenError} */
export function validate(ir: ModuleIr): void {
  const known = new Set([...ir.imports, ...ir.functions.map((f) => f.ref)]);
  for (const { ref, params, body } of ir.functions) validateBody(ref, body, new Set(params), known);
  const end = ir.memory.initialPages * 65536;
  for (const { offset, bytes } of ir.data) {
    if (offset + bytes.length > end)
      throw new CodegenError(
        "BAD_DATA",
        `data of ${bytes.length} bytes at ${offset} ends past the memory of ${end} bytes`,
      );
  }
}

/** Checks that values are used where they are defined; `defined` holds those of the blocks around, and is left as it was. */
function validateBody(
  f: FunctionRef,
  body: readonly Statement[],
  defined: Set<Local>,
  known: ReadonlySet<FunctionRef>,
): void {
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
    if (e.kind === "call" && !known.has(e.callee))
      throw new CodegenError("BAD_FUNCTION", `calls ${e.callee.name} of another module`, f.name);
    for (const operand of operands(e)) check(operand);
  };
  for (const s of body) {
    for (const operand of statementOperands(s)) check(operand);
    if (s.kind === "do" && !known.has(s.callee))
      throw new CodegenError("BAD_FUNCTION", `calls ${s.callee.name} of another module`, f.name);
    if (s.kind === "let") {
      defined.add(s.local);
      own.push(s.local);
    } else if (s.kind === "if") {
      validateBody(f, s.then, defined, known);
      validateBody(f, s.else, defined, known);
    } else if (s.kind === "block" || s.kind === "loop") validateBody(f, s.body, defined, known);
  }
  for (const local of own) defined.delete(local);
}
