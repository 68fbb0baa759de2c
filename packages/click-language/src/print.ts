/** Prints a syntax tree as configuration text; parsing the text gives the tree again. */
import type { ClassExpression, CompoundBody, ConfigText, Configuration, Endpoint, Statement } from "./ast.ts";

/** The configuration as text: a statement a line, compounds indented. Comments are not part of the tree. */
export function printConfiguration(configuration: Configuration): string {
  return statements(configuration.statements, "");
}

function statements(list: readonly Statement[], indent: string): string {
  return list.map((s) => `${indent}${statement(s, indent)}\n`).join("");
}

function statement(s: Statement, indent: string): string {
  if (s.kind === "chain") {
    const groups = s.groups.map((g) => g.map((e) => endpoint(e, indent)).join(", "));
    const chain = groups.map((g, i) => (i === 0 ? g : `${s.arrows[i - 1]} ${g}`)).join(" ");
    return `${chain.trim()};`;
  }
  if (s.kind === "elementclass") {
    const text = `elementclass ${s.name} ${classText(s.class, indent)}`;
    return s.class.kind === "compound" ? text : `${text};`;
  }
  return `${s.kind}${configText(s.config)};`;
}

function ports(list: readonly number[] | undefined): string {
  return list === undefined ? "" : `[${list.join(", ")}]`;
}

function endpoint(e: Endpoint, indent: string): string {
  const { element } = e;
  let text = "";
  if (element.kind === "name") text = element.name;
  else if (element.kind === "group") text = `(\n${statements(element.statements, `${indent}  `)}${indent})`;
  else if (element.kind === "declaration") {
    const names = element.names.map((n) => n.text).join(", ");
    text = `${names ? `${names} :: ` : ""}${classText(element.class, indent)}${configText(element.config)}`;
  }
  return [ports(e.inputPorts), text, ports(e.outputPorts)].filter((part) => part !== "").join(" ");
}

function configText(config: ConfigText | undefined): string {
  return config === undefined ? "" : `(${config.text})`;
}

function classText(c: ClassExpression, indent: string): string {
  if (c.kind === "named") return c.name;
  if (c.kind === "variable") return `\${${c.name}}`;
  const inner = `${indent}  `;
  const body = (b: CompoundBody): string => {
    const parameters = b.parameters.map((p) => `${p.keyword === undefined ? "" : `${p.keyword} `}$${p.variable}`);
    return `${parameters.length > 0 ? ` ${parameters.join(", ")} |` : ""}\n${statements(b.statements, inner)}${indent}`;
  };
  return `{${c.bodies.map(body).join("||")}${c.extends ? `${c.bodies.length > 0 ? "||" : ""} ... ` : ""}}`;
}
