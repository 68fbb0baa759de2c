/** What a configuration may hold that is no error but is not meant: classes and parameters that nothing uses. */
import type { ClassExpression, CompoundBody, Configuration, Endpoint, Statement } from "./ast.ts";
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
    } else
      for (const { head, class: cls } of endpointsOf(s)) {
        lintClass(cls, diagnostics);
        if (head.kind === "compound") lintClass(head, diagnostics);
        if (head.kind === "group") lintStatements(head.statements, diagnostics);
      }
  }
}

function lintClass(c: ClassExpression | undefined, diagnostics: Diagnostics): void {
  if (c?.kind !== "compound") return;
  for (const body of c.bodies) {
    const texts: string[] = [];
    collectTexts(body.statements, texts);
    for (const p of body.parameters) {
      const use = new RegExp(`\\$(?:${p.variable}\\b|\\{\\s*${p.variable}\\b)`);
      if (!texts.some((text) => use.test(text)))
        diagnostics.warning(c.place, `parameter '$${p.variable}' is never used`);
    }
    lintStatements(body.statements, diagnostics);
  }
}

function endpointsOf(s: Statement): readonly Endpoint[] {
  return s.kind === "chain" ? s.lists.flatMap((list) => list.endpoints) : [];
}

function collectClasses(statements: readonly Statement[], names: Set<string>): void {
  const ofClass = (c: ClassExpression | undefined): void => {
    if (c?.kind === "named") names.add(c.name);
    if (c?.kind === "compound") for (const body of c.bodies) collectClasses(body.statements, names);
  };
  for (const s of statements) {
    if (s.kind === "elementclass") ofClass(s.class);
    for (const { head, class: cls } of endpointsOf(s)) {
      ofClass(cls);
      if (head.kind === "name") names.add(head.name);
      else if (head.kind === "compound") ofClass(head);
      else if (head.kind === "group") collectClasses(head.statements, names);
    }
  }
}

/** All text in which a parameter may stand. */
function collectTexts(statements: readonly Statement[], texts: string[]): void {
  const ofBody = (body: CompoundBody): void => collectTexts(body.statements, texts);
  for (const s of statements) {
    if (s.kind === "require" || s.kind === "define") texts.push(s.config.text);
    if (s.kind === "elementclass" && s.class?.kind === "compound") s.class.bodies.forEach(ofBody);
    for (const { head, class: cls, config } of endpointsOf(s)) {
      texts.push(config?.text ?? "");
      if (head.kind === "group") collectTexts(head.statements, texts);
      for (const c of [head, cls]) if (c?.kind === "compound") c.bodies.forEach(ofBody);
    }
  }
}
