/** Push and pull: what every port is, by the codes of its class and by what it is connected to. */
import type { Diagnostics } from "./diagnostics.ts";
import { flows } from "./flow-code.ts";
import type { Graph, PortCounts } from "./graph.ts";
import type { PortCodes } from "./port-counts.ts";
import { reportConflicts } from "./processing-conflicts.ts";

export type Processing = "push" | "pull";

function codeAt(codes: string, port: number): string {
  return codes[Math.min(port, codes.length - 1)] ?? "a";
}

export interface ResolvedProcessing {
  readonly inputs: readonly Processing[];
  readonly outputs: readonly Processing[];
}

/** Decides push or pull for every port; agnostic ports follow those that the flow code joins them to. */
export function resolveProcessing(
  graph: Graph,
  classes: readonly (PortCodes | undefined)[],
  used: readonly PortCounts[],
  diagnostics: Diagnostics,
): ResolvedProcessing[] {
  type State = "h" | "l" | "a";
  const known = (letter: string): State => (letter === "h" || letter === "l" ? letter : "a");
  // All ports in one row: an element's inputs, then its outputs.
  const first: number[] = [];
  const states: State[] = [];
  const fixed: boolean[] = [];
  const owner: number[] = [];
  graph.elements.forEach((_, i) => {
    const [inputCode, outputCode] = (classes[i]?.processing ?? "a/a").split("/") as [string, string?];
    const counts = used[i] as PortCounts;
    first.push(states.length);
    const add = (codes: string, count: number): void => {
      for (let port = 0; port < count; port++) {
        const state = known(codeAt(codes, port));
        states.push(state);
        fixed.push(state !== "a");
        owner.push(i);
      }
    };
    add(inputCode, counts.inputs);
    add(outputCode ?? inputCode, counts.outputs);
  });
  const inputAt = (element: number, port: number): number => (first[element] as number) + port;
  const outputAt = (element: number, port: number): number =>
    (first[element] as number) + (used[element] as PortCounts).inputs + port;
  const across: (number[] | undefined)[] = new Array(states.length);
  const join = (a: number, b: number): void => {
    const list = across[a];
    if (list) list.push(b);
    else across[a] = [b];
  };
  for (const { from, to } of graph.connections) {
    const [a, b] = [outputAt(from.element, from.port), inputAt(to.element, to.port)];
    join(a, b);
    join(b, a);
  }
  // From each port that is decided, on to those that follow it.
  const spread = (start: readonly number[]): void => {
    const work = [...start];
    for (let key = work.pop(); key !== undefined; key = work.pop()) {
      const state = states[key] as State;
      if (state === "a") continue;
      const decide = (other: number): void => {
        if (states[other] !== "a") return;
        states[other] = state;
        work.push(other);
      };
      for (const other of across[key] ?? []) decide(other);
      // A port that is push or pull by itself says nothing about the element's others.
      if (fixed[key]) continue;
      const element = owner[key] as number;
      const { inputs, outputs } = used[element] as PortCounts;
      const port = key - (first[element] as number);
      const code = classes[element]?.flow;
      if (port < inputs) {
        for (let p = 0; p < outputs; p++) if (flows(code, port, p)) decide(outputAt(element, p));
      } else for (let p = 0; p < inputs; p++) if (flows(code, p, port - inputs)) decide(inputAt(element, p));
    }
  };
  spread(states.map((_, i) => i));
  // What nothing decides is push.
  states.forEach((state, key) => {
    if (state !== "a" || states[key] !== "a") return;
    states[key] = "h";
    spread([key]);
  });
  const name = (s: State): Processing => (s === "l" ? "pull" : "push");
  const ports = graph.elements.map((_, i) => {
    const { inputs, outputs } = used[i] as PortCounts;
    const [at, next] = [first[i] as number, (first[i] as number) + inputs];
    return {
      inputs: states.slice(at, next).map(name),
      outputs: states.slice(next, next + outputs).map(name),
    };
  });
  const conflict = graph.connections.some(
    ({ from, to }) => ports[from.element]?.outputs[from.port] !== ports[to.element]?.inputs[to.port],
  );
  if (conflict) reportConflicts(graph, classes, used, diagnostics);
  return ports;
}
