/** What the router's hash tables mix into their keys, so that nobody knows beforehand which keys meet: see `routerControl.seed`. */
import type { FunctionBuilder, I64, ModuleBuilder } from "@clickos/codegen";
import { routerControl } from "./platform.ts";

const key = "seed";
interface Place {
  readonly control: number;
  readonly used: () => void;
}

/** The seed of the router whose code is made: who boots the router draws it. @throws {Error} where no router is. */
export function seedOf(c: FunctionBuilder): I64 {
  const { control, used } = c.module.once<Place>(key, () => {
    throw new Error("there is a seed in routers only");
  });
  used();
  return c.load64(control, routerControl.offsets.seed);
}

/** Says that code depends on the seed, as `random` does. */
export function usesSeed(c: FunctionBuilder): void {
  seedOf(c);
}

/** Tells a module where its seed is; `used` is called when code uses it. */
export function provideSeed(module: ModuleBuilder, control: number, used: () => void): void {
  module.once<Place>(key, () => ({ control, used }));
}
