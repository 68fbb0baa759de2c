/** Frames that a port dropped, by reason. Only reasons that occurred are listed. */
export class DropCounts {
  readonly counts: Record<string, number> = {};

  add(reason: string, frames = 1): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + frames;
  }
}

/** Reasons that several ports have. */
export const reasons = {
  full: "no room for what came in",
  tooLong: "longer than the port carries",
  unconnected: "nobody is connected",
  stranger: "from somebody else than the peer",
  framing: "malformed framing",
} as const;
