/**
 * Mirror ports: each gets a copy of what enters the switch at some ports, or leaves it there.
 *
 * As with a mirror's `output_port` of Open vSwitch (ovs-vswitchd.conf.db(5)), the port is there for that only: it gets no other frames,
 * what it sends is dropped, and a frame that is mirrored for several reasons is copied once. Copies of one batch come in the order in
 * which the frames entered.
 */
import type { AttachedPort } from "./attached-port.ts";
import { batchSize } from "./frame-batch.ts";

/** What a mirror port gets: ports by name, whether they are attached or will be. */
export interface MirrorOptions {
  /** All frames that enter the switch at these ports, those that it drops too. */
  readonly entering?: readonly string[] | "all";
  /** All frames that leave it there: what the ports took. */
  readonly leaving?: readonly string[] | "all";
}

/** A mirror port in its place, and which frames of the batch at hand it gets. */
export class Mirror {
  readonly index: number;
  readonly target: AttachedPort;
  private readonly marks = new Uint8Array(batchSize);

  constructor(index: number, target: AttachedPort) {
    this.index = index;
    this.target = target;
  }
  markAll(count: number): void {
    this.marks.fill(1, 0, count);
  }
  mark(list: Int32Array, count: number): void {
    for (let k = 0; k < count; k++) this.marks[list[k] as number] = 1;
  }
  /** Lists the marked ones of so many frames and takes the marks away; how many there are. */
  take(list: Int32Array, count: number): number {
    let n = 0;
    for (let i = 0; i < count; i++) if (this.marks[i] === 1) list[n++] = i;
    this.marks.fill(0, 0, count);
    return n;
  }
}

/** Finds the mirrors among the ports of a switch, and says to each port which of them get its frames. */
export function joinMirrors(ports: readonly (AttachedPort | undefined)[]): readonly Mirror[] {
  const mirrors: Mirror[] = [];
  ports.forEach((port, index) => {
    if (port?.mirror) mirrors.push(new Mirror(index, port));
  });
  for (const port of ports) {
    if (!port) continue;
    const thatName = (which: keyof MirrorOptions): Mirror[] =>
      port.mirror ? [] : mirrors.filter(({ target }) => names(target.mirror?.[which], port.port.name));
    port.enteringTo = thatName("entering");
    port.leavingTo = thatName("leaving");
  }
  return mirrors;
}

function names(ports: readonly string[] | "all" | undefined, name: string): boolean {
  return ports === "all" || (ports?.includes(name) ?? false);
}
