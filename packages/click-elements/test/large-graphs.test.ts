/** Long chains and wide elements: they compile, to code in proportion to what there is of them. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { describe, expect, it } from "vitest";

const times = (n: number, f: (i: number) => string): string => Array.from({ length: n }, (_, i) => f(i)).join("");
const sinks = (n: number): string => `d :: Discard; ${times(n, (i) => `s [${i}] -> d;`)}`;
const graphs: Record<string, (n: number) => string> = {
  "a chain of push elements": (n) => `InfiniteSource -> ${times(n, () => "Counter -> ")} Discard`,
  "a chain of pull elements": (n) => `Idle -> Queue -> ${times(n, () => "Counter -> ")} Unqueue -> Discard`,
  "queues in a row": (n) => `Idle -> ${times(n >> 2, () => "Queue(4) -> Unqueue -> ")} Discard`,
  "a switch with many outputs": (n) => `s :: RoundRobinSwitch; Idle -> s; ${sinks(n)}`,
  "a tee with many outputs": (n) => `s :: Tee; Idle -> s; ${sinks(n >> 2)}`,
  "many tasks": (n) => `d :: Discard; ${times(n >> 2, () => "InfiniteSource -> d;")}`,
  "a classifier with many outputs": (n) =>
    `s :: Classifier(${times(n, (i) => `12/${i.toString(16).padStart(4, "0")},`)}); Idle -> s; ${sinks(n)}`,
  "routes to many gateways": (n) =>
    `s :: StaticIPLookup(${times(n, (i) => `10.0.${i >> 8}.${i & 255} 1.0.${i >> 8}.${i & 255} ${i % 4},`)}); Idle -> s; ${sinks(4)}`,
};

describe("graphs twice as large take twice the code", () => {
  it.each(Object.keys(graphs))(
    "%s",
    (name) => {
      const size = (n: number): number => {
        using router = Router.compileSync((graphs[name] as (n: number) => string)(n), { elements });
        return router.wasm.length;
      };
      expect(size(3000)).toBeLessThan(2.3 * size(1500));
    },
    60_000,
  );

  it.each(["a chain of push elements", "a chain of pull elements"])(
    "%s, deeper than the compiler's own stack",
    (name) => {
      using router = Router.compileSync((graphs[name] as (n: number) => string)(9000), { elements });
      expect(router.wasm.length).toBeGreaterThan(9000);
    },
    60_000,
  );
});
