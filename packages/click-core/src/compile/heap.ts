/**
 * Memory that structures take and give back while the router runs. Blocks are of powers of two from 16 bytes on: a free one
 * is the first of its size's list, and where there is none a new one is cut from what was never used. None that is no larger than
 * a cache line lies in two of them, and larger ones begin with one. Sizes are not remembered: who gives a block back says how
 * large it is.
 */
import type { Func, FunctionBuilder, I32, I32Like, ModuleBuilder } from "@clickos/codegen";
import { routerControl } from "./platform.ts";

export interface StagedHeap {
  /** The address of at least `bytes`, more than 0 and not cleared, or 0 when there is no more, which is counted. */
  allocate(c: FunctionBuilder, bytes: I32Like): I32;
  /** The same, all zero. What was never used is, so that a large block takes no time. */
  allocateCleared(c: FunctionBuilder, bytes: I32Like): I32;
  /** Gives back what `allocate` gave for as many bytes. */
  free(c: FunctionBuilder, address: I32, bytes: I32Like): void;
  /**
   * The same for a block of `2^logarithm` bytes, without a call: in a loop, a call on a way seldom gone would still cost
   * registers.
   */
  freeBlock(c: FunctionBuilder, address: I32, logarithm: I32): void;
}

const key = "heap";
/** The logarithm of the smallest block. */
export const smallestClass = 4;
/** That of a cache line. */
export const lineClass = 6;
/** That of the largest. */
export const largestClass = 30;
const { heapFree, heapNext, heapEnd, heapEmpty } = routerControl.offsets;

/** The heap of the router whose code is made. @throws {Error} where no router is. */
export function heapOf(c: FunctionBuilder): StagedHeap {
  return c.module.once<StagedHeap>(key, () => {
    throw new Error("there is a heap in routers only");
  });
}

/** Gives a module its heap; `used` is called when code uses it. */
export function provideHeap(module: ModuleBuilder, control: number, used: () => void): void {
  const classOf = (c: FunctionBuilder, bytes: I32): I32 =>
    c.select(bytes.leU(1 << smallestClass), c.i32(smallestClass), c.i32(32).sub(bytes.sub(1).clz()));
  const allocate = (): Func<"i32"> =>
    module.once("heap allocate", () =>
      module.func("heap allocate", { bytes: "i32" }, "i32", (c, { bytes }) => {
        const size = classOf(c, bytes);
        c.if(size.leU(largestClass), () => {
          const list = size.shl(2).add(control);
          const first = c.load32(list, heapFree);
          c.if(first, () => {
            c.store32(list, c.load32(first), heapFree);
            c.return(first);
          });
          // What is before a multiple of the block's size, or of a line, is for smaller ones.
          for (let gap = smallestClass; gap < lineClass; gap++)
            c.if(size.gtU(gap).and(c.load32(control, heapNext).shrU(gap)), () => {
              const address = c.load32(control, heapNext);
              c.store32(control, address.add(1 << gap), heapNext);
              c.call(free(), address, 1 << gap);
            });
          const next = c.load32(control, heapNext);
          const whole = c.i32(1).shl(size);
          c.if(c.load32(control, heapEnd).sub(next).geU(whole), () => {
            c.store32(control, next.add(whole), heapNext);
            c.return(next);
          });
        });
        c.store32(control, c.load32(control, heapEmpty).add(1), heapEmpty);
        return 0;
      }),
    );
  const allocateCleared = (): Func<"i32"> =>
    module.once("heap allocate cleared", () =>
      module.func("heap allocate cleared", { bytes: "i32" }, "i32", (c, { bytes }) => {
        const fresh = c.load32(control, heapNext);
        const block = c.call(allocate(), bytes);
        c.if(block.ltU(fresh), () => c.fill(block, 0, c.select(block, bytes, c.i32(0))));
        return block;
      }),
    );
  const freeBlock = (c: FunctionBuilder, address: I32, logarithm: I32): void => {
    const list = logarithm.shl(2).add(control);
    c.store32(address, c.load32(list, heapFree));
    c.store32(list, address, heapFree);
  };
  const free = (): Func<undefined> =>
    module.once("heap free", () =>
      module.func("heap free", { address: "i32", bytes: "i32" }, undefined, (c, { address, bytes }) =>
        freeBlock(c, address, classOf(c, bytes)),
      ),
    );
  module.once<StagedHeap>(key, () => ({
    allocate(c, bytes) {
      used();
      return c.call(allocate(), bytes);
    },
    allocateCleared(c, bytes) {
      used();
      return c.call(allocateCleared(), bytes);
    },
    free(c, address, bytes) {
      c.call(free(), address, bytes);
    },
    freeBlock,
  }));
}
