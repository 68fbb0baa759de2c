/** What the router's hash tables mix into their keys, so that nobody knows beforehand which keys meet: see `routerControl.seed`. */
import type { FunctionBuilder, I64, ModuleBuilder } from "@clickos/codegen";
import { routerControl } from "./platform.ts";

const key = "seed";

/** The seed of the router whose code is made: who boots the router draws it. @throws {Error} where no router is. */
export function seedOf(c: FunctionBuilder): I64 {
  const control = c.module.once<number>(key, () => {
    throw new Error("there is a seed in routers only");
  });
  return c.load64(control, routerControl.offsets.seed);
}

/** Tells a module where its seed is. */
export function provideSeed(module: ModuleBuilder, control: number): void {
  module.once(key, () => control);
}
