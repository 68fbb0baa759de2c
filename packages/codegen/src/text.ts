/** Prints a module's intermediate representation, for reading. */
import type { Expression, FunctionIr, FunctionRef, Local, MemoryIndex, ModuleIr, Statement } from "./ir.ts";

export function moduleText(ir: ModuleIr): string {
  const lines = [
    ...ir.memories.map(
      (memory) =>
        `memory ${memory.module}.${memory.name} ${memory.initialPages}..${memory.maximumPages} pages${memory.shared ? " shared" : ""}`,
    ),
    ...ir.data.map((d) => `data ${d.offset} ${d.bytes.length} bytes`),
  ];
  const exported = new Map<FunctionRef, string[]>();
  for (const [name, f] of ir.exports) exported.set(f, [...(exported.get(f) ?? []), name]);
  for (const f of ir.imports) lines.push(`import ${signature(f)}`);
  for (const f of ir.functions) {
    for (const name of exported.get(f.ref) ?? []) lines.push(`export ${name} = ${f.ref.name}`);
    lines.push(`${signature(f.ref)} {`);
    statements(f.body, "  ", lines, namesOf(f));
    lines.push("}");
  }
  return `${lines.join("\n")}\n`;
}

function signature(f: FunctionRef): string {
  const params = f.paramNames.map((name, i) => `${name}: ${f.params[i]}`).join(", ");
  return `func ${f.name}(${params})${f.result ? `: ${f.result}` : ""}`;
}

/** Of accesses to another memory than the first: which. */
function at(memory: MemoryIndex): string {
  return memory === 0 ? "" : `@${memory}`;
}

/** Names of a function's locals: those of parameters as they are, others with a number, in order of appearance. */
type Names = (local: Local) => string;

function namesOf(f: FunctionIr): Names {
  const names = new Map(f.params.map((local) => [local, local.name]));
  return (local) => {
    let name = names.get(local);
    if (name === undefined) {
      name = `${local.name}${names.size}`;
      names.set(local, name);
    }
    return name;
  };
}

function statements(body: readonly Statement[], indent: string, lines: string[], names: Names): void {
  const x = (e: Expression): string => expression(e, names);
  const inner = `${indent}  `;
  for (const s of body) {
    switch (s.kind) {
      case "let":
      case "set":
        lines.push(`${indent}${names(s.local)} ${s.kind === "let" ? "=" : ":="} ${x(s.value)}`);
        break;
      case "store":
        lines.push(
          `${indent}store${s.width}${s.order === "be" ? "be" : ""} ${at(s.memory)}[${x(s.address)} + ${s.offset}] ${x(s.value)}`,
        );
        break;
      case "atomicStore":
        lines.push(`${indent}atomic.store ${at(s.memory)}[${x(s.address)} + ${s.offset}] ${x(s.value)}`);
        break;
      case "copy16":
        lines.push(
          `${indent}copy16 ${at(s.toMemory)}[${x(s.to)} + ${s.toOffset}] ${at(s.fromMemory)}[${x(s.from)} + ${s.fromOffset}]`,
        );
        break;
      case "zero16":
        lines.push(`${indent}zero16 ${at(s.memory)}[${x(s.to)} + ${s.offset}]`);
        break;
      case "copy":
        lines.push(`${indent}copy ${at(s.toMemory)}[${x(s.to)}] ${at(s.fromMemory)}[${x(s.from)}] ${x(s.length)}`);
        break;
      case "fill":
        lines.push(`${indent}fill ${at(s.memory)}[${x(s.to)}] ${x(s.value)} ${x(s.length)}`);
        break;
      case "if":
        lines.push(`${indent}if ${x(s.condition)} {`);
        statements(s.then, inner, lines, names);
        if (s.else.length > 0) {
          lines.push(`${indent}} else {`);
          statements(s.else, inner, lines, names);
        }
        lines.push(`${indent}}`);
        break;
      case "block":
      case "loop":
        lines.push(
          `${indent}${s.kind} ${s.label.name}${s.label.region === undefined ? "" : ` of ${s.label.region}`} {`,
        );
        statements(s.body, inner, lines, names);
        lines.push(`${indent}}`);
        break;
      case "br":
        lines.push(`${indent}br ${s.label.name}`);
        break;
      case "switch":
        lines.push(`${indent}switch ${x(s.index)} [${s.labels.map((l) => l.name).join(" ")}] ${s.otherwise.name}`);
        break;
      case "return":
        lines.push(`${indent}return${s.value ? ` ${x(s.value)}` : ""}`);
        break;
      case "do":
        lines.push(`${indent}${s.callee.name}(${s.args.map(x).join(", ")})`);
        break;
      case "placeData":
      case "trap":
        lines.push(`${indent}${s.kind}`);
        break;
    }
  }
}

function expression(e: Expression, names: Names): string {
  const x = (operand: Expression): string => expression(operand, names);
  switch (e.kind) {
    case "const":
      return `${e.value}`;
    case "local":
      return names(e);
    case "unary":
      return `${e.op}(${x(e.a)})`;
    case "binary":
      return `(${x(e.a)} ${e.op} ${x(e.b)})`;
    case "load":
      return `load${e.width}${e.order === "be" ? "be" : ""}${e.signed ? "s" : ""}${at(e.memory)}[${x(e.address)} + ${e.offset}]`;
    case "select":
      return `(${x(e.condition)} ? ${x(e.a)} : ${x(e.b)})`;
    case "call":
      return `${e.callee.name}(${e.args.map(x).join(", ")})`;
    case "atomicLoad":
      return `atomic.load${at(e.memory)}[${x(e.address)} + ${e.offset}]`;
    case "atomicRmw":
      return `atomic.${e.op}${at(e.memory)}[${x(e.address)} + ${e.offset}](${[e.value, e.replacement].map((v) => (v ? x(v) : "")).join(" ")})`;
  }
}
