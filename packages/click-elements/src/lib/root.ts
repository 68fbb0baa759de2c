import type { FunctionBuilder, I32 } from "@clickos/codegen";

/** The whole part of a square root, a bit at a time. */
export function rootOf(c: FunctionBuilder, value: I32): I32 {
  const root = c.var("i32", 0, "root");
  for (let bit = 15; bit >= 0; bit--) {
    const next = root.get().or(1 << bit);
    c.if(next.mul(next).leU(value), () => root.set(next));
  }
  return root.get();
}
