/** Flow codes: which inputs' packets reach which outputs (Click's `flow_code`). */

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
