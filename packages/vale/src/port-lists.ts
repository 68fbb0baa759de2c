/** Which frames of the batch at hand go to which port: a list for each, in packet memory where code fills them too. */
import type { AttachedPort } from "./attached-port.ts";
import { memoryOf, packetWords } from "./packet-memory.ts";
import type { LookupCode } from "./staged/lookup.ts";

/** Ports that there is room for at first. */
const fewPorts = 16;

export class PortLists {
  private readonly ports: readonly (AttachedPort | undefined)[];
  /** By port: where its list is, or 0 where there is no port, or none that code sorts frames to. */
  private lists = packetWords(fewPorts);
  /** By port: how many frames are in its list. */
  counts: Int32Array = packetWords(fewPorts);
  /** How many ports have frames in their lists, and then which. */
  touched: Int32Array = packetWords(fewPorts + 1);

  /** Ports by index: those of the switch, whoever comes and goes. */
  constructor(ports: readonly (AttachedPort | undefined)[]) {
    this.ports = ports;
  }
  attach(index: number, port: AttachedPort): void {
    if (index >= this.lists.length) this.grow(index + 1);
    this.lists[index] = memoryOf(port.list) && !port.mirror ? port.list.byteOffset : 0;
  }
  detach(index: number): void {
    this.lists[index] = 0;
  }
  private grow(ports: number): void {
    const room = Math.max(ports, this.lists.length * 2);
    this.lists = packetWords(room, this.lists);
    this.counts = packetWords(room, this.counts);
    this.touched = packetWords(room + 1, this.touched);
  }
  /** Puts frame `i` into the list of a port that is there. */
  add(to: number, i: number): void {
    const n = this.counts[to] as number;
    if (n === 0) {
      const { touched } = this;
      touched[0] = (touched[0] as number) + 1;
      touched[touched[0]] = to;
    }
    (this.ports[to] as AttachedPort).list[n] = i;
    this.counts[to] = n + 1;
  }
  /**
   * Puts frames `first` to before `end` into the lists of the ports that `to` names for each, by code. Stops before one that goes to
   * none or to many, and returns its index, or `end`.
   */
  spread(code: LookupCode, to: Int32Array, first: number, end: number): number {
    const { lists, counts, touched, ports } = this;
    return code.spread(
      to.byteOffset,
      first,
      end,
      ports.length,
      lists.byteOffset,
      counts.byteOffset,
      touched.byteOffset,
    );
  }
}
