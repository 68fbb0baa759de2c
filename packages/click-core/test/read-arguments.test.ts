/** How arguments find their places, by keyword and by position, and what is said of those that have none. */
import { Router } from "@clickos/click-core";
import { checkConfiguration } from "@clickos/click-core/compile";
import {
  accepted,
  arg,
  type ConfigSpec,
  deprecated,
  element,
  elementSet,
  keyword,
  positional,
  required,
  rest,
} from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { type ConfigurationError, type Diagnostic, formatDiagnostics } from "@clickos/click-language";
import { describe, expect, it } from "vitest";

/** What a class makes of its arguments: the values, the errors, and the warnings. */
function read(config: ConfigSpec, text: string): { values?: unknown; error?: string; warnings: string[] } {
  let values: unknown;
  const X = element({
    name: "X",
    ports: "0/0",
    processing: "a/a",
    config,
    prepare: (context) => {
      values = context.config;
    },
  });
  const warnings: string[] = [];
  /** Without the line that names the element, and the text that a message is about. */
  const said = (list: readonly Diagnostic[]): string =>
    formatDiagnostics(list.map(({ section, place, ...d }) => ({ ...d, place: undefined })));
  try {
    checkConfiguration({ file: "t", text: `x :: X(${text})` }, elementSet(X), {
      warn: (list) => warnings.push(said(list)),
    });
    return { values, warnings };
  } catch (e) {
    return { error: said((e as ConfigurationError).diagnostics), warnings };
  }
}

const spec = {
  RATE: required(arg.u32),
  BURST: positional(arg.u32, 1),
  LABEL: positional(arg.string, "none"),
  ACTIVE: keyword(arg.bool, true),
  PROMISC: accepted(arg.bool, "the device is the router's alone"),
};

describe("arguments", () => {
  it.each([
    ["5", { RATE: 5 }],
    ["5, 2", { RATE: 5, BURST: 2 }],
    ["RATE 5, LABEL x", { RATE: 5, LABEL: "x" }],
    ["5, 2, ACTIVE false, LABEL x", { RATE: 5, BURST: 2, LABEL: "x", ACTIVE: false }],
    ["RATE 1, RATE 2", { RATE: 2 }],
    // The keyword's value counts, and what stands in its place is read.
    ["1, RATE 2", { RATE: 2 }],
    // An empty argument is none.
    ["RATE 1, LABEL x,", { RATE: 1, LABEL: "x" }],
    ["5, , x", { RATE: 5, LABEL: "x" }],
    ['5, 2, "some words"', { RATE: 5, BURST: 2, LABEL: "some words" }],
    // A keyword is a word with something after it.
    ["5, 2, ACTIVE", { RATE: 5, BURST: 2, LABEL: "ACTIVE" }],
    ["5, 2, NOSUCH", { RATE: 5, BURST: 2, LABEL: "NOSUCH" }],
  ])("%s", (text, values) =>
    expect(read(spec, text)).toEqual({
      values: { BURST: 1, LABEL: "none", ACTIVE: true, ...values },
      warnings: [],
    }),
  );

  it.each([
    ["", "RATE: required argument missing\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]"],
    ["5, BRUST 7", "BRUST: unknown argument\n  hint: did you mean 'BURST'?"],
    ["5, active false", "active: unknown argument\n  hint: did you mean 'ACTIVE'?"],
    ["5, ZZZZZZ 1", "ZZZZZZ: unknown argument\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]"],
    ["5, 2, some words", "some: unknown argument\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]"],
    ["RATTE 5", "RATE: invalid number\n  hint: did you mean 'RATE'?"],
    ["5, 2, x, y", "too many arguments\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]"],
    ["5, 2, x, ACTIVE", "too many arguments\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]"],
    // Behind a keyword there are no positions.
    ["RATE 5, 2", "too many arguments\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]"],
    [
      "5, LABEL x, ACTIVE false, 2",
      "too many arguments\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]",
    ],
    // One line for each that is bad, in the order of the specification; then those that are unknown.
    [
      "5, ZZZZZZ 1, ACTIVE 7, BURST x",
      "BURST: invalid number\n  hint: 'x' is not an integer between 0 and 4294967295\nACTIVE: parse error\n  hint: '7' is not true or false\nZZZZZZ: unknown argument\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]",
    ],
    [
      "RATE 4294967296",
      "RATE: out of range, bound 4294967295\n  hint: '4294967296' is not an integer between 0 and 4294967295",
    ],
    ["5, LABEL a b", "LABEL: parse error\n  hint: 'a b' is not a string; in quotes where it has spaces"],
    ["5, 2, x, , ,", "too many arguments\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]"],
    ["5, ACTIVE perhaps", "ACTIVE: parse error\n  hint: 'perhaps' is not true or false"],
    [
      "5, constructor 1",
      "constructor: unknown argument\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]",
    ],
    [
      "5, __proto__ 1",
      "__proto__: unknown argument\n  hint: takes RATE, [BURST], [LABEL], [ACTIVE ...], [PROMISC ...]",
    ],
  ])("%s is refused", (text, error) => expect(read(spec, text)).toEqual({ error, warnings: [] }));

  it("that must be given and are empty are nothing, where their type has that", () => {
    const config = { A: required(arg.u32), B: required(arg.time), C: required(arg.string), D: keyword(arg.u32, 7) };
    expect(read(config, ", , , D 8").values).toEqual({ A: 0, B: 0n, C: "", D: 8 });
    expect(read({ A: required(arg.etherAddress), B: required(arg.u32) }, ", 1").error).toMatch(
      /^A: required argument missing/,
    );
    expect(read({ A: required(arg.u32) }, "").error).toMatch(/^A: required argument missing/);
  });

  it("that are deprecated are read, with a warning", () => {
    const old = { NEW: keyword(arg.u8, 0), OLD: deprecated(keyword(arg.u8, 0)) };
    expect(read(old, "OLD 5")).toEqual({
      values: { NEW: 0, OLD: 5 },
      warnings: ["OLD: warning: argument deprecated"],
    });
    expect(read(old, "NEW 5").warnings).toEqual([]);
  });

  it("that change nothing are read, left out, and noted with the reason", () => {
    const { values, warnings } = read(spec, "5, PROMISC true");
    expect(values).not.toHaveProperty("PROMISC");
    expect(warnings).toEqual(["PROMISC: note: changes nothing: the device is the router's alone"]);
    expect(read(spec, "5, PROMISC x").error).toMatch(/^PROMISC: parse error/);
    expect(read(spec, "5, PROMISK true").error).toMatch(/did you mean 'PROMISC'/);
  });

  it("without a name are numbered", () => {
    const list = { ROUTE: rest(arg.words({ A: arg.u8, B: arg.u8 })), CAPACITY: keyword(arg.u32, 0) };
    expect(read(list, "1 2, CAPACITY 5, 3 4").values).toEqual({
      ROUTE: [
        { A: 1, B: 2 },
        { A: 3, B: 4 },
      ],
      CAPACITY: 5,
    });
    expect(read(list, "1 2, 3 x").error).toMatch(/^ROUTE 2: B: invalid number/);
    expect(read(list, "CAPACTIY 5").error).toBe("ROUTE 1: A: invalid number\n  hint: did you mean 'CAPACITY'?");
  });

  it("may have a position and no keyword", () => {
    const place = { "OFFSET*": positional(arg.u16, 0) };
    expect(read(place, "7").values).toEqual({ "OFFSET*": 7 });
    expect(read(place, "OFFSET 7").error).toBe("OFFSET: unknown argument\n  hint: takes [OFFSET]");
    expect(read(place, "x").error).toMatch(/^OFFSET\*: invalid number/);
  });
});

/** As many connections to `x` as it needs. */
function wired(ports: string): string {
  const [inputs = "", outputs = inputs] = ports.split("/");
  const least = (code: string, inputs = 0): number =>
    code.startsWith("=") ? inputs + code.length - 1 : Number.parseInt(code, 10) || 0;
  const count = least(inputs);
  return [
    ...Array.from({ length: count }, (_, i) => `Idle -> [${i}] x;`),
    ...Array.from({ length: least(outputs, count) }, (_, i) => `x [${i}] -> Idle;`),
  ].join(" ");
}

describe("every element", () => {
  it("refuses a keyword that it does not know, by its name", () => {
    const withRest = Object.values(elements).filter(
      (c) => !Object.values((c.config ?? {}) as ConfigSpec).some((s) => s.kind === "rest"),
    );
    expect(withRest.length).toBeGreaterThan(40);
    for (const { name, ports, config = {} } of withRest) {
      let message = "";
      try {
        // What must be given is, so that nothing takes the keyword for a value.
        const given = Object.entries(config as ConfigSpec).flatMap(([n, s]) =>
          s.kind === "required" ? [`${n} 1`] : [],
        );
        Router.compileSync(`x :: ${name}(${[...given, "NO_SUCH_KEYWORD true"].join(", ")});${wired(ports)}`, {
          elements,
        });
      } catch (e) {
        message = (e as Error).message;
      }
      expect([name, message]).toEqual([name, expect.stringContaining("NO_SUCH_KEYWORD: unknown argument")]);
    }
  });
});
