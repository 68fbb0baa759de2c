/** Flow codes: which inputs' packets reach which outputs; and the signals that are found along flows. */
import type { CheckedGraph, ElementInstance } from "./check.ts";

/** The letters of one side of a flow code, a set a port; `[ab]` is several, `[^a]` all but, `#` the port's number. */
function letters(code: string): string[] {
  return code.match(/\[\^?[^\]]*\]|[^[]/g) ?? [];
}

/** The letters of a port; `#` is a letter of its own for each port. */
function letterSet(code: string, port: number): { readonly inverted: boolean; readonly letters: ReadonlySet<string> } {
  const text = code.replace(/#/g, String.fromCharCode(0xe000 + port));
  const inverted = text.startsWith("[^");
  return { inverted, letters: new Set(text.startsWith("[") ? text.slice(inverted ? 2 : 1, -1) : text) };
}

function matches(a: ReturnType<typeof letterSet>, b: ReturnType<typeof letterSet>): boolean {
  if (a.inverted && b.inverted) return true;
  if (a.inverted) return [...b.letters].some((ch) => !a.letters.has(ch));
  if (b.inverted) return [...a.letters].some((ch) => !b.letters.has(ch));
  return [...a.letters].some((ch) => b.letters.has(ch));
}

/** Whether packets of an input reach an output. `COMPLETE_FLOW` is `x/x`. */
export function flows(code: string | undefined, input: number, output: number): boolean {
  if (code === undefined || code === "x/x") return true;
  const [left, right] = code.split("/") as [string, string?];
  const ins = letters(left);
  const outs = letters(right ?? left);
  const a = ins[Math.min(input, ins.length - 1)];
  const b = outs[Math.min(output, outs.length - 1)];
  return a !== undefined && b !== undefined && matches(letterSet(a, input), letterSet(b, output));
}

/** Who tells an element whether there are packets, or room; `busy` when somebody on the way cannot tell. */
export interface Signals {
  /** Those to ask. */
  readonly elements: ReadonlySet<number>;
  /** Those who may call: the same, and those behind notifiers that look further themselves. */
  readonly callers: ReadonlySet<number>;
  readonly busy: boolean;
}

/** Finds the notifiers that a pull from an input, or a push to an output, meets. */
export function findSignals(
  graph: CheckedGraph,
  neighbours: Neighbours,
  from: { element: number; port: number },
  direction: "upstream" | "downstream",
): Signals {
  const elements = new Set<number>();
  const callers = new Set<number>();
  const seen = new Set<string>();
  let busy = false;
  const work = [{ element: from.element, port: from.port, asked: true }];
  for (let at = work.pop(); at; at = work.pop()) {
    const { element, port, asked } = at;
    const next = direction === "upstream" ? neighbours.sources(element, port) : neighbours.targets(element, port);
    if (next.length === 0 && asked) busy = true;
    const found: typeof work = [];
    for (const to of next) {
      const key = `${to.element}.${to.port}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const e = graph.elements[to.element] as ElementInstance;
      const notifier = direction === "upstream" ? e.class.notifier?.active : e.class.notifier?.room;
      if (notifier) {
        if (asked) elements.add(to.element);
        callers.add(to.element);
        if (!e.class.notifier?.through) continue;
      }
      const further = asked && !notifier;
      const ports = direction === "upstream" ? e.inputs : e.outputs;
      const wanted = direction === "upstream" ? "pull" : "push";
      const ways = ports.flatMap((processing, p) =>
        processing === wanted &&
        (direction === "upstream" ? flows(e.class.flow, p, to.port) : flows(e.class.flow, to.port, p))
          ? [p]
          : [],
      );
      // Somebody who makes or ends packets and tells nobody.
      if (ways.length === 0 && further) busy = true;
      for (const p of ways) found.push({ element: to.element, port: p, asked: further });
    }
    // The first of them next, so that notifiers are found in the order of the ports.
    work.push(...found.reverse());
  }
  return { elements, callers, busy };
}

export interface Neighbours {
  sources(element: number, input: number): readonly { readonly element: number; readonly port: number }[];
  targets(element: number, output: number): readonly { readonly element: number; readonly port: number }[];
}
