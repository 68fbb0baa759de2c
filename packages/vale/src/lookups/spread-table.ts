/**
 * Which of a group's ports has which values of a hash: rendezvous hashing (Thaler and Ravishankar, 1998) of places in a table.
 *
 * Each place belongs to the member that is there whose weight for it, a hash of place, member and seed, is highest. So when a member
 * leaves only its places go to others, evenly; when it comes back it has the same ones. Members count by their place in the group, not
 * by name: groups of two switches with the same seed spread alike.
 */
import { nobody } from "../lookup-result.ts";
import { packetWords } from "../packet-memory.ts";
import { multipliers } from "./flow-hash.ts";

/** Places of the table: a power of two, so many that members of 100 have shares that are even to some 15 %. */
export const places = 4096;

function weight(place: number, member: number, seed: number): number {
  let h = Math.imul(place ^ seed, multipliers[0]);
  h = Math.imul(h ^ (h >>> 15) ^ Math.imul(member + 1, 0x9e3779b1), multipliers[1]);
  h = Math.imul(h ^ (h >>> 13), multipliers[0]);
  return (h ^ (h >>> 16)) >>> 0;
}

export class SpreadTable {
  /** By place: the port by index, or `nobody`. */
  readonly results: Int32Array = packetWords(places);
  private readonly seed: number;
  /** By member: its port by index, or -1 while it is not there. */
  private readonly ports: Int32Array;
  /** By place: the member that has it, or -1. */
  private readonly owners = new Int32Array(places).fill(-1);

  constructor(members: number, seed: number) {
    this.seed = seed;
    this.ports = new Int32Array(members).fill(-1);
    this.results.fill(nobody);
  }
  enter(member: number, port: number): void {
    this.ports[member] = port;
    for (let place = 0; place < places; place++) {
      const owner = this.owners[place] as number;
      if (owner < 0 || weight(place, member, this.seed) > weight(place, owner, this.seed)) this.give(place, member);
    }
  }
  leave(member: number): void {
    this.ports[member] = -1;
    for (let place = 0; place < places; place++) if (this.owners[place] === member) this.give(place, this.best(place));
  }
  private best(place: number): number {
    let best = -1;
    let most = -1;
    for (let member = 0; member < this.ports.length; member++) {
      if ((this.ports[member] as number) < 0) continue;
      const w = weight(place, member, this.seed);
      if (w > most) {
        most = w;
        best = member;
      }
    }
    return best;
  }
  private give(place: number, member: number): void {
    this.owners[place] = member;
    this.results[place] = member < 0 ? nobody : (this.ports[member] as number);
  }
}
