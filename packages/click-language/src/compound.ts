/** What fits a compound element: its parameters and the ports that its body uses. */
import { type Argument, takeWord } from "./arguments.ts";
import type { Arrow, CompoundBody, Endpoint, Statement } from "./ast.ts";
import type { PortCounts } from "./graph.ts";

/** Values for a body's parameters, or `undefined` when the arguments do not fit. */
export function bindArguments(body: CompoundBody, args: readonly Argument[]): Map<string, string> | undefined {
  const variables = new Map<string, string>();
  const left = [...args];
  for (const p of body.parameters) {
    if (p.keyword === undefined || p.keyword === "__REST__") continue;
    const at = left.findIndex((a) => takeWord(a.text)[0] === p.keyword);
    const given = at < 0 ? undefined : left.splice(at, 1)[0];
    if (!given) return undefined;
    variables.set(p.variable, takeWord(given.text)[1]);
  }
  for (const p of body.parameters) {
    if (p.keyword === "__REST__")
      variables.set(
        p.variable,
        left
          .splice(0)
          .map((a) => a.text)
          .join(", "),
      );
    else if (p.keyword === undefined) {
      const given = left.shift();
      if (!given) return undefined;
      variables.set(p.variable, given.text);
    }
  }
  return left.length > 0 ? undefined : variables;
}

/** How many ports a compound's statements give it. */
export function portsUsed(statements: readonly Statement[]): PortCounts {
  let [inputs, outputs] = [0, 0];
  for (const s of statements) {
    if (s.kind !== "chain") continue;
    s.groups.forEach((group, i) => {
      for (const e of group) {
        const name = e.element.kind === "name" ? e.element.name : "";
        const implicit = e.element.kind === "implicit";
        const other = (group_: readonly Endpoint[] | undefined, which: "inputPorts" | "outputPorts"): number =>
          (group_ ?? []).reduce((n, o) => n + (o[which]?.length ?? 1), 0);
        const count = (ports: readonly number[] | undefined, arrow: Arrow | undefined, opposite: number): number =>
          ports ? Math.max(...ports) + 1 : arrow === "=>" ? Math.max(1, opposite) : 1;
        if ((name === "input" || (implicit && i === 0)) && i < s.arrows.length)
          inputs = Math.max(inputs, count(e.outputPorts, s.arrows[i], other(s.groups[i + 1], "inputPorts")));
        if ((name === "output" || (implicit && i > 0)) && i > 0)
          outputs = Math.max(outputs, count(e.inputPorts, s.arrows[i - 1], other(s.groups[i - 1], "outputPorts")));
      }
    });
  }
  return { inputs, outputs };
}
