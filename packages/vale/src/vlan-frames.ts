/**
 * The frames of a batch in a switch with VLANs: copies of the switch's own, each with its VLAN, whose tags are put in and taken off as
 * each port wants them.
 *
 * A tag stands behind the addresses (IEEE 802.1Q, section 9): two bytes that say that it is one (0x8100), then priority (PCP, 3 bits),
 * drop eligibility (DEI, 1) and VID (12), high byte first. A frame whose tag says VID 0 is priority-tagged: it is in the VLAN of frames
 * without a tag, and keeps its priority. Tags of service VLANs (0x88a8) are not looked at.
 *
 * To put a tag in, the addresses move four bytes to the front, so that the rest of a frame stays where it is.
 */
import { batchSize, type FrameBatch } from "./frame-batch.ts";
import { shortestFrame } from "./mtu.ts";
import { OwnFrames } from "./own-frames.ts";
import type { VlanRules } from "./vlan-rules.ts";

const tagBytes = 4;
const tagWords = tagBytes >> 2;
const addressWords = 3;
/** The first two bytes of a tag, as the low half of a word; its other bytes are above. */
const tagType = 0x0081;
const vidMask = 0xfff;

/** What is said of frames that have no VLAN: not in one of their port's, or too short for a header. */
export const noVlan = 0;
export const tooShort = 0xffff;

export class VlanFrames {
  private readonly own = new OwnFrames();
  /** The VLAN of each frame, or `noVlan`, or `tooShort`. */
  private readonly vids = new Uint16Array(batchSize);
  /** Each frame's tag without its type, whether it has it or not. */
  private readonly tags = new Uint16Array(batchSize);
  private readonly hasTag = new Uint8Array(batchSize);

  /** Takes the frames of a batch that entered at a port. The batch that it returns has them as they came, in the same places. */
  take(given: FrameBatch, port: VlanRules): FrameBatch {
    const batch = this.own.copy(given);
    for (let i = 0; i < batch.count; i++) this.classify(batch, i, port);
    return batch;
  }
  vidOf(i: number): number {
    return this.vids[i] as number;
  }
  private classify(batch: FrameBatch, i: number, port: VlanRules): void {
    const length = batch.lengths[i] as number;
    const word = batch.memory.words[((batch.offsets[i] as number) >> 2) + addressWords] as number;
    const isTagged = length >= shortestFrame && (word & 0xffff) === tagType;
    this.vids[i] = noVlan;
    this.hasTag[i] = isTagged ? 1 : 0;
    if (length < (isTagged ? shortestFrame + tagBytes : shortestFrame)) {
      this.vids[i] = tooShort;
      return;
    }
    const tag = isTagged ? ((word >>> 8) & 0xff00) | (word >>> 24) : port.defaultTag;
    const vid = tag & vidMask || port.untagged;
    if (port.has(vid)) {
      this.vids[i] = vid;
      this.tags[i] = (tag & ~vidMask) | vid;
      // A tag says its VLAN, wherever the frame leaves with it.
      if (isTagged) this.writeTag(batch, (batch.offsets[i] as number) >> 2, i);
    }
  }
  /**
   * Gives the frames of a list the form in which they leave at a port, or all of them tags for one without VLANs; those in no VLAN stay
   * as they are. @returns the length of the longest.
   */
  shape(list: Int32Array, count: number, port: VlanRules | undefined): number {
    const { batch } = this.own;
    let longest = 0;
    for (let k = 0; k < count; k++) {
      const i = list[k] as number;
      const vid = this.vids[i] as number;
      const wantsTag = vid === noVlan || vid === tooShort ? this.hasTag[i] : vid === port?.untagged ? 0 : 1;
      if (wantsTag !== this.hasTag[i]) {
        if (wantsTag) this.putTag(batch, i);
        else this.takeTag(batch, i);
      }
      const length = batch.lengths[i] as number;
      if (length > longest) longest = length;
    }
    return longest;
  }
  private putTag(batch: FrameBatch, i: number): void {
    const at = (batch.offsets[i] as number) - tagBytes;
    const w = at >> 2;
    batch.memory.words.copyWithin(w, w + tagWords, w + tagWords + addressWords);
    this.writeTag(batch, w, i);
    this.moved(batch, i, at, tagBytes);
  }
  /** Writes the tag of the frame that begins at a word. */
  private writeTag(batch: FrameBatch, word: number, i: number): void {
    const tag = this.tags[i] as number;
    batch.memory.words[word + addressWords] = tagType | ((tag & 0xff00) << 8) | ((tag & 0xff) << 24);
  }
  private takeTag(batch: FrameBatch, i: number): void {
    const at = batch.offsets[i] as number;
    const w = at >> 2;
    batch.memory.words.copyWithin(w + tagWords, w, w + addressWords);
    this.moved(batch, i, at + tagBytes, -tagBytes);
  }
  private moved(batch: FrameBatch, i: number, at: number, more: number): void {
    batch.offsets[i] = at;
    batch.lengths[i] = (batch.lengths[i] as number) + more;
    this.hasTag[i] = more > 0 ? 1 : 0;
  }
}
