/** What fits a compound element: the arguments and ports of its class's bodies. */
import type { Parameter } from "./ast.ts";
import type { Class, Definition } from "./definition.ts";

const rest = "__REST__";

/**
 * Values for parameters, in their order; `undefined` when the arguments do not fit. Positional arguments come first. Of a
 * keyword given twice the last counts. What is left goes to `__REST__`, where there is one.
 */
export function bindArguments(parameters: readonly Parameter[], args: readonly string[]): string[] | undefined {
  if (parameters.at(-1)?.keyword === undefined) return args.length === parameters.length ? [...args] : undefined;
  const collects = parameters.at(-1)?.keyword === rest;
  const named = collects ? parameters.slice(0, -1) : parameters;
  const firstKeyword = named.findIndex((p) => p.keyword !== undefined);
  const positional = firstKeyword < 0 ? named.length : firstKeyword;
  const places = new Map(named.slice(positional).map((p, i) => [p.keyword ?? "", positional + i]));
  const values = new Array<string | undefined>(named.length).fill(undefined);
  const left: string[] = [];
  let given = 0;
  let keywords = false;
  for (const argument of args) {
    const [, word = "", value = ""] = /^([\w.:?!]+)(?:[ \t\n\v\f\r]+(.*))?$/s.exec(argument) ?? [];
    const place = given >= positional && word !== "" ? places.get(word) : undefined;
    if (place !== undefined) {
      values[place] = value;
      keywords = true;
    } else if (given < positional) values[given++] = argument;
    else if (collects || !keywords) {
      // One too many, unless the rest is collected.
      if (!collects) return undefined;
      left.push(argument);
    } else return undefined;
  }
  if (values.includes(undefined)) return undefined;
  return [...(values as string[]), ...(collects ? [left.join(", ")] : [])];
}

/** `Class(<arg>, KEYWORD, ...)[1 input, 1 output]` */
export function signatureOf(definition: Definition): string {
  const words = definition.parameters.map(({ keyword }) =>
    keyword === undefined ? "<arg>" : keyword === rest ? "..." : keyword,
  );
  const list = words.length > 0 ? `(${words.join(", ")})` : "";
  return `${definition.title}${list}[${counted(definition.inputs, "input")}, ${counted(definition.outputs, "output")}]`;
}

/** `Class[2 arguments, 1 input, 1 output]` */
export function useOf(title: string, args: number, inputs: number, outputs: number): string {
  const words = args > 0 ? [counted(args, "argument")] : [];
  return `${title}[${[...words, counted(inputs, "input"), counted(outputs, "output")].join(", ")}]`;
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

export interface Choice {
  /** What is taken: the only one that takes the arguments, where none takes the ports too. */
  readonly class: Class | undefined;
  readonly values: readonly string[];
  /** Those that were tried, where none fits. */
  readonly candidates: readonly Definition[] | undefined;
}

/** Chooses among a class's bodies, and what its name meant before, by arguments and ports. */
export function choose(cls: Definition, args: readonly string[], inputs: number, outputs: number): Choice {
  const candidates: Definition[] = [];
  let closest: Choice | undefined;
  let next: Class | undefined = cls;
  while (next) {
    if (next.kind !== "compound") return { class: next, values: [], candidates: undefined };
    candidates.push(next);
    const values = bindArguments(next.parameters, args);
    if (values) {
      const choice = { class: next, values, candidates: undefined };
      if (next.inputs === inputs && next.outputs === outputs) return choice;
      closest = choice;
    }
    next = next.alternative;
  }
  // One body is taken as it is: what its ports lack is said when they are connected.
  if (closest && candidates.length === 1) return closest;
  return { class: closest?.class, values: closest?.values ?? [], candidates };
}
