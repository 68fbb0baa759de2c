/** What a lookup of whole batches says: each frame goes once to each port that it names, whatever it names how often. */
import { batchSize } from "./frame-batch.ts";

/** Results that are no ports are negative numbers, down to this one's. */
const otherResults = 16;

export class AnsweredFrames {
  /** Numbers of batches: that of the one at hand stands where something was said. */
  private turn = 0;
  private readonly frames = new Uint32Array(batchSize);
  private readonly everywhere = new Uint32Array(batchSize);
  private readonly ports: (Uint32Array | undefined)[] = [];

  begin(): void {
    this.turn = (this.turn + 1) >>> 0;
    if (this.turn !== 0) return;
    // After 2^32 batches: what stands there is too old to be told from what is to come.
    this.frames.fill(0);
    this.everywhere.fill(0);
    this.ports.length = 0;
    this.turn = 1;
  }
  /** Notes that a frame goes to all ports, which is all that can be said of it; whether nothing else was. */
  noteAll(i: number): boolean {
    if (this.frames[i] === this.turn) return false;
    this.frames[i] = this.turn;
    this.everywhere[i] = this.turn;
    return true;
  }
  goesEverywhere(i: number): boolean {
    return this.everywhere[i] === this.turn;
  }
  /** Notes that a frame goes to a port, or has another result; whether that is said for the first time. */
  note(i: number, to: number): boolean {
    this.frames[i] = this.turn;
    const at = to + otherResults;
    let said = this.ports[at];
    if (!said) {
      said = new Uint32Array(batchSize);
      this.ports[at] = said;
    }
    if (said[i] === this.turn) return false;
    said[i] = this.turn;
    return true;
  }
  /** How many frames of a list nothing was said of. */
  missing(list: Int32Array, count: number): number {
    let n = 0;
    for (let k = 0; k < count; k++) if (this.frames[list[k] as number] !== this.turn) n++;
    return n;
  }
}
