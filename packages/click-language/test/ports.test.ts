import { Diagnostics, flatten, type Graph, parse } from "@clickos/click-language";
import {
  checkRange,
  checkUse,
  flows,
  type PortCodes,
  portRange,
  resolveProcessing,
} from "@clickos/click-language/ports";
import { describe, expect, it } from "vitest";

const classes: Readonly<Record<string, PortCodes>> = {
  Source: { ports: "0/1", processing: "h" },
  Sink: { ports: "1/0", processing: "a" },
  Queue: { ports: "1/1", processing: "h/l" },
  Unqueue: { ports: "1/1", processing: "l/h" },
  Null: { ports: "1/1", processing: "a" },
  TwoWires: { ports: "2/2", processing: "a/a", flow: "xy/xy" },
};

function graphOf(text: string): Graph {
  const diagnostics = new Diagnostics();
  const graph = flatten(parse({ file: "p", text }, diagnostics), diagnostics);
  diagnostics.throwIfFailed();
  return graph;
}

function resolved(text: string): { ports: Record<string, string>; errors: string[] } {
  const graph = graphOf(text);
  const diagnostics = new Diagnostics();
  const codes = graph.elements.map((e) => classes[e.className]);
  const counts = checkRange(
    graph,
    codes.map((c) => c?.ports),
    diagnostics,
  );
  const processing = diagnostics.failed ? [] : resolveProcessing(graph, codes, counts, diagnostics);
  if (!diagnostics.failed) checkUse(graph, counts, processing, diagnostics);
  return {
    ports: Object.fromEntries(
      graph.elements.map((e, i) => [
        e.name,
        `${processing[i]?.inputs.join(" ")} / ${processing[i]?.outputs.join(" ")}`,
      ]),
    ),
    errors: diagnostics.list.map((d) => d.message),
  };
}

describe("flow codes", () => {
  it("say which inputs reach which outputs", () => {
    const table = (code: string | undefined, inputs: number, outputs: number): string =>
      Array.from({ length: inputs }, (_, i) =>
        Array.from({ length: outputs }, (_x, o) => (flows(code, i, o) ? "x" : ".")).join(""),
      ).join(" ");
    expect(table(undefined, 2, 2)).toBe("xx xx");
    expect(table("x/x", 2, 3)).toBe("xxx xxx");
    expect(table("x/y", 1, 1)).toBe(".");
    expect(table("xy/x", 2, 2)).toBe("xx ..");
    expect(table("xyz/[xz]y", 3, 2)).toBe("x. .x x.");
    expect(table("#/#", 3, 3)).toBe("x.. .x. ..x");
    expect(table("#/[^#]", 3, 3)).toBe(".xx x.x xx.");
    expect(table("xy/[^x]x", 2, 2)).toBe(".x x.");
  });
});

describe("port counts", () => {
  it("are ranges", () => {
    expect(["1", "1-2", "0-", "-", "=", "=+"].map((code) => portRange(code, 3))).toEqual([
      [1, 1],
      [1, 2],
      [0, Number.POSITIVE_INFINITY],
      [0, Number.POSITIVE_INFINITY],
      [3, 3],
      [4, 4],
    ]);
  });

  it("are kept to, and every port is connected", () => {
    expect(resolved("Source -> [1] n :: Null -> Sink").errors).toEqual(["'n :: Null' has no input 1"]);
    expect(resolved("Source -> n :: Null").errors).toEqual(["'n :: Null' output 0 unused"]);
  });
});

describe("processing", () => {
  it("spreads along agnostic ports, and what nothing decides is push", () => {
    const { ports, errors } = resolved(
      "s :: Source -> n :: Null -> q :: Queue -> m :: Null -> u :: Unqueue -> k :: Sink; Null -> Null -> Sink; o :: Other -> Null -> Sink",
    );
    expect(errors).toEqual(["'Null@7 :: Null' input 0 unused"]);
    expect([ports.n, ports.q, ports.m, ports.u, ports.k]).toEqual([
      "push / push",
      "push / pull",
      "pull / pull",
      "pull / push",
      "push / ",
    ]);
    expect([ports["Null@8"], ports.o]).toEqual(["push / push", " / push"]);
  });

  it("stays on its side of a flow code", () => {
    const { ports, errors } = resolved("Source -> w :: TwoWires -> Queue -> [1] w; w [1] -> Unqueue -> Sink");
    expect([ports.w, errors]).toEqual(["push pull / push pull", []]);
  });

  it("conflicts are named with their ports", () => {
    expect(resolved("s :: Source -> u :: Unqueue -> Sink").errors).toEqual([
      "'s :: Source' push output 0 connected to 'u :: Unqueue' pull input 0",
    ]);
    expect(resolved("s :: Source -> Sink; s -> Sink").errors).toEqual(["illegal reuse of 's :: Source' push output 0"]);
  });
});
