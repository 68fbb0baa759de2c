import { Router } from "@clickos/click-core";
import { arg, element, positional, readRest, required, rest } from "@clickos/click-core/element";
import { describe, expect, it } from "vitest";

const config = { TYPE: required(arg.string), VALUES: rest(arg.raw) };
const numbers = { FIRST: required(arg.u32), SECOND: positional(arg.u32, 7) };
let got: unknown;
const Typed = element({
  name: "Typed",
  ports: "0/0",
  processing: "a/a",
  config,
  prepare(reading) {
    got = readRest(numbers, config, reading);
  },
});
const compile = (text: string): Promise<Router> => Router.compile(text, { elements: { Typed } });

describe("arguments that are read by another specification", () => {
  it("are what the class's own leaves, by place and by keyword", async () => {
    for (const [given, wanted] of [
      ["a, 1", { FIRST: 1, SECOND: 7 }],
      ["a, 1, 2", { FIRST: 1, SECOND: 2 }],
      ["a, SECOND 2, FIRST 1", { FIRST: 1, SECOND: 2 }],
    ] as const) {
      using _ = await compile(`Typed(${given})`);
      expect(got).toEqual(wanted);
    }
  });

  it("are wrong in the place where they stand", async () => {
    for (const [given, problem] of [
      ["a", "FIRST: required argument missing"],
      ["a, x", "FIRST: invalid number"],
      ["a, 1, 2, 3", "too many arguments"],
      ["a, 1, THIRD 3", "THIRD: unknown argument"],
    ]) {
      const failed = compile(`Typed(${given})`);
      await expect(failed).rejects.toThrow(problem);
      await expect(failed).rejects.toMatchObject({ code: "BAD_CONFIGURATION" });
      expect(got).toBeUndefined();
    }
    await expect(compile("Typed(a, 1, x)")).rejects.toThrow("SECOND: invalid number\n  1:13 |");
  });
});
