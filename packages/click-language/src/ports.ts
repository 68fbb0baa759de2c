/**
 * Port counts and push/pull resolution, by Click's codes.
 *
 * @packageDocumentation
 */
import type { Diagnostics } from "./diagnostics.ts";
import { flows } from "./flow-code.ts";
import type { Graph, PortCounts } from "./graph.ts";

export { flows, type PortCounts };

export type Processing = "push" | "pull";

/** What a class says of its ports, in Click's codes. */
export interface PortCodes {
  /** How many there are: `1/1-2`. */
  readonly ports: string;
  /** Push (`h`), pull (`l`) or agnostic (`a`): `a/ah`. */
  readonly processing: string;
  /** Which inputs' packets reach which outputs; without it, all reach all. */
  readonly flow?: string;
}

/** Ports used by each element's connections. */
export function usedPorts(graph: Graph): PortCounts[] {
  const counts = graph.elements.map(() => ({ inputs: 0, outputs: 0 }));
  for (const { from, to } of graph.connections) {
    const a = counts[from.element];
    const b = counts[to.element];
    if (a) a.outputs = Math.max(a.outputs, from.port + 1);
    if (b) b.inputs = Math.max(b.inputs, to.port + 1);
  }
  return counts;
}

/** The range a port count code allows: `1`, `1-2`, `0-`, `-`, `=` (as many as inputs), `=+` (one more). */
export function portRange(code: string, inputs: number): [number, number] {
  if (code.startsWith("=")) return [inputs + code.length - 1, inputs + code.length - 1];
  if (code === "-") return [0, Number.POSITIVE_INFINITY];
  const [low, high] = code.split("-");
  return [Number(low), high === undefined ? Number(low) : high === "" ? Number.POSITIVE_INFINITY : Number(high)];
}

/** Reports wrong port counts, ports left unconnected, and ports connected twice. */
export function checkPorts(
  graph: Graph,
  codes: readonly (string | undefined)[],
  used: readonly PortCounts[],
  diagnostics: Diagnostics,
): void {
  const connectedIn = new Set(graph.connections.map((c) => `${c.to.element}.${c.to.port}`));
  const connectedOut = new Set(graph.connections.map((c) => `${c.from.element}.${c.from.port}`));
  graph.elements.forEach((e, i) => {
    const code = codes[i];
    const counts = used[i];
    if (code === undefined || !counts) return;
    const [inputCode, outputCode] = code.split("/") as [string, string];
    for (const [what, have, range, connected] of [
      ["input", counts.inputs, portRange(inputCode, 0), connectedIn],
      ["output", counts.outputs, portRange(outputCode, counts.inputs), connectedOut],
    ] as const) {
      const [low, high] = range;
      if (have > high)
        diagnostics.error(e.place, `'${e.name} :: ${e.className}' has ${have} ${what}s, but takes at most ${high}`);
      for (let port = 0; port < Math.max(have, low); port++)
        if (!connected.has(`${i}.${port}`))
          diagnostics.error(
            e.place,
            `'${e.name} :: ${e.className}' ${what} ${port} is not connected`,
            what === "output" ? "connect it, or end it in Discard" : "connect something to it, or feed it from Idle",
          );
    }
  });
}

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
  const ports = graph.elements.map((_, i) => {
    const { inputs, outputs } = used[i] as PortCounts;
    const at = first[i] as number;
    return { inputs: states.slice(at, at + inputs), outputs: states.slice(at + inputs, at + inputs + outputs) };
  });

  const seenOut = new Set<string>();
  const seenIn = new Set<string>();
  for (const { from, to, place } of graph.connections) {
    const left = ports[from.element]?.outputs[from.port];
    const right = ports[to.element]?.inputs[to.port];
    const [a, b] = [graph.elements[from.element], graph.elements[to.element]];
    if (left !== right) {
      const word = { h: "push", l: "pull", a: "agnostic" };
      diagnostics.error(
        place,
        `push/pull conflict: '${a?.name} :: ${a?.className}' output ${from.port} is ${word[left ?? "a"]}, '${b?.name} :: ${b?.className}' input ${to.port} is ${word[right ?? "a"]}`,
        left === "h" ? "put a Queue between them" : "put an Unqueue between them",
      );
      continue;
    }
    const out = `${from.element}.${from.port}`;
    const into = `${to.element}.${to.port}`;
    if (left === "h" && seenOut.has(out))
      diagnostics.error(
        place,
        `push output ${from.port} of '${a?.name}' is connected more than once`,
        "put a Tee there to copy packets",
      );
    if (left === "l" && seenOut.has(out))
      diagnostics.error(place, `pull output ${from.port} of '${a?.name}' is connected more than once`);
    if (left === "l" && seenIn.has(into))
      diagnostics.error(place, `pull input ${to.port} of '${b?.name}' is connected more than once`);
    seenOut.add(out);
    seenIn.add(into);
  }
  const name = (s: State): Processing => (s === "l" ? "pull" : "push");
  return ports.map((p) => ({ inputs: p.inputs.map(name), outputs: p.outputs.map(name) }));
}
