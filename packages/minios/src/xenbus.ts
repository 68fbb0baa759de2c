/** The guest's client of the store, over the ring in its own memory. Operations are computations that yield while they wait. */
import type { Waiting, Xenbus } from "@clickos/netfront";
import { MessageType, type RingSession, StoreError } from "@clickos/xenstore";

export interface XenbusClient extends Xenbus {
  /** Names of the children; `undefined` when there is no such node. */
  directory(path: string): Waiting<string[] | undefined>;
  rm(path: string): Waiting<void>;
  /** Changes that are made all or none; `body` is run again when it met other changes. */
  transaction<T>(body: (t: StoreInTransaction) => Waiting<T>): Waiting<T>;
}

/** What can be done in a transaction. */
export type StoreInTransaction = Pick<XenbusClient, "read" | "write" | "directory" | "rm">;

interface Watcher {
  readonly path: string;
  news: boolean;
}

/** Attempts at a transaction. */
const attempts = 16;

/** A client of a ring. `event` is to be called with what watches say. */
export function createXenbus(session: RingSession): {
  readonly client: XenbusClient;
  event(path: string, token: string): void;
} {
  const watchers = new Map<string, Watcher>();
  let nextToken = 1;

  function* ask(type: number, payload: string, transactionId = 0): Waiting<string> {
    let answer: string | StoreError | undefined;
    session.request(
      type,
      payload,
      (a) => {
        answer = a;
      },
      transactionId,
    );
    for (let a = answer as string | StoreError | undefined; ; a = answer) {
      if (typeof a === "string") return a;
      if (a) throw a;
      yield;
    }
  }
  /** The answer, or `undefined` when there is no such node. */
  function* ifThere(operation: Waiting<string>): Waiting<string | undefined> {
    try {
      return yield* operation;
    } catch (e) {
      if (e instanceof StoreError && e.code === "ENOENT") return undefined;
      throw e;
    }
  }
  const operations = (id: number): StoreInTransaction => ({
    read: (path) => ifThere(ask(MessageType.READ, `${path}\0`, id)),
    *write(path, value) {
      yield* ask(MessageType.WRITE, `${path}\0${value}`, id);
    },
    *directory(path) {
      const names = yield* ifThere(ask(MessageType.DIRECTORY, `${path}\0`, id));
      return names?.split("\0").filter((name) => name !== "");
    },
    *rm(path) {
      yield* ifThere(ask(MessageType.RM, `${path}\0`, id));
    },
  });
  return {
    event(_path, token) {
      const watcher = watchers.get(token);
      if (watcher) watcher.news = true;
    },
    client: {
      ...operations(0),
      *watch(path) {
        const token = String(nextToken++);
        const watcher: Watcher = { path, news: false };
        watchers.set(token, watcher);
        yield* ask(MessageType.WATCH, `${path}\0${token}\0`);
        return {
          changed() {
            const { news } = watcher;
            watcher.news = false;
            return news;
          },
          end() {
            watchers.delete(token);
            session.request(MessageType.UNWATCH, `${path}\0${token}\0`, () => {});
          },
        };
      },
      *transaction(body) {
        for (let attempt = 0; ; attempt++) {
          const id = Number.parseInt(yield* ask(MessageType.TRANSACTION_START, "\0"), 10);
          let result: ReturnType<typeof body> extends Waiting<infer R> ? R : never;
          try {
            result = yield* body(operations(id));
          } catch (e) {
            yield* ask(MessageType.TRANSACTION_END, "F\0", id);
            throw e;
          }
          try {
            yield* ask(MessageType.TRANSACTION_END, "T\0", id);
            return result;
          } catch (e) {
            if (!(e instanceof StoreError && e.code === "EAGAIN") || attempt + 1 >= attempts) throw e;
          }
        }
      },
    },
  };
}
