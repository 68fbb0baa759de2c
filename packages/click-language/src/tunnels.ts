/**
 * Connections through compound elements and groups: what is connected to a port of one is connected to what its inside has
 * at that port. Each port has two ends, one outside and one inside.
 */
import type { Definition } from "./definition.ts";

/** A compound element or group, with its input and its output: three elements that are only joints. */
export interface TunnelPair {
  readonly outer: number;
  readonly input: number;
  readonly output: number;
}

export interface ElementPort {
  readonly element: number;
  readonly port: number;
}

/** One side of a joint's port: as what packets come out of, or as what they go into. */
interface End extends ElementPort {
  /** Packets come out of it. */
  readonly isOutput: boolean;
  /** What is connected to the other end of the joint. */
  readonly connected: ElementPort[];
  /** What that leads to, when it is known. */
  reached: readonly ElementPort[] | undefined;
  entered: boolean;
}

/** Ports that connections through tunnels lead to, in all. */
const maximumReached = 2_000_000;

export class Tunnels {
  /** By element and direction: the element that the other end belongs to. */
  private readonly partners = new Map<string, number>();
  private readonly ends = new Map<string, End>();
  private readonly definition: Definition;
  private readonly error: (element: number, message: string) => void;
  private reachedCount = 0;

  /** `error` receives what is wrong with an element. */
  constructor(definition: Definition, error: (element: number, message: string) => void) {
    this.definition = definition;
    this.error = error;
  }

  add({ outer, input, output }: TunnelPair): void {
    this.partners.set(key(outer, false), input);
    this.partners.set(key(input, true), outer);
    this.partners.set(key(output, false), outer);
    this.partners.set(key(outer, true), output);
  }

  isTunnel(element: number): boolean {
    return this.definition.elements[element]?.class.kind === "tunnel";
  }

  /** Notes what is connected to tunnels; to be called once, when all connections are there. */
  prepare(): void {
    for (const c of this.definition.connections) {
      const from = { element: c.from, port: c.fromPort };
      const to = { element: c.to, port: c.toPort };
      this.note(from, true, to);
      this.note(to, false, from);
    }
  }

  private note(port: ElementPort, isOutput: boolean, other: ElementPort): void {
    if (!this.isTunnel(port.element)) return;
    const end = this.find(port, isOutput);
    if (end) this.opposite(end)?.connected.push(other);
  }

  private find({ element, port }: ElementPort, isOutput: boolean): End | undefined {
    const name = `${key(element, isOutput)}.${port}`;
    let end = this.ends.get(name);
    if (!end && this.partners.has(key(element, isOutput))) {
      end = { element, port, isOutput, connected: [], reached: undefined, entered: false };
      this.ends.set(name, end);
    }
    return end;
  }

  private opposite({ element, port, isOutput }: End): End | undefined {
    const partner = this.partners.get(key(element, isOutput));
    return partner === undefined ? undefined : this.find({ element: partner, port }, !isOutput);
  }

  /** The ports of real elements that a connection's side leads to. */
  reach(port: ElementPort, isOutput: boolean): readonly ElementPort[] {
    if (!this.isTunnel(port.element)) return [port];
    const end = this.find(port, isOutput);
    if (end) return this.follow(end);
    if (this.find(port, !isOutput))
      this.error(port.element, `'${this.name(port.element)}' used as ${isOutput ? "output" : "input"}`);
    return [];
  }

  /** Without recursion: tunnels may follow each other by the thousand. A circle of nothing but tunnels leads nowhere. */
  private follow(start: End): readonly ElementPort[] {
    const work: { end: End; at: number; found: Map<string, ElementPort> }[] = [];
    const enter = (end: End): void => {
      end.entered = true;
      if (end.connected.length === 0) this.unused(end);
      work.push({ end, at: 0, found: new Map() });
    };
    if (!start.entered) enter(start);
    for (let top = work.at(-1); top; top = work.at(-1)) {
      const { end, found } = top;
      const next = end.connected[top.at];
      if (!next) {
        end.reached ??= [...found.values()];
        this.reachedCount += end.reached.length;
        work.pop();
        continue;
      }
      let reached: readonly ElementPort[] = [next];
      if (this.isTunnel(next.element)) {
        const inner = this.find(next, end.isOutput);
        if (inner && !inner.entered) {
          enter(inner);
          continue;
        }
        reached = inner ? (inner.reached ?? []) : this.reach(next, end.isOutput);
      }
      top.at++;
      // Most joints have one thing connected to them.
      if (end.connected.length === 1) end.reached = reached;
      else if (this.reachedCount < maximumReached) for (const p of reached) found.set(`${p.element}.${p.port}`, p);
    }
    return start.reached ?? [];
  }

  private unused(end: End): void {
    const other = this.opposite(end) ?? end;
    const inward = end.isOutput ? other : end;
    const outward = end.isOutput ? end : other;
    const [inName, outName] = [this.name(inward.element), this.name(outward.element)];
    if (outName === `${inName}/input`)
      this.error(
        inward.element,
        end.isOutput ? `'${inName}' input ${inward.port} unused` : `'${inName}' has no input ${inward.port}`,
      );
    else if (inName === `${outName}/output`)
      this.error(
        outward.element,
        end.isOutput ? `'${outName}' has no output ${outward.port}` : `'${outName}' output ${outward.port} unused`,
      );
    else
      this.error(
        other.element,
        `tunnel '${inName} -> ${outName}' ${end.isOutput ? "output" : "input"} ${end.element} unused`,
      );
  }

  private name(element: number): string {
    return this.definition.elements[element]?.name ?? "?";
  }
}

function key(element: number, isOutput: boolean): string {
  return `${element}${isOutput ? "o" : "i"}`;
}
