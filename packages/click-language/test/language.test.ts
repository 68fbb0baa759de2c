import { Diagnostics, flatten, graphText, parse } from "@clickos/click-language";
import { splitArguments, unquote } from "@clickos/click-language/arguments";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function flat(text: string): { text: string; errors: string[] } {
  const diagnostics = new Diagnostics();
  const source = { file: "t.click", text };
  const graph = flatten(parse(source, diagnostics), diagnostics);
  return { text: graphText(graph), errors: diagnostics.list.map((d) => d.message) };
}

describe("the language", () => {
  it("flattens chains, declarations, ports and anonymous elements", () => {
    expect(
      flat("a, b :: Queue(10); Idle -> a -> [0] Discard // end\n Idle -> b [0] -> d :: Discard; /* c */\n# line 1\n")
        .text,
    ).toBe(
      "a :: Queue(10);\nb :: Queue(10);\nIdle@3 :: Idle;\nDiscard@4 :: Discard;\nIdle@5 :: Idle;\nd :: Discard;\n\nIdle@3 -> a\n    -> Discard@4;\nIdle@5 -> b\n    -> d;\n",
    );
  });

  it("expands compound elements with parameters, nested and anonymous", () => {
    const { text, errors: wrong } = flat(`
      elementclass Limited { $rate, LIMIT $n | input -> s :: Strip($rate) -> q :: Queue(\${n}) -> output; input [1] -> Discard; }
      Idle -> l :: Limited(14, LIMIT 7) -> Discard; Idle -> [1] l;
      Idle -> { input -> Strip(1) -> output } -> Discard;`);
    expect(wrong).toEqual([]);
    expect(text).toContain("l/s :: Strip(14);");
    expect(text).toContain("l/q :: Queue(7);");
    expect(text).toContain("Idle@1 -> l/s\n    -> l/q\n    -> Discard@3;");
    expect(text).toContain("Idle@4 -> l/Discard@3;");
  });

  it("splits arguments at commas outside quotes and comments", () => {
    const place = { source: { file: "", text: "" }, offset: 0 };
    const split = (text: string): string[] => splitArguments({ text, place }).map((a) => a.text);
    expect(split(' a, "b, c" , f(x, y), \\<00 , 01>, /* , */ d, ')).toEqual([
      "a",
      '"b, c"',
      "f(x",
      "y)",
      "\\<00 , 01>",
      "d",
    ]);
    expect(split("")).toEqual([]);
    expect(unquote("\"a\\n\\<4142>\" '$x' \\<43 44>")).toBe("a\nAB $x CD");
  });

  it("the lexer and parser never throw, and end in time", () => {
    const piece = fc.constantFrom(
      "a",
      "::",
      "->",
      "[",
      "]",
      "{",
      "}",
      "(",
      ")",
      ";",
      ",",
      "|",
      "$x",
      "//",
      "/*",
      "*/",
      "\n",
      '"',
      "'",
      "\\<",
      "elementclass",
      "=>",
      "input",
      "Queue",
      "é",
      "0",
      "...",
    );
    fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => void flat(pieces.join(" "))));
    expect(flat("(".repeat(60_000)).errors).not.toEqual([]);
    expect(flat("{".repeat(5_000)).errors).not.toEqual([]);
    expect(flat("a -> ".repeat(12_000)).errors).not.toEqual([]);
  });

  it("stops where compounds would go on without end", () => {
    const doubled = Array.from(
      { length: 40 },
      (_, i) => `elementclass A${i + 1} { input -> A${i} -> A${i} -> output }`,
    );
    const { errors, text } = flat(
      `elementclass A0 { input -> Null -> output } ${doubled.join(" ")} Idle -> A40 -> Discard`,
    );
    expect(errors).toContain("more than 10000 compound elements");
    expect(text.length).toBeLessThan(10_000_000);
  });
});
