/**
 * The Xen store: a tree of small values with permissions, quotas, watches and transactions, used through
 * connections. A connection acts for a domain; domain 0 may do everything.
 * Spec: docs/misc/xenstore.txt of Xen; limits are xenstored's defaults.
 */
import { StoreError } from "./error.ts";
import { Fifo } from "./fifo.ts";
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
  /**
   * A connection that acts for a domain; its paths may be relative to `/local/domain/<id>`. `quotas` are its own, in place
   * of those of the store for domains, or of none for domain 0.
   */
  connect(domain: number, quotas?: Partial<Quotas>): StoreConnection;
  /** Whether watches of changes so far are still to be called: who serves others waits. */
  readonly busy: boolean;
  /** Says that a domain is there, or is no more; those who watch `@introduceDomain` and `@releaseDomain` are told. */
  introduce(domain: number): void;
  release(domain: number): void;
  isIntroduced(domain: number): boolean;
  readonly statistics: { readonly nodes: number; readonly watches: number; readonly transactions: number };
}

/** What a domain other than 0 may have; a domain's connections have it in common, but for watches and transactions. */
export interface Quotas {
  readonly nodes: number;
  /** Of a connection. */
  readonly watches: number;
  /** Open ones of a connection. */
  readonly transactions: number;
  /** Nodes that a transaction has read and changes that it has made. */
  readonly transactionOperations: number;
  /** Bytes that a transaction keeps of them. */
  readonly transactionBytes: number;
  /** Bytes of a node: its value, its children's names, its permissions. */
  readonly nodeSize: number;
  readonly permissions: number;
}

/** xenstored's defaults, where it has them. */
export const defaultQuotas: Quotas = {
  nodes: 1000,
  watches: 128,
  transactions: 10,
  transactionOperations: 1024,
  transactionBytes: 1 << 18,
  nodeSize: 2048,
  permissions: 5,
};
/** Domain 0's own program. */
const noQuotas: Quotas = {
  nodes: Number.POSITIVE_INFINITY,
  watches: Number.POSITIVE_INFINITY,
  transactions: Number.POSITIVE_INFINITY,
  transactionOperations: Number.POSITIVE_INFINITY,
  transactionBytes: Number.POSITIVE_INFINITY,
  nodeSize: Number.POSITIVE_INFINITY,
  permissions: Number.POSITIVE_INFINITY,
};

/** Bytes of a value; what one message carries. */
const maximumValue = 4096;
const maximumNodes = 1_000_000;
/** Watches called in a row; the others are called a turn of the program later, in order. */
export const watchesPerTurn = 1024;

export function homeOf(domain: number): string {
  return `/local/domain/${domain}`;
}

export function createXenStore(options: { readonly quotas?: Partial<Quotas> } = {}): XenStore {
  const quotas: Quotas = { ...defaultQuotas, ...options.quotas };
  const tree = new Tree();
  const watches = new WatchTree();
  const counts = { watches: 0, transactions: 0 };
  const introduced = new Set<number>([0]);
  /** Changes whose watches are not told yet: telling happens after each operation, in order. */
  const pending = new Fifo<{ path: string; removed: boolean }>();
  /** The change that is being told, and how far. */
  let current: { readonly removed: boolean; readonly list: { watch: Watch; path: string }[]; next: number } | undefined;
  let telling = false;
  let later = false;

  const tell = (): void => {
    if (telling) return;
    telling = true;
    try {
      for (let left = watchesPerTurn; left > 0; ) {
        if (!current) {
          const change = pending.shift();
          if (!change) return;
          current = { removed: change.removed, list: watches.concerned(change.path, change.removed), next: 0 };
        }
        const found = current.list[current.next++];
        if (!found) {
          current = undefined;
          continue;
        }
        left--;
        const { watch, path } = found;
        if (watch.ended) continue;
        if (path.startsWith("@") ? watch.domain !== 0 : !mayHear(watch.domain, path, current.removed)) continue;
        watch.call(path);
      }
    } finally {
      telling = false;
      if ((current || pending.length > 0) && !later) {
        later = true;
        setTimeout(() => {
          later = false;
          tell();
        }, 0);
      }
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
    limits: Quotas,
    check: () => void,
    ownedOf: () => number,
    done: (change: Change) => void,
  ): StoreView => {
    const home = homeOf(domain);
    const full = (path: string): string => {
      check();
      return resolvePath(path, home);
    };
    const wanted = (path: string): NodeView => {
      // What it may not read is not read: nothing depends on whether it is there.
      const node = nodes.peek(path);
      if (!node) throw missing(path, "read");
      if (!allows(node.permissions, domain, "read")) throw new StoreError("EACCES", path);
      nodes.get(path);
      return node;
    };
    /** Who may not do to the nearest node what is asked is not told what is below it. */
    const missing = (path: string, access: "read" | "write" | "own"): StoreError => {
      const { permissions } = nodes.nearest(path).node;
      const may = access === "own" ? owns(permissions) : allows(permissions, domain, access);
      if (may) nodes.get(path);
      return new StoreError(may ? "ENOENT" : "EACCES", path);
    };
    const owns = (permissions: readonly Permission[]): boolean => domain === 0 || permissions[0]?.domain === domain;
    const apply = (change: Change): void => {
      nodes.apply(change);
      done(change);
    };
    const put = (path: string, value: string): void => {
      if (value.length > maximumValue)
        throw new StoreError("E2BIG", `${path}: ${value.length} bytes, at most ${maximumValue}`);
      if (value.length > limits.nodeSize)
        throw new StoreError("ENOSPC", `${path}: ${value.length} bytes, at most ${limits.nodeSize}`);
      if (/[^\0-\xff]/.test(value)) throw new StoreError("EINVAL", `${path}: a value has a character a byte`);
      const { node, absent } = nodes.nearest(path);
      // Who may write the nearest node above may make one below it.
      if (!allows(node.permissions, domain, "write")) throw new StoreError("EACCES", path);
      if (absent === 0) {
        apply({ kind: "write", path, value });
        return;
      }
      if (tree.nodes + absent > maximumNodes) throw new StoreError("ENOSPC", `more than ${maximumNodes} nodes`);
      if (ownedOf() + absent > limits.nodes)
        throw new StoreError("ENOSPC", `domain ${domain} has ${limits.nodes} nodes already`);
      const [owner, ...others] = node.permissions as [Permission, ...Permission[]];
      apply({
        kind: "write",
        path,
        value,
        created: domain === 0 ? node.permissions : [{ ...owner, domain }, ...others],
      });
    };
    return {
      read: (path) => wanted(full(path)).value,
      directory: (path) => wanted(full(path)).children().sort(),
      generation: (path) => wanted(full(path)).generation,
      exists(path) {
        const at = full(path);
        const { node, absent } = nodes.nearest(at);
        if (!allows(node.permissions, domain, "read")) return false;
        nodes.get(at);
        return absent === 0;
      },
      write: (path, value) => put(full(path), value),
      mkdir(path) {
        const at = full(path);
        const node = nodes.peek(at);
        if (!node) put(at, "");
        else if (!allows(node.permissions, domain, "write")) throw new StoreError("EACCES", at);
      },
      rm(path) {
        const at = full(path);
        if (at === "/") throw new StoreError("EINVAL", "the root cannot be removed");
        const { node, absent } = nodes.nearest(at);
        if (!allows(node.permissions, domain, "write")) throw new StoreError("EACCES", at);
        if (absent === 0) apply({ kind: "rm", path: at });
        else if (absent > 1) throw missing(at, "write");
      },
      getPermissions: (path) => wanted(full(path)).permissions.map(formatPermission),
      setPermissions(path, list) {
        const at = full(path);
        const permissions = list.map(parsePermission);
        if (permissions.length === 0) throw new StoreError("EINVAL", "the owner's permission is missing");
        const node = nodes.peek(at);
        if (!node) throw missing(at, "own");
        if (!owns(node.permissions)) throw new StoreError("EACCES", at);
        if (domain !== 0 && permissions[0]?.domain !== domain)
          throw new StoreError("EPERM", `${at}: only domain 0 may give a node away`);
        if (permissions.length > limits.permissions)
          throw new StoreError("ENOSPC", `more than ${limits.permissions} permissions`);
        apply({ kind: "permissions", path: at, permissions });
      },
    };
  };

  const connect = (domain: number, given: Partial<Quotas> = {}): StoreConnection => {
    const limits: Quotas = { ...(domain === 0 ? noQuotas : quotas), ...given };
    /** By path and token. */
    const own = new Map<string, Watch>();
    const transactions = new Set<StoreTransaction>();
    let ids = 0;
    let open = true;
    const check = (): void => {
      if (!open) throw new StoreError("EINVAL", "the connection is closed");
    };
    const direct = operations(
      tree,
      domain,
      limits,
      check,
      () => tree.owned.get(domain) ?? 0,
      (change) => changed([change]),
    );
    const begin = (): StoreTransaction => {
      check();
      if (transactions.size >= limits.transactions)
        throw new StoreError("ENOSPC", `domain ${domain} has ${limits.transactions} transactions already`);
      const draft = new Draft(tree);
      const view = operations(
        draft,
        domain,
        limits,
        () => {
          if (!transactions.has(transaction)) throw new StoreError("ENOENT", `transaction ${transaction.id} has ended`);
          if (draft.operations >= limits.transactionOperations || draft.bytes >= limits.transactionBytes)
            throw new StoreError(
              "ENOSPC",
              `a transaction has at most ${limits.transactionOperations} operations, ${limits.transactionBytes} bytes`,
            );
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
        id: (ids = ids >= 0x7fffffff ? 1 : ids + 1),
        abort: end,
        commit() {
          end();
          const added = draft.owned.get(domain) ?? 0;
          if (added > 0 && (tree.owned.get(domain) ?? 0) + added > limits.nodes)
            throw new StoreError("ENOSPC", `domain ${domain} would have more than ${limits.nodes} nodes`);
          draft.commit((permissions, kind) =>
            kind === "permissions"
              ? domain === 0 || permissions[0]?.domain === domain
              : allows(permissions, domain, "write"),
          );
          changed(draft.changes);
        },
      };
      transactions.add(transaction);
      counts.transactions++;
      return transaction;
    };
    const key = (at: string, token: string): string => `${at}\0${token}`;
    const forget = (watch: Watch): void => {
      if (watch.ended) return;
      watch.ended = true;
      own.delete(key(watch.path, watch.token));
      watches.remove(watch);
      counts.watches--;
    };
    const reset = (): void => {
      for (const watch of [...own.values()]) forget(watch);
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
        if (own.size >= limits.watches)
          throw new StoreError("E2BIG", `domain ${domain} has ${limits.watches} watches already`);
        if (own.has(key(at, token)))
          throw new StoreError("EEXIST", `${path} is watched with the token '${token}' already`);
        // Who watches a relative path is told relative ones.
        const cut = !special && !path.startsWith("/") ? `${homeOf(domain)}/`.length : 0;
        const watch: Watch = { path: at, token, domain, call: (p) => callback(p.slice(cut), token) };
        own.set(key(at, token), watch);
        watches.add(watch);
        counts.watches++;
        watch.call(at);
        return () => forget(watch);
      },
      unwatch(path, token) {
        check();
        const at = isSpecial(path) ? path : resolvePath(path, homeOf(domain));
        const watch = own.get(key(at, token));
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
    get busy() {
      return current !== undefined || pending.length > 0;
    },
    get statistics() {
      return { nodes: tree.nodes, watches: counts.watches, transactions: counts.transactions };
    },
  };
}
