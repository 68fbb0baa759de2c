/**
 * The one interface to handlers: what sockets, the store, scripts, the command line and whoever embeds a router use, of
 * a router in process or one in a virtual machine.
 */
import type { HandlerEntry, HandlerReport } from "./handler.ts";

export type HandlerErrorCode =
  | "NO_ELEMENT"
  | "NO_HANDLER"
  | "NOT_WRITABLE"
  | "NOT_READABLE"
  /** The handler does not take the value, or cannot give its own. */
  | "REFUSED"
  /** The handler needs code of its element, and the element library here is not the one that the program was made with. */
  | "OTHER_LIBRARY";

/** A handler that does not exist, or that refuses. */
export class HandlerError extends Error {
  override readonly name = "HandlerError";
  readonly code: HandlerErrorCode;
  /** What the handler itself said, a line each, where it refuses; the message names the handler as well. */
  readonly reason: string;
  /** What may have been meant. */
  readonly hint: string | undefined;
  constructor(
    code: HandlerErrorCode,
    message: string,
    { reason = message, hint }: { reason?: string; hint?: string } = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.hint = hint;
  }
}

/** Handlers by path: `element.handler`, or the name of one of the router's own. */
export interface HandlerTree {
  /** Paths, those of one element together; of a pattern, in which `*` stands for any characters, those that match. */
  list(pattern?: string): string[];
  /** What a handler is. Its `path` is the full one, where names may be shorter. @throws {HandlerError} */
  describe(path: string): HandlerEntry;
  /**
   * Reads a handler, with an argument for those that take one. What a handler of a router in process has against it goes to
   * `report`, if there is one. @throws {HandlerError}
   */
  read(path: string, argument?: string, report?: HandlerReport): string;
  /** Likewise. @throws {HandlerError} */
  write(path: string, value: string, report?: HandlerReport): void;
  /**
   * Calls `changed` with the value whenever it is found to be another one, until disposed of. Nothing is looked at
   * while nobody watches. @throws {HandlerError} when it cannot be read at all.
   */
  watch(path: string, changed: (value: string) => void): Disposable;
}

/** The handler's entry, or `undefined` when there is none. */
export function findHandler(tree: HandlerTree, path: string): HandlerEntry | undefined {
  try {
    return tree.describe(path);
  } catch (e) {
    if (e instanceof HandlerError) return undefined;
    throw e;
  }
}

/** Handlers that are watched, and what was seen of them last. */
export class WatchList {
  private readonly watches = new Set<{ path: string; last: string | undefined; changed: (value: string) => void }>();

  /** Whether nobody watches. */
  get empty(): boolean {
    return this.watches.size === 0;
  }

  /** `stopped` is called when the watch is disposed of. */
  add(path: string, value: string, changed: (value: string) => void, stopped: () => void = () => {}): Disposable {
    const watch = { path, last: value, changed };
    this.watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        if (this.watches.delete(watch)) stopped();
      },
    };
  }

  /** Reads what is watched, and tells of what changed. A handler that cannot be read now has no value. */
  check(read: (path: string) => string): void {
    for (const watch of this.watches) {
      let value: string | undefined;
      try {
        value = read(watch.path);
      } catch (e) {
        if (!(e instanceof HandlerError)) throw e;
      }
      if (value === watch.last) continue;
      watch.last = value;
      if (value !== undefined) watch.changed(value);
    }
  }
}

/** Whether a path is a pattern's parts with any characters between them. */
export function matchesPattern(path: string, pattern: string): boolean {
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return path === pattern;
  if (!path.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return path.length - last.length >= at && path.endsWith(last);
}
