/** Stages a decision tree as functions: reads, compares, returns. Budget: about 1 ns a comparison. */
import type { Func, FunctionBuilder, I32 } from "@clickos/codegen";
import type { Branch, Condition, DecisionTree, TreeNode } from "./decision-tree.ts";
import type { Base, Field } from "./expression.ts";
import { type PlaceData, rangeTable, stageNumber, stageRangeSearch } from "./range-table.ts";

/** What a lookup reads from: address and number of readable bytes of each base, or a plain value. */
export interface LookupInput {
  readonly network?: { readonly address: I32; readonly length: I32 };
  readonly transport?: { readonly address: I32; readonly length: I32 };
  readonly data?: { readonly address: I32; readonly length: I32 };
  readonly ether?: { readonly address: I32; readonly length: I32 };
  readonly value?: I32;
}

type BytesBase = Exclude<Base, "value">;
const bytesBases: readonly BytesBase[] = ["network", "transport", "data", "ether"];

/** Bytes of each base that are known to be readable before the lookup. */
export type KnownLengths = Partial<Record<BytesBase, number>>;

/** Looks up a packet; the result is the rule's, or -1. */
export function stageLookup(
  c: FunctionBuilder,
  { name, data: place }: { readonly name: string; readonly data: PlaceData },
  tree: DecisionTree,
  input: LookupInput,
  known: KnownLengths = {},
): I32 {
  const bases = bytesBases.filter((b) => input[b]);
  const params: Record<string, "i32"> = {};
  const args: I32[] = [];
  for (const b of bases) {
    const from = input[b] as { address: I32; length: I32 };
    params[b] = "i32";
    params[`${b}Length`] = "i32";
    args.push(from.address, from.length);
  }
  if (input.value) {
    params.value = "i32";
    args.push(input.value);
  }
  const functions = new Map<Branch, Func<"i32">>();
  const waiting: (() => void)[] = [];

  const shared = (node: Branch): Func<"i32"> => {
    let f = functions.get(node);
    if (!f) {
      f = c.module.declare(`${name} node`, params, "i32");
      functions.set(node, f);
      const func = f;
      // A shared node may be reached along paths that know different lengths: it relies on the least.
      waiting.push(() =>
        c.module.define(func, params, (inner, p) => emit(inner, p as Record<string, I32>, node, known, true)),
      );
    }
    return f;
  };
  const emit = (
    inner: FunctionBuilder,
    p: Record<string, I32>,
    node: TreeNode,
    readable: KnownLengths,
    root: boolean,
  ): void => {
    if (node.kind === "leaf") {
      inner.return(node.result);
      return;
    }
    if (node.references > 1 && !root) {
      inner.return(inner.call(shared(node), ...parameters(p)));
      return;
    }
    const { field } = node;
    const next = { ...readable };
    if (field.base !== "value") {
      const needed = field.offset + field.width;
      if ((readable[field.base] ?? 0) < needed) {
        inner.if((p[`${field.base}Length`] as I32).ltS(needed), () => emit(inner, p, node.unreadable, readable, false));
        next[field.base] = needed;
      }
    }
    const value = readField(inner, inputOf(p), field);
    const table = rangeTable(node);
    if (table) {
      const range = stageRangeSearch(inner, place, table.ends, value);
      if (table.results) {
        inner.return(stageNumber(inner, place, table.results, range));
        return;
      }
      inner.switch(
        stageNumber(inner, place, table.numbers, range),
        table.nodes.map((to) => () => emit(inner, p, to, next, false)),
      );
      inner.trap();
      return;
    }
    const search = (low: number, high: number): void => {
      const segment = node.segments[low];
      if (!segment) return;
      if (low === high) {
        emit(inner, p, segment.next, next, false);
        return;
      }
      const middleSegment = node.segments[low + 1];
      if (
        high === low + 2 &&
        middleSegment &&
        segment.next === node.segments[high]?.next &&
        middleSegment.upTo === segment.upTo + 1
      ) {
        inner.if(value.eq(middleSegment.upTo), () => emit(inner, p, middleSegment.next, next, false));
        emit(inner, p, segment.next, next, false);
        return;
      }
      const middle = (low + high) >> 1;
      const upTo = (node.segments[middle] as { upTo: number }).upTo;
      inner.if(upTo === 0 ? value.eqz() : value.leU(upTo), () => search(low, middle));
      search(middle + 1, high);
    };
    search(0, node.segments.length - 1);
  };

  const parameters = (p: Record<string, I32>): I32[] => Object.keys(params).map((key) => p[key] as I32);
  const trees = new Map<DecisionTree, Func<"i32">>();
  const stepFunction = (step: TreeNode | Condition, suffix: string): Func<"i32"> => {
    let body: (inner: FunctionBuilder, p: Record<string, I32>) => void;
    if (step.kind === "all" || step.kind === "none") {
      const parts = step.parts.map(treeFunction);
      body = (inner, p) => {
        for (const part of parts) {
          const decided = inner.call(part, ...parameters(p));
          inner.if(step.kind === "all" ? decided.ltS(0) : decided.geS(0), () => inner.return(-1));
        }
        inner.return(step.result);
      };
    } else body = (inner, p) => emit(inner, p, step as TreeNode, known, true);
    const f = c.module.func(`${name} tree${suffix}`, params, "i32", (inner, p) =>
      body(inner, p as Record<string, I32>),
    );
    for (let define = waiting.pop(); define; define = waiting.pop()) define();
    return f;
  };
  /** A tree that conditions look up, once however many they are. */
  const treeFunction = (part: DecisionTree): Func<"i32"> => {
    let f = trees.get(part);
    if (!f) {
      const steps = part.map((step) => stepFunction(step, ""));
      const [only] = steps;
      f =
        steps.length === 1
          ? (only as Func<"i32">)
          : c.module.func(`${name} tree`, params, "i32", (inner, p) => {
              for (const step of steps) {
                const decided = inner.call(step, ...parameters(p as Record<string, I32>));
                inner.if(decided.geS(0), () => inner.return(decided));
              }
              inner.return(-1);
            });
      trees.set(part, f);
    }
    return f;
  };

  let result: I32 | undefined;
  tree.forEach((step, i) => {
    const f = stepFunction(step, tree.length > 1 ? String(i) : "");
    if (result === undefined) result = c.call(f, ...args);
    else {
      const so_far = c.var("i32", result, "decided");
      c.if(so_far.get().ltS(0), () => so_far.set(c.call(f, ...args)));
      result = so_far.get();
    }
  });
  return result as I32;
}

/** What a function's parameters are. */
function inputOf(p: Record<string, I32>): LookupInput {
  const bases = bytesBases.flatMap((b) => (p[b] ? [[b, { address: p[b], length: p[`${b}Length`] }]] : []));
  return { ...Object.fromEntries(bases), ...(p.value ? { value: p.value } : {}) };
}

/** The value of a field of a packet that has it. */
export function readField(c: FunctionBuilder, input: LookupInput, field: Field): I32 {
  if (field.base === "value")
    return field.mask === 0xffffffff ? (input.value as I32) : (input.value as I32).and(field.mask);
  const { width, mask } = field;
  const base = (input[field.base] as { address: I32 }).address;
  const [at, offset] = field.offset < 0 ? [base.add(field.offset), 0] : [base, field.offset];
  const whole =
    width === 1 ? c.load8(at, offset) : width === 2 ? c.load16(at, offset, "be") : c.load32(at, offset, "be");
  const full = width === 4 ? 0xffffffff : 2 ** (width * 8) - 1;
  return mask === full ? whole : whole.and(mask);
}
