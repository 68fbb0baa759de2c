/** What a configuration may hold that is no error but is not meant: classes and parameters that nothing uses. */
import type { ClassExpression, CompoundBody, Configuration, Endpoint, Statement } from "./ast.ts";
import type { Diagnostics } from "./diagnostics.ts";

/** The classes that are named in some statements, with all that is in them: each is gathered once, from the innermost outwards. */
type Used = Map<readonly Statement[], ReadonlySet<string>>;

/** Warns of classes and parameters that are never used. */
export function lint(configuration: Configuration, diagnostics: Diagnostics): void {
  lintStatements(configuration.statements, new Map(), diagnostics);
}

function lintStatements(statements: readonly Statement[], used: Used, diagnostics: Diagnostics): void {
  const names = classesIn(statements, used);
  const defined = new Set<string>();
  for (const s of statements) {
    if (s.kind === "elementclass") {
      if (!names.has(s.name) && !defined.has(s.name))
        diagnostics.warning(s.place, `element class '${s.name}' is never used`);
      defined.add(s.name);
      lintClass(s.class, used, diagnostics);
    } else
      for (const { head, class: cls } of endpointsOf(s)) {
        lintClass(cls, used, diagnostics);
        if (head.kind === "compound") lintClass(head, used, diagnostics);
        if (head.kind === "group") lintStatements(head.statements, used, diagnostics);
      }
  }
}

function lintClass(c: ClassExpression | undefined, used: Used, diagnostics: Diagnostics): void {
  if (c?.kind !== "compound") return;
  for (const body of c.bodies) {
    if (body.parameters.length > 0) {
      const texts: string[] = [];
      collectTexts(body.statements, texts);
      for (const p of body.parameters) {
        const use = new RegExp(`\\$(?:${p.variable}\\b|\\{\\s*${p.variable}\\b)`);
        if (!texts.some((text) => use.test(text)))
          diagnostics.warning(c.place, `parameter '$${p.variable}' is never used`);
      }
    }
    lintStatements(body.statements, used, diagnostics);
  }
}

function endpointsOf(s: Statement): readonly Endpoint[] {
  return s.kind === "chain" ? s.lists.flatMap((list) => list.endpoints) : [];
}

function classesIn(statements: readonly Statement[], used: Used): ReadonlySet<string> {
  const known = used.get(statements);
  if (known) return known;
  const names = new Set<string>();
  const within = (inner: readonly Statement[]): void => {
    for (const name of classesIn(inner, used)) names.add(name);
  };
  const ofClass = (c: ClassExpression | undefined): void => {
    if (c?.kind === "named") names.add(c.name);
    if (c?.kind === "compound") for (const body of c.bodies) within(body.statements);
  };
  for (const s of statements) {
    if (s.kind === "elementclass") ofClass(s.class);
    for (const { head, class: cls } of endpointsOf(s)) {
      ofClass(cls);
      if (head.kind === "name") names.add(head.name);
      else if (head.kind === "compound") ofClass(head);
      else if (head.kind === "group") within(head.statements);
    }
  }
  used.set(statements, names);
  return names;
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
