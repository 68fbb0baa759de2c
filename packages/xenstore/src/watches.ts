/** Watches, in a tree of their own: a change finds those above and below it without asking all others. */
import { pathNames } from "./path.ts";

export interface Watch {
  readonly path: string;
  readonly token: string;
  readonly domain: number;
  readonly call: (path: string) => void;
  /** Set when it is one no more. */
  ended?: boolean;
}

interface WatchNode {
  readonly watches: Set<Watch>;
  readonly children: Map<string, WatchNode>;
}

function empty(): WatchNode {
  return { watches: new Set(), children: new Map() };
}

export class WatchTree {
  private readonly root = empty();
  private readonly specials = new Map<string, Set<Watch>>();

  add(watch: Watch): void {
    if (watch.path.startsWith("@")) {
      let set = this.specials.get(watch.path);
      if (!set) {
        set = new Set();
        this.specials.set(watch.path, set);
      }
      set.add(watch);
      return;
    }
    let node = this.root;
    for (const name of pathNames(watch.path)) {
      let next = node.children.get(name);
      if (!next) {
        next = empty();
        node.children.set(name, next);
      }
      node = next;
    }
    node.watches.add(watch);
  }

  remove(watch: Watch): void {
    if (watch.path.startsWith("@")) {
      const set = this.specials.get(watch.path);
      set?.delete(watch);
      if (set?.size === 0) this.specials.delete(watch.path);
      return;
    }
    const way: [WatchNode, string][] = [];
    let node = this.root;
    for (const name of pathNames(watch.path)) {
      const next = node.children.get(name);
      if (!next) return;
      way.push([node, name]);
      node = next;
    }
    node.watches.delete(watch);
    // Branches that hold nothing go.
    for (let i = way.length - 1; i >= 0; i--) {
      const [parent, name] = way[i] as [WatchNode, string];
      const child = parent.children.get(name) as WatchNode;
      if (child.watches.size > 0 || child.children.size > 0) break;
      parent.children.delete(name);
    }
  }

  /** Watches that a change of a node concerns: on the node and above it, and, when it was removed, below it. */
  concerned(path: string, removed: boolean): { watch: Watch; path: string }[] {
    const found: { watch: Watch; path: string }[] = [];
    if (path.startsWith("@")) {
      for (const watch of this.specials.get(path) ?? []) found.push({ watch, path });
      return found;
    }
    let node: WatchNode | undefined = this.root;
    for (const watch of node.watches) found.push({ watch, path });
    for (const name of pathNames(path)) {
      node = node.children.get(name);
      if (!node) return found;
      for (const watch of node.watches) found.push({ watch, path });
    }
    if (removed) {
      const below = (n: WatchNode): void => {
        for (const child of n.children.values()) {
          // Who watches a node that is gone is told so by its own path.
          for (const watch of child.watches) found.push({ watch, path: watch.path });
          below(child);
        }
      };
      below(node);
    }
    return found;
  }
}
