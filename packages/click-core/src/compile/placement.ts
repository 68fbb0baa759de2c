/**
 * Where elements' code goes. The code of a push input or a pull output stands in place of the push or pull that leads there,
 * where only one does; else it is a function. From how many places an element pushes or pulls is known when all of its code is
 * made: until then its pushes and pulls are places in the code that wait to be filled.
 */
import type { Func, FunctionBuilder, ModuleBuilder } from "@clickos/codegen";
import { ElementDefinitionError } from "../element/ownership.ts";
import {
  loadParts,
  type PacketParts,
  type PacketWord,
  packetParts,
  packetWords,
  saveParts,
} from "../element/packet.ts";
import type { CheckedGraph, ElementInstance } from "./check.ts";
import type { ElementCode } from "./element-code.ts";
import type { Wiring } from "./element-context.ts";
import type { Neighbours } from "./flow.ts";
import type { Recorder } from "./recorder.ts";

/** The code of a push input or of a pull output. */
interface Piece {
  readonly kind: "push" | "pull";
  readonly element: number;
  readonly port: number;
  /** Ports from which it may still be found to be reached. */
  callers: number;
  /** More than one port is connected to it. */
  readonly shared: boolean;
  /** Its code is made, or nothing leads there. */
  done: boolean;
  func: Func | undefined;
}

/** A port that an element pushes to or pulls from. */
interface Port {
  /** What is connected there. */
  readonly to: Piece;
  /** The places where the element does, as far as they wait. */
  readonly sites: Site[];
  settled: boolean;
}

/** A push or a pull that waits. */
interface Site {
  /** How many elements' code it is inside. */
  readonly depth: number;
  fill(body: () => void): void;
  inPlace(): void;
  call(): void;
}

/** A call passes a packet as its address and its words. */
const partParams: Readonly<Record<"address" | PacketWord, "i32">> = Object.fromEntries(
  ["address", ...packetWords].map((name) => [name, "i32"]),
) as Record<"address" | PacketWord, "i32">;

/** How many elements' code may be inside each other. */
const maximumDepth = 120;

export class Placement {
  readonly wiring: Wiring;
  private readonly elements: readonly ElementInstance[];
  private readonly module: ModuleBuilder;
  private readonly code: ElementCode;
  /** By element, and then by its port, input or output as the kind has it. */
  private readonly pieces: Record<Piece["kind"], (Piece | undefined)[]>[];
  private readonly ports: Record<Piece["kind"], (Port | undefined)[]>[];
  /** By element: how many of its pieces are not done. */
  private readonly left: number[] = [];
  /** Elements all of whose pieces are done, and functions to be made. */
  private readonly ready: number[] = [];
  private readonly pending: (() => void)[] = [];
  /** Ports that have sites that wait. */
  private readonly waiting = new Set<Port>();
  /** The element whose code is being made, and how many elements' code that is inside. */
  private running = -1;
  private depth = 0;

  constructor(
    { elements }: CheckedGraph,
    neighbours: Neighbours,
    module: ModuleBuilder,
    code: ElementCode,
    memory: Pick<Wiring, "data" | "drop">,
    recorder?: Recorder,
  ) {
    this.elements = elements;
    this.module = module;
    this.code = code;
    this.pieces = elements.map((e) => {
      const piece = (kind: Piece["kind"], port: number): Piece => {
        const list = kind === "push" ? neighbours.sources(e.index, port) : neighbours.targets(e.index, port);
        const callers = list.length;
        return { kind, element: e.index, port, callers, shared: callers > 1, done: false, func: undefined };
      };
      const push = e.inputs.map((p, port) => (p === "push" ? piece("push", port) : undefined));
      const pull = e.outputs.map((p, port) => (p === "pull" ? piece("pull", port) : undefined));
      this.left.push([...push, ...pull].filter((one) => one).length);
      return { push, pull };
    });
    this.ports = elements.map((e) => {
      const port = (kind: Piece["kind"], number: number): Port | undefined => {
        const [to] = kind === "push" ? neighbours.targets(e.index, number) : neighbours.sources(e.index, number);
        const piece = to && this.pieces[to.element]?.[kind][to.port];
        return piece && { to: piece, sites: [], settled: false };
      };
      return {
        push: e.outputs.map((p, number) => (p === "push" ? port("push", number) : undefined)),
        pull: e.inputs.map((p, number) => (p === "pull" ? port("pull", number) : undefined)),
      };
    });
    this.wiring = {
      push: (c, element, port, parts) => {
        const to = this.ports[element]?.push[port];
        if (!to) throw new ElementDefinitionError(`push to output ${port}, which is not connected`);
        recorder?.hop(c, "push", element, port, parts);
        this.site(c, element, to, {
          inPlace: () => this.push(c, to.to, parts),
          call: () => c.call(this.entry(to.to), parts.address, ...packetWords.map((word) => parts[word].get())),
        });
      },
      pull: (c, element, port, given) => {
        const to = this.ports[element]?.pull[port];
        if (!to) throw new ElementDefinitionError(`pull from input ${port}, which is not connected`);
        const sink = (parts: PacketParts): void => {
          recorder?.hop(c, "pull", element, port, parts);
          given(parts);
        };
        this.site(c, element, to, {
          inPlace: () => this.pull(c, to.to, sink),
          call: () => {
            const address = c.call(this.entry(to.to) as Func<"i32">);
            c.if(address, () => sink(loadParts(c, address)));
          },
        });
      },
      ...memory,
    };
  }

  /** Makes code of an element that nothing pushes to or pulls from. */
  root<T>(e: ElementInstance, make: () => T): T {
    this.running = e.index;
    this.depth = 0;
    return make();
  }

  /** Makes the rest, when all roots are made. */
  finish(): void {
    for (let i = this.left.length - 1; i >= 0; i--) if (this.left[i] === 0) this.ready.push(i);
    for (;;) {
      const define = this.pending.pop();
      const element = define ? undefined : this.ready.pop();
      if (define) define();
      else if (element !== undefined) this.settle(element);
      else {
        // Elements that wait for one another in a circle, which begins with a function.
        const [port] = this.waiting;
        if (!port) return;
        this.callAll(port);
      }
    }
  }

  private site(
    c: FunctionBuilder,
    element: number,
    port: Port,
    { inPlace, call }: Pick<Site, "inPlace" | "call">,
  ): void {
    // What peers do in each other's code is not counted.
    if (port.settled || port.to.shared || element !== this.running || this.depth >= maximumDepth) {
      call();
      return;
    }
    port.sites.push({ depth: this.depth, fill: c.later(), inPlace, call });
    this.waiting.add(port);
  }

  /** All code of an element is made. */
  private settle(element: number): void {
    const { push = [], pull = [] } = this.ports[element] ?? {};
    for (const port of [...push, ...pull]) {
      if (!port) continue;
      const [site] = port.sites;
      if (site && port.sites.length === 1) {
        this.close(port);
        this.depth = site.depth + 1;
        this.running = port.to.element;
        site.fill(site.inPlace);
        this.done(port.to);
      } else this.callAll(port);
      if (--port.to.callers === 0 && !port.to.func) this.done(port.to);
    }
  }

  private callAll(port: Port): void {
    const sites = this.close(port);
    for (const { fill, call } of sites) fill(call);
  }

  /** What comes later is a call. */
  private close(port: Port): Site[] {
    port.settled = true;
    this.waiting.delete(port);
    return port.sites.splice(0);
  }

  private done(piece: Piece): void {
    if (piece.done) return;
    piece.done = true;
    const left = (this.left[piece.element] as number) - 1;
    this.left[piece.element] = left;
    if (left === 0) this.ready.push(piece.element);
  }

  private push(c: FunctionBuilder, { element, port }: Piece, parts: PacketParts): void {
    this.code.push(c, this.elements[element] as ElementInstance, port, parts, this.wiring);
  }

  private pull(c: FunctionBuilder, { element, port }: Piece, sink: (parts: PacketParts) => void): void {
    this.code.pull(c, this.elements[element] as ElementInstance, port, sink, this.wiring);
  }

  /** The function that a piece is. */
  private entry(piece: Piece): Func {
    if (piece.func) return piece.func;
    const { kind, element, port } = piece;
    const { name } = (this.elements[element] as ElementInstance).source;
    const func: Func =
      kind === "push"
        ? this.module.declare(`${name} [${port}] push`, partParams, undefined)
        : this.module.declare(`${name} pull [${port}]`, {}, "i32");
    piece.func = func;
    this.pending.push(() => {
      this.running = element;
      this.depth = 0;
      if (kind === "push")
        this.module.define(func, partParams, (c, p) =>
          this.push(
            c,
            piece,
            packetParts(c, p.address, (word) => p[word]),
          ),
        );
      else
        this.module.define(func, {}, (c) => {
          const result = c.var("i32", 0, "result");
          this.pull(c, piece, (parts) => result.set(saveParts(c, parts)));
          return result.get();
        });
      this.done(piece);
    });
    return func;
  }
}
