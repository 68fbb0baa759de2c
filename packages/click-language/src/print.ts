/** Prints a syntax tree as configuration text; parsing the text gives the tree again. */
import type {
  ClassExpression,
  CompoundBody,
  CompoundClass,
  ConfigText,
  Configuration,
  Endpoint,
  Head,
  PortList,
  Statement,
} from "./ast.ts";

/** The configuration as text: a statement a line, compounds indented. Comments are not part of the tree. */
export function printConfiguration(configuration: Configuration): string {
  return statements(configuration.statements, "");
}

function statements(list: readonly Statement[], indent: string): string {
  return list.map((s) => `${indent}${statement(s, indent)}\n`).join("");
}

function statement(s: Statement, indent: string): string {
  if (s.kind === "chain") {
    const lists = s.lists.map(({ arrow, endpoints }) => {
      const text = endpoints.map((e) => endpoint(e, indent)).join(", ");
      return arrow === undefined ? text : `${arrow} ${text}`;
    });
    return `${lists.join(" ").trim()};`;
  }
  if (s.kind === "elementclass") {
    const text = `elementclass ${s.name} ${s.class ? classText(s.class, indent) : ""}`;
    return s.class?.kind === "compound" ? text : `${text};`;
  }
  return `${s.kind}${configText(s.config)};`;
}

function ports(list: PortList | undefined): string {
  return list === undefined ? "" : `[${list.ports.join(", ")}${list.open ? "," : ""}]`;
}

function endpoint(e: Endpoint, indent: string): string {
  const cls = e.class ? ` :: ${classText(e.class, indent)}` : "";
  const text = `${headText(e.head, indent)}${cls}${configText(e.config)}`;
  return [ports(e.inputPorts), text, ports(e.outputPorts)].filter((part) => part !== "").join(" ");
}

function headText(head: Head, indent: string): string {
  if (head.kind === "name") return head.name;
  if (head.kind === "implicit") return "";
  if (head.kind === "compound") return compoundText(head, indent);
  return `(\n${statements(head.statements, `${indent}  `)}${indent})`;
}

function configText(config: ConfigText | undefined): string {
  return config === undefined ? "" : `(${config.text})`;
}

function classText(c: ClassExpression, indent: string): string {
  return c.kind === "named" ? c.name : compoundText(c, indent);
}

function compoundText(c: CompoundClass, indent: string): string {
  const inner = `${indent}  `;
  const body = (b: CompoundBody): string => {
    if (b.extends) return " ... ";
    const parameters = b.parameters.map((p) => `${p.keyword === undefined ? "" : `${p.keyword} `}$${p.variable}`);
    return `${parameters.length > 0 ? ` ${parameters.join(", ")} |` : ""}\n${statements(b.statements, inner)}${indent}`;
  };
  return `{${c.bodies.map(body).join("||")}}`;
}
