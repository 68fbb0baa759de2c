/** Connects what stands at the two sides of an arrow. */
import type { Arrow, PortList } from "./ast.ts";

/** An element at one side of an arrow, and the ports written there. */
export interface Side {
  readonly element: number;
  readonly ports: PortList | undefined;
}

interface Extent {
  /** Ports at least. */
  readonly minimum: number;
  /** Lists that take more ports if need be. */
  readonly open: number;
}

function extentOf(sides: readonly Side[]): Extent {
  let [minimum, open] = [0, 0];
  for (const { ports } of sides) {
    minimum += Math.max(1, ports?.ports.length ?? 0);
    if (ports?.open) open++;
  }
  return { minimum, open };
}

/** Goes through the ports of one side, in order. */
class Cursor {
  private side = 0;
  private at = 0;
  private readonly sides: readonly Side[];
  private readonly moves: boolean;
  private readonly unwritten: boolean;
  private extra: number;

  /** `moves` is false for one port that is connected to all; `extra` ports come in addition to those written. */
  constructor(sides: readonly Side[], moves: boolean, extra: number, unwritten: boolean) {
    this.sides = sides;
    this.moves = moves;
    this.extra = extra;
    this.unwritten = unwritten;
  }

  get current(): { readonly element: number; readonly port: number } | undefined {
    const side = this.sides[this.side];
    if (!side) return undefined;
    const { ports } = side;
    if (!ports) return { element: side.element, port: this.at };
    const { length } = ports.ports;
    const last = ports.ports[length - 1] as number;
    return { element: side.element, port: ports.ports[this.at] ?? last + 1 + this.at - length };
  }

  advance(): void {
    if (!this.moves) return;
    const ports = this.sides[this.side]?.ports;
    this.at++;
    if (ports && this.at < ports.ports.length) return;
    if ((ports ? ports.open : this.unwritten) && this.extra > 0) {
      this.extra--;
      return;
    }
    this.side++;
    this.at = 0;
  }
}

/** Reports what does not fit, and connects what does. */
export function connectSides(
  outputs: readonly Side[],
  inputs: readonly Side[],
  arrow: Arrow,
  connect: (from: { element: number; port: number }, to: { element: number; port: number }) => void,
  error: (message: string) => void,
): void {
  const [outs, ins] = [extentOf(outputs), extentOf(inputs)];
  let [outOpen, inOpen] = [outs.open > 0, ins.open > 0];
  if (outs.open + ins.open > 1) {
    error("at most one expandable port allowed per connection");
    if (ins.minimum < outs.minimum) outOpen = false;
    else inOpen = false;
  }
  // A double arrow takes as many ports as it needs where none are written.
  let [outUnwritten, inUnwritten] = [false, false];
  if (arrow === "=>") {
    if (outs.minimum === 1 && ins.minimum > 1 && !outputs[0]?.ports) outOpen = outUnwritten = true;
    if (ins.minimum === 1 && outs.minimum > 1 && !inputs[0]?.ports) inOpen = inUnwritten = true;
  }
  const outMany = outs.minimum > 1 || outOpen;
  let inMany = ins.minimum > 1 || inOpen;
  if (outMany && inMany) {
    const [m, n] = [outs.minimum, ins.minimum];
    if (arrow !== "=>") error("syntax error: many-to-many connections require '=>'");
    if (!inOpen && !outOpen && m !== n) error(`connection mismatch: ${m} outputs connected to ${n} inputs`);
    else if (!inOpen && n < m) error(`connection mismatch: ${m} or more outputs connected to ${n} inputs`);
    else if (!outOpen && m < n) error(`connection mismatch: ${m} outputs connected to ${n} or more inputs`);
  } else if (!outMany && !inMany) inMany = true;
  const from = new Cursor(outputs, outMany, outOpen ? Math.max(0, ins.minimum - outs.minimum) : 0, outUnwritten);
  const to = new Cursor(inputs, inMany, inOpen ? Math.max(0, outs.minimum - ins.minimum) : 0, inUnwritten);
  for (;;) {
    const [a, b] = [from.current, to.current];
    if (!a || !b) return;
    connect(a, b);
    from.advance();
    to.advance();
  }
}
