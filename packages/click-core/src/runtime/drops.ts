/** Why packets were dropped: counters of the compiled code, and what elements count themselves. */
import { routerControl } from "../compile/platform.ts";
import type { HandlerContext } from "../element/handler.ts";
import { HandlerError } from "../element/handler-tree.ts";
import type { Drop, HandlerSources } from "./router-handlers.ts";

/** Counts above zero. What elements count themselves is left out where that needs the code of a class that is not here. */
export function readDrops(
  { memory, plan, classOf }: Pick<HandlerSources, "memory" | "plan" | "classOf">,
  stateOf: (element: number) => any,
  contextOf: (element: number) => HandlerContext<any, any>,
): Drop[] {
  const data = new DataView(memory.buffer);
  const counted = plan.drops.map(({ element, reason, address }) => ({
    element,
    reason,
    count: Number(data.getBigUint64(address, true)),
  }));
  const own = plan.elements.flatMap((e, index) => {
    try {
      const drops = classOf(index)?.drops?.(stateOf(index), contextOf(index)) ?? [];
      return drops.map((d) => ({ element: e.name, ...d }));
    } catch (problem) {
      if (problem instanceof HandlerError && problem.code === "OTHER_LIBRARY") return [];
      throw problem;
    }
  });
  const { poolEmpty } = routerControl.view(memory.buffer, plan.control);
  return [...counted, ...own, { element: "", reason: "no packet buffer", count: poolEmpty }].filter((d) => d.count > 0);
}
