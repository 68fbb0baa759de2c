/** A heap of packets against Click's steps written plainly (include/click/heap.hh), and against an order. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packetHeap } from "../../src/element.ts";
import type { StateMover } from "../../src/runtime/transfer.ts";
import { operation, runStaged } from "./staged.ts";

interface Entry {
  readonly key: number;
  readonly address: number;
  readonly tag: number;
}

/** Swaps, as Click's `push_heap` and `pop_heap` do them. */
class Model {
  readonly list: Entry[] = [];
  private swap(a: number, b: number): void {
    [this.list[a], this.list[b]] = [this.list[b] as Entry, this.list[a] as Entry];
  }
  private less(a: number, b: number): boolean {
    return (this.list[a]?.key as number) < (this.list[b]?.key as number);
  }
  push(entry: Entry): void {
    let i = this.list.push(entry) - 1;
    for (let up = (i - 1) >> 1; i > 0 && this.less(i, up); up = (i - 1) >> 1) {
      this.swap(i, up);
      i = up;
    }
  }
  pop(): Entry {
    this.swap(0, this.list.length - 1);
    const taken = this.list.pop() as Entry;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < this.list.length && this.less(child, least)) least = child;
      if (least === i) return taken;
      this.swap(i, least);
      i = least;
    }
  }
}

const capacity = 24;
const tags = 5;
const at = 64;

function heapRig() {
  const type = packetHeap(capacity, tags);
  const rig = runStaged({
    push: operation({ address: "i32", key: "i64", tag: "i32" }, undefined, (c, p) =>
      type.stage(c, at, 0).push(p.address, p.key, p.tag),
    ),
    pop: operation({}, "i32", (c) => {
      const { address, tag } = type.stage(c, at, 0).pop();
      return address.mul(16).add(tag);
    }),
    length: operation({}, "i32", (c) => type.stage(c, at, 0).length()),
  });
  return { type, ...rig };
}

const steps = fc.array(fc.oneof(fc.nat({ max: 6 }), fc.constant(undefined)), { maxLength: 120 });

describe("a heap of packets", () => {
  it("gives the least first, and of equal ones the one that Click's gives", () => {
    fc.assert(
      fc.property(steps, (keys) => {
        const { call } = heapRig();
        const model = new Model();
        let address = 0;
        for (const key of keys) {
          if (key !== undefined && model.list.length < capacity) {
            const entry = { key, address: ++address, tag: address % tags };
            model.push(entry);
            call.push(entry.address, BigInt(key), entry.tag);
          } else if (key === undefined && model.list.length > 0) {
            const least = Math.min(...model.list.map((e) => e.key));
            const taken = model.pop();
            expect(taken.key).toBe(least);
            expect(call.pop()).toBe(taken.address * 16 + taken.tag);
          }
          expect(call.length()).toBe(model.list.length);
        }
      }),
    );
  });

  it("orders times without a sign", () => {
    const { call } = heapRig();
    call.push(1, 1n << 63n, 0);
    call.push(2, 1n, 1);
    expect([call.pop(), call.pop()]).toEqual([2 * 16 + 1, 16]);
  });

  it("goes over to another memory in order, without the packets that there is no buffer for", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: capacity }), fc.nat(), (keys, lost) => {
        const [from, to] = [heapRig(), heapRig()];
        keys.forEach((key, i) => {
          from.call.push(i + 1, BigInt(key), i % tags);
        });
        const isLost = (address: number): boolean => (lost >> (address % 31)) % 2 === 1;
        const mover = {
          from: from.data,
          to: to.data,
          packet: (address: number) => (isLost(address) ? 0 : address + 100),
        } as unknown as StateMover;
        const { type } = to;
        type.transfer(mover, type, at, at);
        const left = keys.map((key, i) => ({ key, address: i + 1 })).filter(({ address }) => !isLost(address));
        expect(type.read(to.data, at).length).toBe(left.length);
        const taken = left.map(() => (to.call.pop() >> 4) - 100);
        expect(taken.map((address) => keys[address - 1])).toEqual(left.map(({ key }) => key).sort((a, b) => a - b));
        expect(new Set(taken)).toEqual(new Set(left.map(({ address }) => address)));
      }),
    );
  });

  it("does not go over to a heap of another size", () => {
    const [from, to] = [heapRig(), heapRig()];
    from.call.push(1, 1n, 0);
    const mover = { from: from.data, to: to.data, packet: (address: number) => address } as unknown as StateMover;
    to.type.transfer(mover, packetHeap(capacity + 1, tags), at, at);
    expect(to.call.length()).toBe(0);
  });
});
