/** The domains that are there, by name, those that could not be made, and the names of those that are being made. */
import type { Vm } from "@clickos/xl-fast";
import { DaemonError } from "./daemon-error.ts";
import type { DomainRecord } from "./domain-record.ts";
import type { Journal, Json } from "./journal.ts";

/** A domain that is there. */
export interface Entry {
  /** Its key in the journal. */
  readonly key: string;
  record: DomainRecord;
  vm: Vm;
  /** How often it was started anew after a crash. */
  restarts: number;
  checkpointTimer: ReturnType<typeof setInterval> | undefined;
}

/** One that is defined, and could not be made. */
export interface Failed {
  readonly key: string;
  readonly record: DomainRecord;
  readonly why: string;
}

export class DomainTable {
  readonly entries: Map<string, Entry> = new Map();
  readonly failed: Map<string, Failed> = new Map();
  private readonly coming = new Set<string>();
  private readonly journal: Journal;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  /** @throws {DaemonError} `NO_DOMAIN`, or `BAD_STATE` for one that could not be made. */
  entry(name: string): Entry {
    const found = this.entries.get(name);
    if (found) return found;
    const failed = this.failed.get(name);
    if (failed) throw new DaemonError("BAD_STATE", `'${name}' could not be made: ${failed.why}; it can be destroyed`);
    throw new DaemonError("NO_DOMAIN", `no domain named '${name}'; clickos list shows all`);
  }
  /** One that is neither halted nor crashed. @throws {DaemonError} */
  running(name: string): Entry {
    const found = this.entry(name);
    const { state, crash } = found.vm.domain;
    if (state !== "running" && state !== "paused")
      throw new DaemonError("BAD_STATE", `'${name}' is ${state}${crash ? `: ${crash.cause}: ${crash.message}` : ""}`);
    return found;
  }
  /** @throws {DaemonError} `NAME_TAKEN` */
  checkFree(name: string): void {
    if (this.entries.has(name) || this.failed.has(name) || this.coming.has(name))
      throw new DaemonError("NAME_TAKEN", `a domain named '${name}' exists already`);
  }
  /** Has a name be nobody else's meanwhile. @throws {DaemonError} `NAME_TAKEN` */
  async naming<T>(name: string, body: () => Promise<T>): Promise<T> {
    this.checkFree(name);
    this.coming.add(name);
    try {
      return await body();
    } finally {
      this.coming.delete(name);
    }
  }
  /** Writes what is kept of one; of one that has gone meanwhile, nothing. */
  async keep(entry: Entry): Promise<void> {
    if (this.entries.get(entry.vm.name) === entry && !entry.record.made)
      await this.journal.put(entry.key, entry.record as unknown as Json);
  }
  /** @throws {DaemonError} when it has gone meanwhile. */
  checkThere(entry: Entry): void {
    if (this.entries.get(entry.vm.name) !== entry)
      throw new DaemonError("NO_DOMAIN", `'${entry.vm.name}' was destroyed meanwhile`);
  }
}
