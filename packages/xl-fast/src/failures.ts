/**
 * Creations that failed, in the store: `/tool/clickos/failed/<name>` says why the last one of that name did, until one succeeds. A
 * domain that was never one leaves nothing else.
 */
import type { XenStore } from "@clickos/xenstore";
import { fromBytes, toBytes } from "./store-text.ts";

export const failuresPath = "/tool/clickos/failed";
/** Names kept, the latest. */
const kept = 64;
/** Bytes of a node. */
const longest = 2048;

export class Failures {
  private readonly store: XenStore;
  private readonly names = new Set<string>();

  constructor(store: XenStore) {
    this.store = store;
  }

  /** Why no VM `name` was made. */
  add(name: string, problem: unknown): void {
    const node = nodeOf(name);
    this.remove(name);
    this.names.add(node);
    this.store.write(node, toBytes(problem instanceof Error ? problem.message : String(problem)).slice(0, longest));
    for (const oldest of this.names) {
      if (this.names.size <= kept) break;
      this.forget(oldest);
    }
  }
  get(name: string): string | undefined {
    const node = nodeOf(name);
    return this.names.has(node) && this.store.exists(node) ? fromBytes(this.store.read(node)) : undefined;
  }
  /** That does not hold any more. */
  remove(name: string): void {
    if (this.names.size > 0) this.forget(nodeOf(name));
  }
  private forget(node: string): void {
    if (this.names.delete(node) && this.store.exists(node)) this.store.rm(node);
  }
}

/** A name's node; characters that names of nodes cannot have become `_`. */
function nodeOf(name: string): string {
  return `${failuresPath}/${name.slice(0, 200).replace(/[^A-Za-z0-9_@:-]/g, "_") || "_"}`;
}
