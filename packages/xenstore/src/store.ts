/**
 * The Xen store: a tree of small values with watches and transactions. Limits are xenstored's defaults.
 * Spec: docs/misc/xenstore.txt of Xen.
 */

/** Errors by their xenstored names. */
export type StoreErrorCode = "EINVAL" | "ENOENT" | "EAGAIN" | "E2BIG" | "ENOSPC";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export type WatchCallback = (path: string, token: string) => void;

/** Operations on the tree, directly or inside a transaction. @throws {StoreError} */
export interface StoreView {
  read(path: string): string;
  /** Writes a value; nodes on the way are made. */
  write(path: string, value: string): void;
  mkdir(path: string): void;
  /** Removes a node and all below it; one that is not there is ENOENT unless its parent is. */
  rm(path: string): void;
  /** Names of the children, sorted. */
  directory(path: string): string[];
  exists(path: string): boolean;
}

export interface XenStore extends StoreView {
  /** Calls back at once and after each change at or below `path`. The result ends the watch. */
  watch(path: string, token: string, callback: WatchCallback): () => void;
  /** Runs `body` in a transaction; when another change came between, runs it again, five times at most. */
  transaction<T>(body: (t: StoreView) => T): T;
}

interface Node {
  readonly value: string;
  readonly children: ReadonlyMap<string, Node>;
  /** Changes with the node's value or its set of children. */
  readonly generation: number;
}

const maximumPath = 3072;
const maximumValue = 4096;
const maximumNodes = 1_000_000;

function split(path: string): string[] {
  if (
    path.length > maximumPath ||
    !/^\/[A-Za-z0-9_@/:-]*$|^@[A-Za-z]+$/.test(path) ||
    path.includes("//") ||
    (path.endsWith("/") && path !== "/")
  )
    throw new StoreError("EINVAL", `'${path.slice(0, 80)}' is not an absolute path of names`);
  return path === "/" ? [] : path.slice(1).split("/");
}

/** A tree that is never changed in place: a change makes new nodes from the root down. */
class Tree implements StoreView {
  root: Node;
  /** The tree as it was at the start: what reads are compared by. */
  private readonly base: Node;
  readonly reads = new Map<string, number>();
  readonly changes: { readonly path: string; apply(tree: Tree): void }[] = [];
  private readonly generation: () => number;
  private readonly count: { nodes: number };

  constructor(root: Node, generation: () => number, count: { nodes: number }) {
    this.root = root;
    this.base = root;
    this.generation = generation;
    this.count = count;
  }

  find(path: string, root: Node = this.root): Node | undefined {
    let node: Node | undefined = root;
    for (const name of split(path)) node = node?.children.get(name);
    return node;
  }

  private touch(path: string): Node | undefined {
    this.reads.set(path, this.find(path, this.base)?.generation ?? -1);
    return this.find(path);
  }

  read(path: string): string {
    const node = this.touch(path);
    if (!node) throw new StoreError("ENOENT", path);
    return node.value;
  }
  directory(path: string): string[] {
    const node = this.touch(path);
    if (!node) throw new StoreError("ENOENT", path);
    return [...node.children.keys()].sort();
  }
  exists(path: string): boolean {
    return this.touch(path) !== undefined;
  }
  write(path: string, value: string): void {
    if (value.length > maximumValue)
      throw new StoreError("E2BIG", `${path}: ${value.length} bytes, at most ${maximumValue}`);
    this.root = this.put(this.root, split(path), value);
    this.changes.push({ path, apply: (tree) => tree.write(path, value) });
  }
  mkdir(path: string): void {
    if (!this.find(path)) this.write(path, "");
  }
  rm(path: string): void {
    const names = split(path);
    const last = names.pop();
    if (last === undefined) throw new StoreError("EINVAL", "the root cannot be removed");
    const parent = this.find(`/${names.join("/")}`);
    const node = parent?.children.get(last);
    if (!parent) throw new StoreError("ENOENT", path);
    if (!node) return;
    this.count.nodes -= size(node);
    this.root = this.without(this.root, names, last);
    this.changes.push({ path, apply: (tree) => tree.rm(path) });
  }

  private put(node: Node | undefined, names: readonly string[], value: string): Node {
    const [name, ...rest] = names;
    const children = new Map(node?.children);
    if (!node && ++this.count.nodes > maximumNodes) throw new StoreError("ENOSPC", `more than ${maximumNodes} nodes`);
    if (name === undefined) return { value, children, generation: this.generation() };
    const known = children.has(name);
    children.set(name, this.put(children.get(name), rest, value));
    return { value: node?.value ?? "", children, generation: known && node ? node.generation : this.generation() };
  }
  private without(node: Node, names: readonly string[], last: string): Node {
    const [name, ...rest] = names;
    const children = new Map(node.children);
    if (name === undefined) {
      children.delete(last);
      return { value: node.value, children, generation: this.generation() };
    }
    children.set(name, this.without(children.get(name) as Node, rest, last));
    return { ...node, children };
  }
}

function size(node: Node): number {
  let n = 1;
  for (const child of node.children.values()) n += size(child);
  return n;
}

export function createXenStore(): XenStore {
  let generation = 0;
  const next = (): number => ++generation;
  const count = { nodes: 1 };
  const main = new Tree({ value: "", children: new Map(), generation: 0 }, next, count);
  const watches = new Set<{ path: string; token: string; callback: WatchCallback }>();

  const fire = (path: string): void => {
    for (const w of [...watches]) {
      // A change above a watched node concerns it too when it removed it.
      if (path === w.path || path.startsWith(`${w.path}/`) || w.path === "/" || w.path.startsWith(`${path}/`))
        w.callback(w.path.startsWith(`${path}/`) ? w.path : path, w.token);
    }
  };
  const direct = <T>(operation: (tree: Tree) => T): T => {
    main.changes.length = 0;
    const result = operation(main);
    const changed = main.changes.splice(0);
    main.reads.clear();
    for (const change of changed) fire(change.path);
    return result;
  };

  return {
    read: (path) => direct((t) => t.read(path)),
    write: (path, value) => direct((t) => t.write(path, value)),
    mkdir: (path) => direct((t) => t.mkdir(path)),
    rm: (path) => direct((t) => t.rm(path)),
    directory: (path) => direct((t) => t.directory(path)),
    exists: (path) => direct((t) => t.exists(path)),
    watch(path, token, callback) {
      split(path);
      const entry = { path, token, callback };
      watches.add(entry);
      callback(path, token);
      return () => {
        watches.delete(entry);
      };
    },
    transaction(body) {
      for (let attempt = 0; attempt < 5; attempt++) {
        const draft = new Tree(main.root, next, { ...count });
        const result = body(draft);
        const stale = [...draft.reads].some(([path, seen]) => (main.find(path)?.generation ?? -1) !== seen);
        if (stale) continue;
        direct((tree) => {
          for (const change of draft.changes) change.apply(tree);
        });
        return result;
      }
      throw new StoreError("EAGAIN", "the transaction met other changes five times");
    },
  };
}
