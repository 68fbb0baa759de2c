/**
 * In which order ports have their turns: those of higher priority first, and those of one priority one after the other, another one first
 * each time.
 *
 * A turn moves one batch at most, so a port waits for one batch of each of the others. That goes for time; room at a port that
 * many send to is had by those who come first, so that ports of lower priority could find none ever. So in one round of eight
 * another priority than the highest begins, each in turn.
 */
import { PortSet } from "./port-set.ts";

export const highestPriority = 7;
/** One round of so many is begun by another priority than the highest. */
export const roundsOfOthers = 8;

/** Ports of one priority that may have frames. */
export class PortClass extends PortSet {
  /** Whose turn is first. */
  first = 0;
}

export class PortTurns {
  private readonly classes: (PortClass | undefined)[] = [];
  /** By port. */
  private readonly priorities: number[] = [];
  /** Ports by priority: how many there are. */
  private readonly members = new Int32Array(highestPriority + 1);
  /** Classes from the highest on; and the same with each of the lower ones first. */
  private inOrder: readonly PortClass[] = [];
  private others: readonly (readonly PortClass[])[] = [];
  private round = 0;

  attach(port: number, priority: number): void {
    this.priorities[port] = priority;
    this.classes[priority] ??= new PortClass();
    this.members[priority] = (this.members[priority] as number) + 1;
    this.arrange();
    this.add(port);
  }
  detach(port: number): void {
    const priority = this.priorities[port] as number;
    this.classes[priority]?.delete(port);
    this.members[priority] = (this.members[priority] as number) - 1;
    this.arrange();
  }
  private arrange(): void {
    const order: PortClass[] = [];
    this.classes.forEach((one, priority) => {
      if (one && this.members[priority] !== 0) order.unshift(one);
    });
    this.inOrder = order;
    this.others = order.slice(1).map((one) => [one, ...order.filter((other) => other !== one)]);
  }
  /** A port may have frames. */
  add(port: number): void {
    this.classes[this.priorities[port] as number]?.add(port);
  }
  /** Those of all priorities, from the highest on. */
  get all(): readonly PortClass[] {
    return this.inOrder;
  }
  /** The classes in the order of the next round. */
  next(): readonly PortClass[] {
    const { others } = this;
    if (others.length === 0) return this.inOrder;
    this.round = (this.round + 1) % (roundsOfOthers * others.length);
    if (this.round % roundsOfOthers !== 0) return this.inOrder;
    return others[this.round / roundsOfOthers] as readonly PortClass[];
  }
}
