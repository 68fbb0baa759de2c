/** Where a lookup that is given by a table sends frames: ports by name, whether they are attached or will be. */
import { broadcast, dropped, nobody, unknown } from "../lookup-result.ts";
import { memoryOf, packetWords } from "../packet-memory.ts";

/** One port; all that may get the frame, as on a bridge that does not know its address; or none, which is counted. */
export type Destination = { readonly port: string } | "flood" | "drop";

/** Results for the destinations of a table, each by a number; 0 to 2 are the words in `fixed`. */
const fixed = [dropped, broadcast, unknown] as const;
const smallest = 16;

/**
 * The destinations that a table names, by number, and where frames for each go at present: code reads that from packet memory, so that
 * no table changes when a port comes or goes.
 */
export class Destinations {
  private results = packetWords(smallest);
  private count: number = fixed.length;
  private readonly numbers = new Map<string, number>();
  private readonly ports = new Map<string, number>();
  private readonly names = new Map<number, string>();

  constructor() {
    fixed.forEach((result, i) => {
      this.results[i] = result;
    });
  }
  /** The number of a destination. What is flooded counts as for a group, or as for one station that nobody knows. */
  numberOf(destination: Destination, isGroup: boolean): number {
    if (destination === "drop") return fixed.indexOf(dropped);
    if (destination === "flood") return fixed.indexOf(isGroup ? broadcast : unknown);
    return this.numberOfPort(destination.port);
  }
  /** The number of a port; the same for the same name. */
  numberOfPort(name: string): number {
    let number = this.numbers.get(name);
    if (number === undefined) {
      number = this.count++;
      if (number >= this.results.length) this.grow();
      this.numbers.set(name, number);
      this.results[number] = this.ports.get(name) ?? nobody;
    }
    return number;
  }
  private grow(): void {
    const more = packetWords(this.results.length * 2);
    more.set(this.results);
    this.results = more;
  }
  /** Where frames of a number go: a port by index, or another result. */
  resultOf(number: number): number {
    return this.results[number] as number;
  }
  /** By number: where frames go at present. */
  get words(): Int32Array {
    return this.results;
  }
  /** The packet memory that they are in, where code reaches them. */
  get memory(): WebAssembly.Memory | undefined {
    return memoryOf(this.results);
  }
  /** A port is attached. */
  enter(port: number, name: string): void {
    this.ports.set(name, port);
    this.names.set(port, name);
    this.point(name, port);
  }
  /** It leaves. */
  leave(port: number): void {
    const name = this.names.get(port);
    if (name === undefined) return;
    this.names.delete(port);
    this.ports.delete(name);
    this.point(name, nobody);
  }
  private point(name: string, result: number): void {
    const number = this.numbers.get(name);
    if (number !== undefined) this.results[number] = result;
  }
}
