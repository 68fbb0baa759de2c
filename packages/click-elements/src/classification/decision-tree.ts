/**
 * Decision trees. An ordered list of rules becomes a graph of nodes, each of which reads one field once and
 * searches its value among ranges; what is left to decide in each range is the next node.
 *
 * The work of a lookup grows with the number of different fields and the logarithm of the number of values, not
 * with the number of rules. What would make too large a tree is several.
 */
import type { Expression, Field } from "./expression.ts";

export interface Rule {
  readonly when: Expression;
  /** What a lookup gives when this is the first rule that holds; not negative. */
  readonly result: number;
}

/** A decided lookup; -1 when no rule holds. */
export interface Leaf {
  readonly kind: "leaf";
  readonly result: number;
}

/** One field to read. `segments` cover all its values, in order; each ends with `upTo`. */
export interface Branch {
  readonly kind: "branch";
  readonly field: Field;
  readonly segments: readonly { readonly upTo: number; readonly next: TreeNode }[];
  /** Where the packet is too short for the field. */
  readonly unreadable: TreeNode;
  /** How many edges lead here. */
  references: number;
}

/** A rule with an expression too large for one tree: holds when all of its parts decide, or when none does. */
export interface Condition {
  readonly kind: "all" | "none";
  readonly parts: readonly DecisionTree[];
  readonly result: number;
}

export type TreeNode = Leaf | Branch;

/** To be tried in order until one does not give -1. */
export type DecisionTree = readonly (TreeNode | Condition)[];

/** Looks a packet up in a tree on the host. */
export function lookup(tree: DecisionTree, read: (field: Field) => number | undefined): number {
  for (const root of tree) {
    const result = lookupIn(root, read);
    if (result >= 0) return result;
  }
  return -1;
}

function lookupIn(root: TreeNode | Condition, read: (field: Field) => number | undefined): number {
  if (root.kind === "all") return root.parts.every((p) => lookup(p, read) >= 0) ? root.result : -1;
  if (root.kind === "none") return root.parts.some((p) => lookup(p, read) >= 0) ? -1 : root.result;
  let node = root as TreeNode;
  while (node.kind === "branch") {
    const value = read(node.field);
    const { segments, unreadable }: Branch = node;
    node = value === undefined ? unreadable : (segments.find((s) => value <= s.upTo)?.next ?? unreadable);
  }
  return node.result;
}
