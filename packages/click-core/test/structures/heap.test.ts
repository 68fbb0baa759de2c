/** The heap, as staged code and the host use it in turn: blocks do not overlap, lie in lines as they should, and come back. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heapOf, provideHeap } from "../../src/compile/heap.ts";
import { routerControl } from "../../src/compile/platform.ts";
import { HostMemory } from "../../src/runtime/host-memory.ts";
import { operation, runStaged } from "./staged.ts";

const control = 1024;
const start = 65536;
const { call, memory, data } = runStaged(
  {
    allocate: operation({ bytes: "i32" }, "i32", (c, { bytes }) => heapOf(c).allocate(c, bytes)),
    allocateCleared: operation({ bytes: "i32" }, "i32", (c, { bytes }) => heapOf(c).allocateCleared(c, bytes)),
    free: operation({ address: "i32", bytes: "i32" }, undefined, (c, p) => heapOf(c).free(c, p.address, p.bytes)),
  },
  { pages: 4, prepare: (module) => provideHeap(module, control, () => {}) },
);
const host = new HostMemory(memory, { control, pool: { base: 0, count: 0 } });
const words = routerControl.view(memory.buffer, control);
const bytes = new Uint8Array(memory.buffer);
const blockOf = (size: number): number => Math.max(16, 2 ** Math.ceil(Math.log2(size)));

function reset(size: number): void {
  bytes.fill(0);
  Object.assign(words, { heapNext: start, heapEnd: start + size });
}

describe("the heap", () => {
  it("gives blocks that do not overlap, in lines of their own, cleared where asked", () => {
    const step = fc.oneof(
      fc.record({ size: fc.integer({ min: 1, max: 700 }), how: fc.constantFrom("allocate", "cleared", "host") }),
      fc.record({ free: fc.nat(), onHost: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), fc.constantFrom(2048, 32_768), (steps, size) => {
        reset(size);
        const blocks: { at: number; size: number }[] = [];
        for (const s of steps) {
          if ("free" in s) {
            const [block] = blocks.splice(s.free % Math.max(1, blocks.length), 1);
            if (!block) continue;
            if (s.onHost) host.free(block.at, block.size);
            else call.free(block.at, block.size);
            continue;
          }
          const empty = words.heapEmpty;
          const at =
            s.how === "host"
              ? host.allocate(s.size)
              : call[s.how === "cleared" ? "allocateCleared" : "allocate"](s.size);
          if (at === 0) {
            expect([words.heapEmpty, size]).toEqual([empty + 1, 2048]);
            continue;
          }
          const whole = blockOf(s.size);
          expect(at % Math.min(whole, 64)).toBe(0);
          expect([at >= start, at + whole <= start + size]).toEqual([true, true]);
          for (const b of blocks) expect(at + whole <= b.at || b.at + blockOf(b.size) <= at).toBe(true);
          if (s.how === "cleared") expect(bytes.subarray(at, at + s.size).every((b) => b === 0)).toBe(true);
          bytes.fill(0xa5, at, at + whole);
          blocks.push({ at, size: s.size });
        }
      }),
    );
  });

  it("uses all of its memory, and blocks that came back first", () => {
    reset(256);
    const at = [call.allocate(16), call.allocate(64), call.allocate(32), host.allocate(16)];
    // What was left before the block of 64 bytes is for smaller ones.
    expect(at).toEqual([start, start + 64, start + 32, start + 16]);
    expect([call.allocate(128), call.allocate(1)]).toEqual([start + 128, 0]);
    call.free(start + 64, 50);
    host.free(start + 128, 128);
    expect([host.allocate(64), call.allocate(65), words.heapEmpty]).toEqual([start + 64, start + 128, 1]);
    expect(data.getUint32(control + routerControl.offsets.heapNext, true)).toBe(start + 256);
  });

  it("refuses what cannot be", () => {
    reset(1 << 16);
    expect([call.allocate(0x40000001), call.allocate(0xffffffff), host.allocate(2 ** 30 + 1)]).toEqual([0, 0, 0]);
    expect(words.heapEmpty).toBe(3);
  });
});
