/** Numbers at the ends of what arguments take: every element compiles with them, or says what is wrong. */
import { Router } from "@clickos/click-core";
import type { ArgumentSpec, ElementClass } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { describe, expect, it } from "vitest";
// @ts-expect-error shared with suites that are JavaScript
import { peers as allPeers, samples as allSamples } from "../../../test/fuzz/samples.mjs";

const samples: Record<string, readonly string[]> = allSamples;
const peers: Record<string, string> = allPeers;

const numbers = ["0", "-1", "1", "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740992"];
const values = [...numbers, ...numbers.map((n) => `${n}s`), "1ns", "0.1", "1e300", "1Bps", "4294967296GBps"];

/** A message by design, and the only thing that is amiss with an element whose files are not there. */
const expected = /<unspecified error>|files are not available here|ports allowed only on PACKET scripts/;
const sample = (expects: string): string =>
  ({ "an Ethernet address": "1:1:1:1:1:1", "an IP address": "10.0.0.1", "an IP prefix": "10.0.0.0/8" })[expects] ??
  (/bandwidth/.test(expects) ? "1MBps" : /time/.test(expects) ? "1s" : "1");

function configuration(cls: ElementClass, args: readonly string[]): string {
  const [inputs, outputs] = (cls.ports ?? "1/1").split("/") as [string, string];
  const least = (code: string, other: number): number =>
    code === "-" ? 1 : code.startsWith("=") ? other + code.length - 1 : Number(code.split("-")[0]);
  const ins = least(inputs, 0);
  const lines = [...(peers[cls.name] ? [peers[cls.name]] : []), `e :: ${cls.name}(${args.join(", ")})`];
  for (let i = 0; i < ins; i++) lines.push(`Idle -> [${i}] e`);
  for (let i = 0; i < least(outputs, ins); i++) lines.push(`e [${i}] -> Idle`);
  return lines.join("; ");
}

/** "" or what is wrong with a configuration; throws what is not its fault. */
function compile(cls: ElementClass, args: readonly string[]): string {
  const text = configuration(cls, args);
  try {
    Router.compileSync(text, { elements })[Symbol.dispose]();
    return "";
  } catch (e) {
    if ((e as Error).name === "ConfigurationError") return (e as Error).message;
    throw new Error(`${text}: ${(e as Error).stack}`);
  }
}

describe("extreme numbers are compiled, or refused in words", () => {
  it.each(Object.values(elements).map((cls) => [cls.name, cls] as const))("%s", (_name, cls) => {
    const spec = Object.entries((cls.config ?? {}) as Record<string, ArgumentSpec<unknown>>);
    const given = (without: string): string[] => [
      ...spec.flatMap(([name, { kind, type }]) =>
        kind === "required" && name !== without && !samples[cls.name] ? `${name} ${sample(type.expects)}` : [],
      ),
      ...(samples[cls.name] ?? []).filter((text) => !text.startsWith(`${without} `)),
    ];
    const problem = compile(cls, given(""));
    if (!expected.test(problem)) expect(problem).toBe("");
    for (const [name] of spec) for (const value of values) compile(cls, [...given(name), `${name} ${value}`]);
    // And where no name says what the number is.
    for (const value of numbers) for (const before of [[], ["0"], given("")]) compile(cls, [...before, value]);
  });

  it("offsets beyond any packet", () => {
    for (const [name, offset] of [
      ["MarkIPHeader", "2147483647"],
      ["MarkIPHeader", "-2147483648"],
      ["CheckIPHeader", "4294967295"],
    ] as const)
      expect(compile(elements[name] as ElementClass, [offset]), name).toBe("");
  });
});
