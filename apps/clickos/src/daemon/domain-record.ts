/** What is kept of a domain: what it takes to make it again. */
import type { DomainDefinition } from "@clickos/client";

/** What a definition says besides the code. */
export type DomainSettings = Omit<DomainDefinition, "image" | "configuration">;

/** A router of a domain. */
export interface KeptRouter {
  /** What errors call its configuration. */
  readonly file: string;
  /** None for the router of an image that was removed. */
  readonly text?: string | undefined;
  /** It does not run until it is started. */
  readonly stopped?: boolean | undefined;
}

export interface DomainRecord {
  readonly settings: DomainSettings;
  /** The name of its image in the daemon's folder; none for a shell. */
  readonly image?: string | undefined;
  /** Routers that were put into it, replaced or stopped since, by number. */
  readonly routers: Readonly<Record<string, KeptRouter>>;
  readonly createdAt: number;
  /** What packets made is not kept: the rule that made it, and what it is for. */
  readonly made?: { readonly rule: string; readonly key: string } | undefined;
  /** The name of its last checkpoint in the daemon's folder. */
  readonly checkpoint?: string | undefined;
}
