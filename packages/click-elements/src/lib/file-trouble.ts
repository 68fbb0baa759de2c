/** What goes wrong with an element's file while the router runs: it stops the driver, once, and is told at the end. */
import type { ServiceHost } from "@clickos/click-core/element";

export class FileTrouble {
  private readonly host: ServiceHost;
  problem: string | undefined;

  constructor(host: ServiceHost) {
    this.host = host;
  }

  /** Does something with the file; nothing, once that went wrong. */
  attempt(action: () => void): void {
    if (this.problem !== undefined) return;
    try {
      action();
    } catch (e) {
      this.problem = (e as Error).message;
      this.host.stop();
    }
  }
}
