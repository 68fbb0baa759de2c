/** What a configuration may hold that is no error but is not meant: classes and parameters that nothing uses. */
import type { ClassExpression, CompoundBody, Configuration, Statement } from "./ast.ts";
import type { Diagnostics } from "./diagnostics.ts";

/** Warns of classes and parameters that are never used. */
export function lint(configuration: Configuration, diagnostics: Diagnostics): void {
  lintStatements(configuration.statements, diagnostics);
}

function lintStatements(statements: readonly Statement[], diagnostics: Diagnostics): void {
  const used = new Set<string>();
  collectClasses(statements, used);
  const defined = new Set<string>();
  for (const s of statements) {
    if (s.kind === "elementclass") {
      if (!used.has(s.name) && !defined.has(s.name))
        diagnostics.warning(s.place, `element class '${s.name}' is never used`);
      defined.add(s.name);
      lintClass(s.class, diagnostics);
    } else if (s.kind === "chain")
      for (const { element } of s.groups.flat()) {
        if (element.kind === "declaration") lintClass(element.class, diagnostics);
        if (element.kind === "group") lintStatements(element.statements, diagnostics);
      }
  }
}

function lintClass(c: ClassExpression, diagnostics: Diagnostics): void {
  if (c.kind !== "compound") return;
  for (const body of c.bodies) {
    const texts: string[] = [];
    collectTexts(body.statements, texts);
    for (const p of body.parameters) {
      const use = new RegExp(`\\$(?:${p.variable}\\b|\\{${p.variable}\\b)`);
      if (!texts.some((text) => use.test(text)))
        diagnostics.warning(c.place, `parameter '$${p.variable}' is never used`);
    }
    lintStatements(body.statements, diagnostics);
  }
}

function collectClasses(statements: readonly Statement[], names: Set<string>): void {
  const ofClass = (c: ClassExpression): void => {
    if (c.kind === "named") names.add(c.name);
    if (c.kind === "compound") for (const body of c.bodies) collectClasses(body.statements, names);
  };
  for (const s of statements) {
    if (s.kind === "elementclass") ofClass(s.class);
    else if (s.kind === "chain")
      for (const { element } of s.groups.flat()) {
        if (element.kind === "name") names.add(element.name);
        else if (element.kind === "declaration") ofClass(element.class);
        else if (element.kind === "group") collectClasses(element.statements, names);
      }
  }
}

/** All text in which a parameter may stand. */
function collectTexts(statements: readonly Statement[], texts: string[]): void {
  const ofBody = (body: CompoundBody): void => collectTexts(body.statements, texts);
  const ofClass = (c: ClassExpression): void => {
    if (c.kind === "variable") texts.push(`$${c.name}`);
    if (c.kind === "compound") c.bodies.forEach(ofBody);
  };
  for (const s of statements) {
    if (s.kind === "elementclass") ofClass(s.class);
    else if (s.kind === "chain")
      for (const { element } of s.groups.flat()) {
        if (element.kind === "declaration") {
          ofClass(element.class);
          texts.push(element.config?.text ?? "");
        } else if (element.kind === "group") collectTexts(element.statements, texts);
      }
    else texts.push(s.config.text);
  }
}
