/**
 * A client over any connection that carries lines: JSON-RPC 2.0, one message a line. A stream is asked for like a method; its
 * number is the result, its items are notifications named `item`, its end is one named `end`.
 */
import {
  apiVersion,
  type DaemonInfo,
  type Item,
  type MethodName,
  type Params,
  type Result,
  type StreamName,
  type StreamParams,
} from "./api.ts";
import { ClientError, type DiagnosticInfo } from "./error.ts";

/** What carries the messages. */
export interface Transport {
  send(line: string): void;
  /** Calls back for each line, and once when nothing more comes. */
  open(line: (text: string) => void, closed: (why: string) => void): void;
  close(): void;
}

export interface StreamOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Hears how many items the daemon dropped, as they were not read in time. */
  readonly onLost?: (count: number) => void;
}

export interface Client {
  /** What the daemon said of itself. */
  readonly daemon: DaemonInfo;
  /** @throws {ClientError} */
  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>>;
  /**
   * Items as they come, until the loop over them is left, the daemon ends it or the signal is given.
   *
   * @throws {ClientError}
   */
  stream<S extends StreamName>(
    name: S,
    params: StreamParams<S>,
    options?: StreamOptions,
  ): AsyncIterableIterator<Item<S>>;
  close(): void;
}

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: {
    readonly message: string;
    readonly data?: { readonly code?: string; readonly diagnostics?: readonly DiagnosticInfo[] };
  };
  readonly method?: string;
  readonly params?: {
    readonly stream?: number;
    readonly value?: unknown;
    readonly count?: number;
    readonly error?: string;
  };
}

interface Waiting {
  resolve(result: never): void;
  reject(e: ClientError): void;
}

/** Items of a stream that nobody has taken yet, and who waits for the next. */
class Items {
  private onLost: ((count: number) => void) | undefined;
  /** Items that were lost before anybody listened. */
  private lost = 0;
  private readonly list: unknown[] = [];
  private ended: { readonly error: ClientError | undefined } | undefined;
  private rouse: (() => void) | undefined;

  add(item: unknown): void {
    this.list.push(item);
    this.rouse?.();
  }
  /** Has somebody hear how many items were dropped. */
  listen(onLost: ((count: number) => void) | undefined): void {
    this.onLost = onLost;
    if (this.lost > 0) onLost?.(this.lost);
  }
  lose(count: number): void {
    if (this.onLost) this.onLost(count);
    else this.lost += count;
  }
  end(error?: ClientError): void {
    this.ended ??= { error };
    this.rouse?.();
  }
  async next(): Promise<{ readonly item: unknown } | undefined> {
    while (this.list.length === 0) {
      if (this.ended?.error) throw this.ended.error;
      if (this.ended) return undefined;
      await new Promise<void>((resolve) => {
        this.rouse = resolve;
      });
    }
    return { item: this.list.shift() };
  }
}

/** Says hello over a transport. @throws {ClientError} when the daemon is none, or speaks another version. */
export async function createClient(transport: Transport): Promise<Client> {
  const waiting = new Map<number, Waiting>();
  const streams = new Map<number, Items>();
  let failure: ClientError | undefined;
  let last = 0;

  const fail = (e: ClientError): void => {
    failure ??= e;
    for (const { reject } of waiting.values()) reject(e);
    waiting.clear();
    for (const items of streams.values()) items.end(e);
    streams.clear();
  };
  /** A stream's items may come before the answer that tells its number. */
  const itemsOf = (stream: number): Items => {
    let items = streams.get(stream);
    if (!items) {
      items = new Items();
      streams.set(stream, items);
    }
    return items;
  };
  const receive = (text: string): void => {
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch (e) {
      transport.close();
      fail(new ClientError("PROTOCOL", `the daemon sent what is no JSON: ${text.slice(0, 80)}`, { cause: e }));
      return;
    }
    const { id, error, method, params } = message;
    if (id !== undefined) {
      const call = waiting.get(id);
      waiting.delete(id);
      if (error)
        call?.reject(
          new ClientError(error.data?.code ?? "FAILED", error.message, { diagnostics: error.data?.diagnostics ?? [] }),
        );
      else call?.resolve(message.result as never);
    } else if (params?.stream !== undefined) {
      if (method === "item") itemsOf(params.stream).add(params.value);
      else if (method === "lost") itemsOf(params.stream).lose(params.count ?? 0);
      else if (method === "end")
        itemsOf(params.stream).end(params.error === undefined ? undefined : new ClientError("ENDED", params.error));
    } else if (error) {
      // An answer to what the daemon could not read: whose it was is not known.
      fail(new ClientError(error.data?.code ?? "PROTOCOL", error.message));
    }
  };
  transport.open(receive, (why) => fail(new ClientError("CLOSED", why)));

  const request = (method: string, params: unknown): Promise<never> =>
    new Promise((resolve, reject) => {
      if (failure) {
        reject(failure);
        return;
      }
      const id = ++last;
      waiting.set(id, { resolve, reject });
      transport.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });

  const daemon: DaemonInfo = await request("daemon.hello", { api: apiVersion });
  return {
    daemon,
    call: (method, params) => request(method, params),
    async *stream(name, params, { signal, onLost } = {}) {
      if (signal?.aborted) return;
      const { stream } = (await request(name, params)) as { stream: number };
      const items = itemsOf(stream);
      items.listen(onLost);
      const end = (): void => items.end();
      signal?.addEventListener("abort", end);
      try {
        for (;;) {
          const next = await items.next();
          if (!next) return;
          yield next.item as never;
        }
      } finally {
        signal?.removeEventListener("abort", end);
        if (!failure) await request("stream.close", { stream }).catch(() => {});
        // What was on its way has come by now.
        streams.delete(stream);
      }
    },
    close() {
      fail(new ClientError("CLOSED", "the connection was closed"));
      transport.close();
    },
  };
}
