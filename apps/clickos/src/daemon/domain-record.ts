/** What is kept of a domain: what it takes to make it again. */
import type { Configuration, DomainDefinition } from "@clickos/client";

/** What a definition says besides the code. */
export type DomainSettings = Omit<DomainDefinition, "image" | "configuration">;

export interface DomainRecord {
  readonly settings: DomainSettings;
  /** The name of its image in the daemon's folder; none for a shell. */
  readonly image?: string | undefined;
  /** Routers that were put into it since, by number. */
  readonly routers: Readonly<Record<string, Configuration>>;
  readonly createdAt: number;
  /** The name of its last checkpoint in the daemon's folder. */
  readonly checkpoint?: string | undefined;
}
