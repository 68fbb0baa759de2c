/**
 * A mapping of addresses that keeps prefixes: addresses that share their first n bits are mapped to such that do, and no more. It is drawn by
 * chance as addresses come, as tcpdpriv's `-A50` does (Minshall, http://ita.ee.lbl.gov/html/contrib/tcpdpriv.html).
 *
 * The addresses that came are the leaves of a binary tree, in the router's heap. A node has the address of the leaf that is furthest right
 * below it. Nodes come in pairs; none ever goes.
 */
import type { ElementContext } from "@clickos/click-core/element";
import { heapOf } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { type Struct, struct, type U32Field, u32 } from "@clickos/layout";

export const treeNode: Struct<{ input: U32Field; output: U32Field; pair: U32Field; unused: U32Field }> = struct(
  {
    input: u32,
    output: u32,
    /** The two nodes below; 0 for none. */
    pair: u32,
    unused: u32,
  },
  { name: "address tree node" },
);
const pairBytes = 2 * treeNode.size;
/** What no bit of an address is. */
const beyond = 33;
const all = 0xffffffff;

type Chance = Pick<ElementContext<unknown, unknown, Record<never, never>>, "chance">;

/** An address as it was found: its node, and what it is mapped to. Addresses that always are themselves have no node. */
export interface FoundAddress {
  readonly node: I32;
  readonly output: I32;
  /** Whether there is no memory for it. */
  readonly failed: I32;
}

/** 32 bits, of as many draws as Click makes for them. */
function chance32(c: FunctionBuilder, { chance }: Chance): I32 {
  const first = c.var("i32", chance(), "first");
  return first.get().shl(17).xor(chance().shrU(14));
}

/** Makes the tree, with an address in it, which is mapped to what `output` makes of what is drawn; 0 when there is no memory. */
export function makeTree(c: FunctionBuilder, context: Chance, input: number, output: (drawn: I32) => I32): I32 {
  const address = heapOf(c).allocate(c, treeNode.size);
  const drawn = c.var("i32", chance32(c, context), "drawn");
  c.if(address, () => {
    const root = staged(c, treeNode, address);
    root.input.set(input);
    root.output.set(output(drawn.get()));
    root.pair.set(0);
  });
  return address;
}

/** Finds an address in the tree, and draws what it is mapped to where it is not there. */
export function findAddress(c: FunctionBuilder, context: Chance, root: I32, address: I32): FoundAddress {
  const at = c.var("i32", root, "node");
  const output = c.var("i32", 0, "output");
  const failed = c.var("i32", root.eqz(), "failed");
  c.if(root, () =>
    c.loop(() => {
      const node = staged(c, treeNode, at.get());
      c.if(node.input.get().eq(address), () => {
        output.set(node.output.get());
        c.break();
      });
      const pair = node.pair.get();
      const fork = c.var("i32", beyond, "fork");
      c.if(pair, () => fork.set(differing(c, pair)));
      const bit = c.var("i32", address.xor(node.input.get()).clz(), "bit");
      c.if(bit.get().ltU(fork.get()), () => {
        // None and all ones are never in the tree.
        c.if(address.eqz().or(address.eq(all)), () => {
          at.set(0);
          output.set(address);
          c.break();
        });
        at.set(split(c, context, at.get(), address, bit.get()));
        c.if(
          at.get(),
          () => output.set(staged(c, treeNode, at.get()).output.get()),
          () => failed.set(1),
        );
        c.break();
      });
      at.set(below(pair, address.shl(fork.get()).shrU(31)));
    }),
  );
  return { node: at.get(), output: output.get(), failed: failed.get() };
}

const below = (pair: I32, bit: I32): I32 => pair.add(bit.mul(treeNode.size));

/** The first bit in which the nodes of a pair differ. */
function differing(c: FunctionBuilder, pair: I32): I32 {
  const [left, right] = [pair, pair.add(treeNode.size)].map((node) => staged(c, treeNode, node).input.get());
  return (left as I32).xor(right as I32).clz();
}

/** Puts a node for an address below one from which it differs in a bit first, beside what that was; 0 when there is no memory. */
function split(c: FunctionBuilder, context: Chance, address: I32, input: I32, bit: I32): I32 {
  const made = c.var("i32", 0, "made");
  const pair = heapOf(c).allocate(c, pairBytes);
  c.if(pair, () => {
    const value = input.shl(bit).shrU(31);
    made.set(below(pair, value));
    const node = staged(c, treeNode, address);
    const leaf = staged(c, treeNode, made.get());
    leaf.input.set(input);
    leaf.output.set(otherThan(c, context, node.output.get(), bit));
    leaf.pair.set(0);
    const moved = staged(c, treeNode, below(pair, value.xor(1)));
    moved.input.set(node.input.get());
    moved.output.set(node.output.get());
    moved.pair.set(node.pair.get());
    const right = staged(c, treeNode, pair.add(treeNode.size));
    node.input.set(right.input.get());
    node.output.set(right.output.get());
    node.pair.set(pair);
  });
  return made.get();
}

/** What has the bits before `bit` of an address, another bit there, and others by chance behind it. */
function otherThan(c: FunctionBuilder, context: Chance, address: I32, bit: I32): I32 {
  const last = 31;
  const shift = c.i32(last).sub(bit);
  const known = c.var("i32", address.shrU(shift).xor(1).shl(shift), "known");
  c.if(bit.ne(last), () => known.set(known.get().or(chance32(c, context).and(0x7fffffff).shrU(bit.add(1)))));
  return known.get();
}
