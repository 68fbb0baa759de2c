/** The tree of nodes, and a transaction's view of it. */
import { StoreError } from "./error.ts";
import { baseName, joinPath, parentPath, pathNames, prefixes } from "./path.ts";
import type { Permission } from "./permissions.ts";

export interface Node {
  value: string;
  permissions: readonly Permission[];
  /** Replaced with the first child: most nodes have none. */
  children: ReadonlyMap<string, Node>;
  /** Changes with the node's value, its permissions, and its set of children. */
  generation: number;
}

/** A node as an operation sees it. */
export interface NodeView {
  readonly value: string;
  readonly permissions: readonly Permission[];
  readonly generation: number;
  children(): string[];
}

export type Change =
  | { readonly kind: "write"; readonly path: string; readonly value: string; readonly created?: readonly Permission[] }
  | { readonly kind: "rm"; readonly path: string }
  | { readonly kind: "permissions"; readonly path: string; readonly permissions: readonly Permission[] };

/** What operations read and change: the tree itself, or a transaction's draft of it. */
export interface Nodes {
  /** Reads a node: a transaction that did fails when the node changes before its end. */
  get(path: string): NodeView | undefined;
  /** Looks at a node to see what may be done to it; no more than that depends on it. */
  peek(path: string): NodeView | undefined;
  /** The nearest node at or above a path, and how many names of the path are below it. */
  nearest(path: string): Nearest;
  apply(change: Change): void;
}

export interface Nearest {
  readonly node: NodeView;
  readonly absent: number;
}

/** The children of nodes that never had any. */
const none: ReadonlyMap<string, Node> = new Map();

function view(node: Node): NodeView {
  return {
    value: node.value,
    permissions: node.permissions,
    generation: node.generation,
    children: () => [...node.children.keys()],
  };
}

export class Tree implements Nodes {
  readonly root: Node;
  private generations = 0;
  nodes = 1;
  /** By owner: how many nodes are its own. */
  readonly owned: Map<number, number> = new Map();

  constructor() {
    this.root = {
      value: "",
      permissions: [{ domain: 0, read: false, write: false }],
      children: new Map(),
      generation: 0,
    };
  }

  find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of pathNames(path)) {
      node = node.children.get(name);
      if (!node) return undefined;
    }
    return node;
  }

  generation(path: string): number {
    return this.find(path)?.generation ?? -1;
  }

  get(path: string): NodeView | undefined {
    const node = this.find(path);
    return node && view(node);
  }

  peek(path: string): NodeView | undefined {
    return this.get(path);
  }

  nearest(path: string): Nearest {
    let node = this.root;
    const names = pathNames(path);
    for (let i = 0; i < names.length; i++) {
      const next = node.children.get(names[i] as string);
      if (!next) return { node: view(node), absent: names.length - i };
      node = next;
    }
    return { node: view(node), absent: 0 };
  }

  apply(change: Change): void {
    if (change.kind === "rm") this.remove(change.path);
    else if (change.kind === "permissions") {
      const node = this.find(change.path);
      if (!node) return;
      this.own(node.permissions, -1);
      node.permissions = change.permissions;
      this.own(node.permissions, 1);
      node.generation = ++this.generations;
    } else this.write(change.path, change.value, change.created);
  }

  /** Nodes on the way are made; they have the permissions of the node itself. */
  private write(path: string, value: string, created: readonly Permission[] | undefined): void {
    let node = this.root;
    const names = pathNames(path);
    names.forEach((name) => {
      let next = node.children.get(name);
      if (!next) {
        next = {
          value: "",
          permissions: created ?? node.permissions,
          children: none,
          generation: ++this.generations,
        };
        if (node.children === none) node.children = new Map();
        (node.children as Map<string, Node>).set(name, next);
        node.generation = ++this.generations;
        this.nodes++;
        this.own(next.permissions, 1);
      }
      node = next;
    });
    node.value = value;
    node.generation = ++this.generations;
  }

  private remove(path: string): void {
    const parent = this.find(parentPath(path));
    const node = parent?.children.get(baseName(path));
    if (!parent || !node) return;
    const forget = (n: Node): void => {
      this.nodes--;
      this.own(n.permissions, -1);
      for (const child of n.children.values()) forget(child);
    };
    forget(node);
    (parent.children as Map<string, Node>).delete(baseName(path));
    parent.generation = ++this.generations;
  }

  private own(permissions: readonly Permission[], by: number): void {
    const owner = permissions[0]?.domain ?? 0;
    this.owned.set(owner, (this.owned.get(owner) ?? 0) + by);
  }
}

/** What an entry of a draft costs beside its characters. */
const overhead = 64;

interface Drafted {
  value: string;
  permissions: readonly Permission[];
  generation: number;
  /** The node in the tree, where the draft has not made it anew. */
  base: NodeView | undefined;
  readonly added: Set<string>;
  readonly removed: Set<string>;
}

/**
 * A transaction's view: what it wrote, over the tree. Nodes are taken from the tree when they are first looked at;
 * the transaction fails when one of those has changed by its end.
 */
export class Draft implements Nodes {
  private readonly tree: Tree;
  private readonly drafted = new Map<string, Drafted | null>();
  private readonly seen = new Map<string, number>();
  readonly changes: Change[] = [];
  /** Nodes that it would add and take, by owner. */
  readonly owned: Map<number, number> = new Map();
  /** Characters of its paths and values, with something for what holds each. */
  bytes = 0;

  constructor(tree: Tree) {
    this.tree = tree;
  }

  /** Nodes that it depends on, and changes. */
  get operations(): number {
    return this.seen.size + this.changes.length;
  }

  get(path: string): NodeView | undefined {
    this.see(path);
    return this.peek(path);
  }

  private see(path: string): void {
    if (this.seen.has(path)) return;
    this.seen.set(path, this.tree.generation(path));
    this.bytes += path.length + overhead;
  }

  peek(path: string): NodeView | undefined {
    const node = this.look(path);
    return node && { ...node, children: () => this.children(node) };
  }

  nearest(path: string): Nearest {
    let node = this.peek("/") as NodeView;
    let absent = pathNames(path).length;
    for (const prefix of prefixes(path)) {
      const next = this.peek(prefix);
      if (!next) break;
      node = next;
      absent--;
    }
    return { node, absent };
  }

  /** The node without its being read: for what is written blindly. */
  private look(path: string): Drafted | undefined {
    const known = this.drafted.get(path);
    if (known !== undefined) return known ?? undefined;
    // Below a node that the draft removed or made there is nothing of the tree's.
    if (path !== "/") {
      const parent = this.look(parentPath(path));
      if (!parent || parent.removed.has(baseName(path)) || !parent.base) return undefined;
    }
    const base = this.tree.get(path);
    if (!base) return undefined;
    const node: Drafted = {
      value: base.value,
      permissions: base.permissions,
      generation: base.generation,
      base,
      added: new Set(),
      removed: new Set(),
    };
    this.drafted.set(path, node);
    return node;
  }

  private children(node: Drafted): string[] {
    const names = node.base ? node.base.children().filter((name) => !node.removed.has(name)) : [];
    return [...new Set([...names, ...node.added])];
  }

  apply(change: Change): void {
    this.changes.push(change);
    this.bytes += change.path.length + overhead + (change.kind === "write" ? change.value.length : 0);
    if (change.kind === "write") this.write(change.path, change.value, change.created);
    else if (change.kind === "permissions") {
      const node = this.look(change.path);
      if (node) {
        node.permissions = change.permissions;
        node.generation++;
      }
    } else this.remove(change.path);
  }

  private write(path: string, value: string, created: readonly Permission[] | undefined): Drafted {
    let node = this.look(path);
    if (!node) {
      const parent = this.look(parentPath(path)) ?? this.write(parentPath(path), "", created);
      node = {
        value: "",
        permissions: created ?? parent.permissions,
        generation: 0,
        base: undefined,
        added: new Set(),
        removed: new Set(),
      };
      this.drafted.set(path, node);
      parent.added.add(baseName(path));
      parent.generation++;
      const owner = node.permissions[0]?.domain ?? 0;
      this.owned.set(owner, (this.owned.get(owner) ?? 0) + 1);
    }
    node.value = value;
    node.generation++;
    return node;
  }

  private remove(path: string): void {
    const node = this.look(path);
    const parent = this.look(parentPath(path));
    if (!node || !parent) return;
    // What it takes must still be there at its end, or others would pay for what it adds.
    if (node.base) this.see(path);
    for (const name of this.children(node)) this.remove(joinPath(path, name));
    const owner = node.permissions[0]?.domain ?? 0;
    this.owned.set(owner, (this.owned.get(owner) ?? 0) - 1);
    this.drafted.set(path, null);
    parent.generation++;
    parent.added.delete(baseName(path));
    if (parent.base) parent.removed.add(baseName(path));
  }

  /**
   * Carries the changes over. What was written without being looked at is checked against the tree as it is: `allowed` says
   * whether a node with these permissions may be changed.
   *
   * @throws {StoreError} EAGAIN when the tree has changed where it matters; nothing was done.
   */
  commit(allowed: (permissions: readonly Permission[], kind: Change["kind"]) => boolean): void {
    for (const [path, generation] of this.seen) if (this.tree.generation(path) !== generation) throw changed(path);
    /** Nodes that are there because of changes before. */
    const made = new Set<string>();
    for (const { kind, path, ...change } of this.changes) {
      if (made.has(path)) continue;
      const created = "created" in change && change.created !== undefined;
      const { node, absent } = this.tree.nearest(created ? parentPath(path) : path);
      if ((absent > 0 && !created) || !allowed(node.permissions, kind)) throw changed(path);
      if (created) for (const prefix of prefixes(path)) if (!this.tree.find(prefix)) made.add(prefix);
    }
    for (const change of this.changes) this.tree.apply(change);
  }
}

function changed(path: string): StoreError {
  return new StoreError("EAGAIN", `${path} has changed since the transaction looked at it`);
}
