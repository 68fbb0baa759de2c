/** A port that has no frames and keeps those that it gets, for as long as nobody is there who could have them. */
import type { Port } from "@clickos/vale";

/** Frames that are kept at most. */
const mostFrames = 1024;

export interface HoldingPort extends Port {
  /** What came, in order. */
  readonly frames: readonly Uint8Array[];
}

/** What comes when it is full is for the switch to count. */
export function holdingPort(name: string, frameLimit: number | undefined): HoldingPort {
  const frames: Uint8Array[] = [];
  return {
    name,
    ...(frameLimit === undefined ? {} : { frameLimit }),
    frames,
    poll: () => null,
    release() {},
    deliver({ memory, offsets, lengths }, list, count) {
      const taken = Math.min(count, mostFrames - frames.length);
      for (let k = 0; k < taken; k++) {
        const i = list[k] as number;
        const at = offsets[i] as number;
        frames.push(memory.bytes.slice(at, at + (lengths[i] as number)));
      }
      return taken;
    },
    flush() {},
    onReady: () => () => {},
  };
}
