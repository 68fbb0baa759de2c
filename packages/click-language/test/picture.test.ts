import { dotPicture, mermaidPicture, pictureOf, textPicture } from "@clickos/click-language";
import { describe, expect, it } from "vitest";

const classes = {
  Source: { ports: "0/1", processing: "h" },
  Queue: { ports: "1/1", processing: "h/l" },
  Sink: { ports: "1/0", processing: "a" },
};
const text =
  "elementclass Buffer { input -> q :: Queue(10) -> output }\nSource -> b :: Buffer -> Sink; Source -> Odd(<1>)";

describe("pictures", () => {
  const picture = pictureOf({ file: "p", text }, classes);

  it("know push and pull as far as classes are known", () => {
    expect([...picture.unknown].map((i) => picture.graph.elements[i]?.className)).toEqual(["Odd"]);
    expect(picture.processing).toEqual(["pull", "push", "push"]);
    expect(pictureOf({ file: "p", text }, {}).processing).toEqual(["push", "push", "push"]);
    expect(picture.diagnostics.list).toEqual([]);
  });

  it("are drawn to be read", () => {
    expect(textPicture(picture)).toBe(`Source@1 :: Source
    -> b/q
Sink@3 :: Sink
Source@4 :: Source
    -> Odd@5
Odd@5 :: Odd(<1>)  (unknown class)
┌ b
│ q :: Queue(10)
│     ~> Sink@3
└
`);
  });

  it("are drawn for Graphviz, pull dashed and unknown classes red", () => {
    expect(dotPicture(picture).split("\n").slice(5)).toEqual([
      '  n0 [label="Source"];',
      '  n1 [label="Sink"];',
      '  n2 [label="Source"];',
      '  n3 [label="Odd(<1>)", fillcolor="#fde8e8", color="#c0392b"];',
      "  subgraph cluster_0 {",
      '    label="b";',
      '    n4 [label="q :: Queue(10)"];',
      "  }",
      "  n4 -> n1 [style=dashed, arrowhead=empty];",
      "  n2 -> n3;",
      "  n0 -> n4;",
      "}",
      "",
    ]);
  });

  it("are drawn for Mermaid, pull dotted", () => {
    expect(mermaidPicture(picture)).toBe(`flowchart TB
  n0["Source"]
  n1["Sink"]
  n2["Source"]
  n3["Odd(#lt;1#gt;)"]
  subgraph g0 ["b"]
    n4["q :: Queue(10)"]
  end
  n4 -.-> n1
  n2 --> n3
  n0 --> n4
`);
  });

  it("show a configuration with mistakes as far as it parses", () => {
    const { graph, diagnostics } = pictureOf({ file: "p", text: "Source -> ; Source -> Sink" }, classes);
    expect(graph.elements.map((e) => e.className)).toEqual(["Source", "Source", "Sink"]);
    expect(diagnostics.failed).toBe(true);
  });
});
