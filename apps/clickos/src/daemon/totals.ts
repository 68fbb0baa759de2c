/** What the daemon has done since it began, for its metrics. */

/** How often something was done, and how long it took in all. */
export class Duration {
  count = 0;
  seconds = 0;

  add(milliseconds: number): void {
    this.count++;
    this.seconds += milliseconds / 1000;
  }
}

export class Totals {
  /** Creations of domains, those by packets and after crashes too. */
  readonly boots: Duration = new Duration();
  /** Routers that took the place of others, and domains that went elsewhere: how long each stood still. */
  readonly reconfigurations: Duration = new Duration();
  readonly migrations: Duration = new Duration();
  /** Domains that were asked for and could not be made. */
  failedStarts = 0;
}
