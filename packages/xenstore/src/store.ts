/**
 * The Xen store: a tree of small values with permissions, quotas, watches and transactions, used through
 * connections. A connection acts for a domain; domain 0 may do everything.
 * Spec: docs/misc/xenstore.txt of Xen; limits are xenstored's defaults.
 */
import { StoreError } from "./error.ts";
import { isSpecial, parentPath, resolvePath } from "./path.ts";
import { allows, formatPermission, type Permission, parsePermission } from "./permissions.ts";
import { type Change, Draft, type Nodes, type NodeView, Tree } from "./tree.ts";
import { type Watch, WatchTree } from "./watches.ts";

export type WatchCallback = (path: string, token: string) => void;

/** Operations on the tree, directly or inside a transaction. Values have a character a byte. @throws {StoreError} */
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
  /** A number that changes with the node's value, its permissions, and its set of children. */
  generation(path: string): number;
  /** The permissions, as `n0`, `r3`: the owner and what others may do, then domains with rights of their own. */
  getPermissions(path: string): string[];
  setPermissions(path: string, permissions: readonly string[]): void;
}

/** A transaction in the hands of who began it. */
export interface StoreTransaction extends StoreView {
  readonly id: number;
  /** Carries the changes over, all or none. @throws {StoreError} EAGAIN when something read has changed since. */
  commit(): void;
  abort(): void;
}

/** A domain's access to the store. Closing it ends its watches and transactions. */
export interface StoreConnection extends StoreView, Disposable {
  readonly domain: number;
  /** Calls back at once and after each change at or below `path`, or at `@introduceDomain` and `@releaseDomain`. */
  watch(path: string, token: string, callback: WatchCallback): () => void;
  unwatch(path: string, token: string): void;
  begin(): StoreTransaction;
  /** Runs `body` in a transaction, again when it met other changes; `attempts` times at most. */
  transaction<T>(body: (t: StoreView) => T, attempts?: number): T;
  /** Ends all watches and transactions. */
  reset(): void;
  close(): void;
}

export interface XenStore extends StoreConnection {
  /** A connection that acts for a domain; its paths may be relative to `/local/domain/<id>`. */
  connect(domain: number): StoreConnection;
  /** Says that a domain is there, or is no more; those who watch `@introduceDomain` and `@releaseDomain` are told. */
  introduce(domain: number): void;
  release(domain: number): void;
  isIntroduced(domain: number): boolean;
  readonly statistics: { readonly nodes: number; readonly watches: number; readonly transactions: number };
}

/** What a domain other than 0 may have. */
export interface Quotas {
  readonly nodes: number;
  readonly watches: number;
  readonly transactions: number;
  /** Bytes of a node: its value, its children's names, its permissions. */
  readonly nodeSize: number;
  readonly permissions: number;
}

export const defaultQuotas: Quotas = { nodes: 1000, watches: 128, transactions: 10, nodeSize: 2048, permissions: 5 };

/** Bytes of a value; what one message carries. */
const maximumValue = 4096;
const maximumNodes = 1_000_000;

export function homeOf(domain: number): string {
  return `/local/domain/${domain}`;
}

export function createXenStore(options: { readonly quotas?: Partial<Quotas> } = {}): XenStore {
  const quotas: Quotas = { ...defaultQuotas, ...options.quotas };
  const tree = new Tree();
  const watches = new WatchTree();
  const counts = { watches: 0, transactions: 0, ids: 0 };
  const introduced = new Set<number>([0]);
  /** Changes whose watches are not told yet: telling happens after each operation, in order. */
  const pending: { path: string; removed: boolean }[] = [];
  let telling = false;

  const tell = (): void => {
    if (telling) return;
    telling = true;
    try {
      for (let change = pending.shift(); change; change = pending.shift())
        for (const { watch, path } of watches.concerned(change.path, change.removed)) {
          if (path.startsWith("@") ? watch.domain !== 0 : !mayHear(watch.domain, path, change.removed)) continue;
          watch.call(path);
        }
    } finally {
      telling = false;
    }
  };
  const mayHear = (domain: number, path: string, removed: boolean): boolean => {
    if (domain === 0) return true;
    // Of what is gone, those hear who could have read what it was in.
    const node = tree.get(path) ?? (removed ? tree.get(parentPath(path)) : undefined);
    return node !== undefined && allows(node.permissions, domain, "read");
  };
  const changed = (list: readonly Change[]): void => {
    for (const c of list) pending.push({ path: c.path, removed: c.kind === "rm" });
    tell();
  };

  /** The operations of a domain over the tree or a draft. `check` comes before each, `done` is told of each change. */
  const operations = (
    nodes: Nodes,
    domain: number,
    check: () => void,
    ownedOf: () => number,
    done: (change: Change) => void,
  ): StoreView => {
    const home = homeOf(domain);
    const full = (path: string): string => {
      check();
      return resolvePath(path, home);
    };
    const wanted = (path: string, access: "read" | "write"): NodeView => {
      const node = nodes.get(path);
      if (!node) throw missing(path);
      if (!allows(node.permissions, domain, access)) throw new StoreError("EACCES", path);
      return node;
    };
    /** A domain that may not look around is not told what is not there. */
    const missing = (path: string): StoreError => {
      let at = path;
      let node: NodeView | undefined;
      while (!node && at !== "/") {
        at = parentPath(at);
        node = nodes.peek(at);
      }
      return new StoreError(node && !allows(node.permissions, domain, "read") ? "EACCES" : "ENOENT", path);
    };
    const apply = (change: Change): void => {
      nodes.apply(change);
      done(change);
    };
    const put = (path: string, value: string): void => {
      if (value.length > maximumValue)
        throw new StoreError("E2BIG", `${path}: ${value.length} bytes, at most ${maximumValue}`);
      if (domain !== 0 && value.length > quotas.nodeSize)
        throw new StoreError("ENOSPC", `${path}: ${value.length} bytes, at most ${quotas.nodeSize}`);
      if (/[^\0-\xff]/.test(value)) throw new StoreError("EINVAL", `${path}: a value has a character a byte`);
      const node = nodes.peek(path);
      if (node) {
        if (!allows(node.permissions, domain, "write")) throw new StoreError("EACCES", path);
        apply({ kind: "write", path, value });
        return;
      }
      // Who may write the nearest node above may make one below it.
      let above = parentPath(path);
      let fresh = 1;
      let nearest = nodes.peek(above);
      while (!nearest) {
        above = parentPath(above);
        fresh++;
        nearest = nodes.peek(above);
      }
      if (!allows(nearest.permissions, domain, "write")) throw new StoreError("EACCES", path);
      if (tree.nodes + fresh > maximumNodes) throw new StoreError("ENOSPC", `more than ${maximumNodes} nodes`);
      if (domain !== 0 && ownedOf() + fresh > quotas.nodes)
        throw new StoreError("ENOSPC", `domain ${domain} has ${quotas.nodes} nodes already`);
      const [owner, ...others] = nearest.permissions as [Permission, ...Permission[]];
      apply({
        kind: "write",
        path,
        value,
        created: domain === 0 ? nearest.permissions : [{ ...owner, domain }, ...others],
      });
    };
    return {
      read: (path) => wanted(full(path), "read").value,
      directory: (path) => wanted(full(path), "read").children().sort(),
      generation: (path) => wanted(full(path), "read").generation,
      exists(path) {
        const node = nodes.get(full(path));
        return node !== undefined && allows(node.permissions, domain, "read");
      },
      write: (path, value) => put(full(path), value),
      mkdir(path) {
        const at = full(path);
        if (!nodes.peek(at)) put(at, "");
      },
      rm(path) {
        const at = full(path);
        if (at === "/") throw new StoreError("EINVAL", "the root cannot be removed");
        const node = nodes.peek(at);
        if (!node) {
          if (!nodes.peek(parentPath(at))) throw missing(at);
          return;
        }
        if (!allows(node.permissions, domain, "write")) throw new StoreError("EACCES", at);
        apply({ kind: "rm", path: at });
      },
      getPermissions: (path) => wanted(full(path), "read").permissions.map(formatPermission),
      setPermissions(path, list) {
        const at = full(path);
        const permissions = list.map(parsePermission);
        if (permissions.length === 0) throw new StoreError("EINVAL", "the owner's permission is missing");
        const node = nodes.peek(at);
        if (!node) throw missing(at);
        const owner = node.permissions[0]?.domain;
        if (domain !== 0 && owner !== domain) throw new StoreError("EACCES", at);
        if (domain !== 0 && permissions[0]?.domain !== domain)
          throw new StoreError("EPERM", `${at}: only domain 0 may give a node away`);
        if (domain !== 0 && permissions.length > quotas.permissions)
          throw new StoreError("ENOSPC", `more than ${quotas.permissions} permissions`);
        apply({ kind: "permissions", path: at, permissions });
      },
    };
  };

  const connect = (domain: number): StoreConnection => {
    const own = new Set<Watch>();
    const transactions = new Set<StoreTransaction>();
    let open = true;
    const check = (): void => {
      if (!open) throw new StoreError("EINVAL", "the connection is closed");
    };
    const direct = operations(
      tree,
      domain,
      check,
      () => tree.owned.get(domain) ?? 0,
      (change) => changed([change]),
    );
    const begin = (): StoreTransaction => {
      check();
      if (domain !== 0 && transactions.size >= quotas.transactions)
        throw new StoreError("ENOSPC", `domain ${domain} has ${quotas.transactions} transactions already`);
      const draft = new Draft(tree);
      const view = operations(
        draft,
        domain,
        () => {
          if (!transactions.has(transaction)) throw new StoreError("ENOENT", `transaction ${transaction.id} has ended`);
        },
        () => (tree.owned.get(domain) ?? 0) + (draft.owned.get(domain) ?? 0),
        () => {},
      );
      const end = (): void => {
        if (!transactions.delete(transaction))
          throw new StoreError("ENOENT", `transaction ${transaction.id} has ended`);
        counts.transactions--;
      };
      const transaction: StoreTransaction = {
        ...view,
        id: (counts.ids = counts.ids >= 0x7fffffff ? 1 : counts.ids + 1),
        abort: end,
        commit() {
          end();
          draft.commit();
          changed(draft.changes);
        },
      };
      transactions.add(transaction);
      counts.transactions++;
      return transaction;
    };
    const forget = (watch: Watch): void => {
      if (!own.delete(watch)) return;
      watches.remove(watch);
      counts.watches--;
    };
    const reset = (): void => {
      for (const watch of [...own]) forget(watch);
      for (const t of [...transactions]) t.abort();
    };
    const close = (): void => {
      reset();
      open = false;
    };
    return {
      domain,
      ...direct,
      watch(path, token, callback) {
        check();
        const special = isSpecial(path);
        const at = special ? path : resolvePath(path, homeOf(domain));
        if (domain !== 0 && own.size >= quotas.watches)
          throw new StoreError("E2BIG", `domain ${domain} has ${quotas.watches} watches already`);
        if ([...own].some((w) => w.path === at && w.token === token))
          throw new StoreError("EEXIST", `${path} is watched with the token '${token}' already`);
        // Who watches a relative path is told relative ones.
        const cut = !special && !path.startsWith("/") ? `${homeOf(domain)}/`.length : 0;
        const watch: Watch = { path: at, token, domain, call: (p) => callback(p.slice(cut), token) };
        own.add(watch);
        watches.add(watch);
        counts.watches++;
        watch.call(at);
        return () => forget(watch);
      },
      unwatch(path, token) {
        check();
        const at = isSpecial(path) ? path : resolvePath(path, homeOf(domain));
        const watch = [...own].find((w) => w.path === at && w.token === token);
        if (!watch) throw new StoreError("ENOENT", `${path} is not watched with the token '${token}'`);
        forget(watch);
      },
      begin,
      transaction(body, attempts = 5) {
        for (let attempt = 0; attempt < attempts; attempt++) {
          const t = begin();
          let result: ReturnType<typeof body>;
          try {
            result = body(t);
          } catch (e) {
            t.abort();
            throw e;
          }
          try {
            t.commit();
            return result;
          } catch (e) {
            if (!(e instanceof StoreError && e.code === "EAGAIN")) throw e;
          }
        }
        throw new StoreError("EAGAIN", `the transaction met other changes ${attempts} times`);
      },
      reset,
      close,
      [Symbol.dispose]: close,
    };
  };

  const special = (path: string): void => {
    pending.push({ path, removed: false });
    tell();
  };
  return {
    ...connect(0),
    connect,
    introduce(domain) {
      introduced.add(domain);
      special("@introduceDomain");
    },
    release(domain) {
      if (!introduced.delete(domain)) throw new StoreError("ENOENT", `domain ${domain} is not introduced`);
      special("@releaseDomain");
    },
    isIntroduced: (domain) => introduced.has(domain),
    get statistics() {
      return { nodes: tree.nodes, watches: counts.watches, transactions: counts.transactions };
    },
  };
}
