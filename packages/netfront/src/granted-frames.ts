/** Frames with their grants, given back when the other side lets go of them. */
import type { FrontParts } from "./net-front.ts";

export class GrantedFrames {
  private readonly held = new Map<number, number>();
  private readonly parts: FrontParts;

  constructor(parts: FrontParts) {
    this.parts = parts;
  }
  /** A frame of zeros, granted: its reference. */
  add(readOnly = false): { readonly ref: number; readonly frame: number; readonly address: number } {
    const frame = this.parts.allocateFrame();
    const ref = this.parts.grants.grant(frame, { to: this.parts.backend, readOnly });
    this.held.set(ref, frame);
    const address = frame * 4096;
    new Uint8Array(this.parts.memory.buffer, address, 4096).fill(0);
    return { ref, frame, address };
  }
  /** Several, with references in a row. @throws {GrantError} */
  addRange(count: number): { readonly ref: number; readonly addresses: readonly number[] } {
    const frames = Array.from({ length: count }, () => this.parts.allocateFrame());
    const { buffer } = this.parts.memory;
    let ref: number;
    try {
      ref = this.parts.grants.grantRange(frames, { to: this.parts.backend });
    } catch (e) {
      for (const frame of frames) this.parts.freeFrame(frame);
      throw e;
    }
    frames.forEach((frame, i) => {
      this.held.set(ref + i, frame);
      new Uint8Array(buffer, frame * 4096, 4096).fill(0);
    });
    return { ref, addresses: frames.map((frame) => frame * 4096) };
  }
  /** Takes all back that can be; whether that was all. */
  close(): boolean {
    for (const [ref, frame] of this.held) {
      if (!this.parts.grants.end(ref)) continue;
      this.held.delete(ref);
      this.parts.freeFrame(frame);
    }
    return this.held.size === 0;
  }
}
