/**
 * How many numbers without a count Click's AggregateCounter keeps. It keeps its counts in a tree, whose inner nodes have the bits
 * that the numbers below them share; they count for `reaggregate_counts`, with a count of 0. Their number depends on the order in which
 * the numbers came.
 */

interface Node {
  value: number;
  children: readonly [Node, Node] | undefined;
}

const highestDifference = (a: number, b: number): number => Math.clz32(a ^ b);

/** Finds a number, and makes a node for it where there is none; the result is how many nodes that made. */
function find(root: Node, value: number): number {
  let node = root;
  for (;;) {
    if (node.value === value) return 0;
    const { children } = node;
    const bit = highestDifference(value, node.value);
    const fork = children && highestDifference(children[0].value, children[1].value);
    if (!children || fork === undefined || bit < fork) {
      split(node, value, bit);
      return 2;
    }
    node = children[(value >>> (31 - fork)) & 1] as Node;
  }
}

/** Puts a node, and one for another number, below one for the bits that both share. */
function split(node: Node, value: number, bit: number): void {
  const moved: Node = { ...node };
  const made: Node = { value, children: undefined };
  const children: readonly [Node, Node] = (value >>> (31 - bit)) & 1 ? [moved, made] : [made, moved];
  const shared = bit === 0 ? 0 : (children[0].value & (-1 << (32 - bit))) >>> 0;
  node.value = shared;
  node.children = children;
}

/** The number of nodes of a tree to which numbers came in this order. */
export function treeNodes(values: Iterable<number>): number {
  const root: Node = { value: 0, children: undefined };
  let count = 1;
  for (const value of values) count += find(root, value);
  return count;
}
