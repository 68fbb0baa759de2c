/**
 * How often elements push and pull, before any of their code is made: each piece of it is first run against a module that is
 * thrown away, counting its calls.
 */
import { FunctionBuilder, ModuleBuilder } from "@clickos/codegen";
import type { ElementClass } from "../element/element.ts";
import { loadParts } from "../element/packet.ts";
import type { CheckedGraph, ElementInstance } from "./check.ts";
import type { ElementCode } from "./element-code.ts";
import type { Wiring } from "./element-context.ts";
import { provideHeap } from "./heap.ts";
import { provideSeed } from "./seed.ts";
import { hasTask } from "./tasks.ts";

/** Sites by class and by what makes elements of a class alike; they follow from these alone. */
const knownSites = new WeakMap<ElementClass, Map<string, readonly Sites[]>>();
const maximumKnown = 1024;

/** A module that is thrown away: helper functions are declared, but their code, which moves no packets, is not made. */
class ScratchModule extends ModuleBuilder {
  override define(): void {}
  run(body: (c: FunctionBuilder) => void): void {
    body(new FunctionBuilder(this, this.declare("scratch", {}, undefined)));
  }
}

/** By `out ELEMENT.PORT` and `in ELEMENT.PORT`: from how many places in an element's code it pushes or pulls there. */
export function callSites(graph: CheckedGraph, code: ElementCode): ReadonlyMap<string, number> {
  const sites = new Map<string, number>();
  const scratch = new ScratchModule({ import: ["", ""], pages: 1 });
  provideHeap(scratch, 0, () => {});
  provideSeed(scratch, 0, () => {});
  const add = (side: string, element: number, port: number, count: number): void => {
    const key = `${side} ${element}.${port}`;
    sites.set(key, (sites.get(key) ?? 0) + count);
  };
  for (const e of graph.elements) {
    // What peers do depends on who they are.
    if (e.class.peers) {
      for (const { side, element, port, count } of elementSites(scratch, e, code)) add(side, element, port, count);
      continue;
    }
    const key = `${e.source.configText}\0${e.inputs.join()}\0${e.outputs.join()}`;
    let known = knownSites.get(e.class);
    if (!known) {
      known = new Map();
      knownSites.set(e.class, known);
    }
    let counts = known.get(key);
    if (!counts) {
      counts = elementSites(scratch, e, code);
      if (known.size < maximumKnown) known.set(key, counts);
    }
    for (const { side, port, count } of counts) add(side, e.index, port, count);
  }
  return sites;
}

/** From how many places code pushes to an output (`out`) or pulls from an input (`in`). */
interface Sites {
  readonly side: "out" | "in";
  readonly element: number;
  readonly port: number;
  readonly count: number;
}

/** How often an element's code, and that of peers in it, pushes and pulls. */
function elementSites(scratch: ScratchModule, e: ElementInstance, code: ElementCode): Sites[] {
  const counts = new Map<string, Sites>();
  const count = (side: Sites["side"], element: number, port: number): void => {
    const key = `${side} ${element}.${port}`;
    counts.set(key, { side, element, port, count: (counts.get(key)?.count ?? 0) + 1 });
  };
  const counting: Wiring = {
    push: (_c, element, port) => count("out", element, port),
    pull: (c, element, port, sink) => {
      count("in", element, port);
      sink(loadParts(c, c.i32(0)));
    },
    data: () => 0,
    drop: () => 0,
  };
  scratch.run((c) => {
    e.inputs.forEach((processing, port) => {
      if (processing === "push") code.push(c, e, port, loadParts(c, c.i32(0)), counting);
    });
    e.outputs.forEach((processing, port) => {
      if (processing === "pull") code.pull(c, e, port, () => {}, counting);
    });
    if (e.class.timer) code.timer(c, e, c.i32(0), counting);
    if (e.class.init) code.init(c, e, counting);
    if (hasTask(e)) code.task(c, e, counting);
  });
  return [...counts.values()];
}
