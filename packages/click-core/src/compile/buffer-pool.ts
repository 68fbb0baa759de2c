/** The pool of packet buffers: a stack of free addresses, so that the one used last is used next. */
import { staged } from "@clickos/codegen";
import { routerControl, type StagedPool } from "./platform.ts";

/** `control` is the address of the `routerControl` words; `freeStack` gives that of the stack once it has one. */
export function bufferPool(control: number, freeStack: () => number): StagedPool {
  return {
    available: (c) => c.load32(control, routerControl.offsets.freeCount),
    base: (c) => c.load32(control, routerControl.offsets.poolBase),
    count: (c) => c.load32(control, routerControl.offsets.poolCount),
    allocate: (c) => {
      const count = c.load32(control, routerControl.offsets.freeCount);
      const result = c.var("i32", 0, "buffer");
      c.if(
        count,
        () => {
          const left = count.sub(1);
          c.store32(control, left, routerControl.offsets.freeCount);
          result.set(c.load32(left.shl(2), freeStack()));
        },
        () => staged(c, routerControl, control).poolEmpty.inc(),
      );
      return result.get();
    },
    free: (c, address) => {
      const count = c.load32(control, routerControl.offsets.freeCount);
      c.store32(count.shl(2), address, freeStack());
      c.store32(control, count.add(1), routerControl.offsets.freeCount);
    },
  };
}
