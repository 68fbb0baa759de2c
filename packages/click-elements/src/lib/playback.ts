/** Plays packets at the distances in time that they have in a file. */
import type { ServiceHost } from "@clickos/click-core/element";

export class Playback {
  private readonly host: Pick<ServiceHost, "at" | "now" | "schedule">;
  /** What is to be added to a packet's time. */
  private offset: bigint | undefined;
  /** Whether the time of the next packet has not come. */
  early = false;

  constructor(host: Pick<ServiceHost, "at" | "now" | "schedule">) {
    this.host = host;
  }

  /** The packet of that time is the one that others are played after. */
  start(timestampNs: bigint): void {
    this.offset ??= this.host.now() - timestampNs;
  }

  /** Whether a packet's time has come; the element is scheduled when it has. The first one's has. */
  isDue(timestampNs: bigint): boolean {
    const now = this.host.now();
    this.offset ??= now - timestampNs;
    const due = timestampNs + this.offset;
    if (due <= now) return true;
    this.early = true;
    this.host.at(due, () => {
      this.early = false;
      this.host.schedule();
    });
    return false;
  }
}
