/**
 * One client's connection: JSON-RPC 2.0, a message a line. What a client sends is anybody's bytes: lines have a longest length,
 * parameters are checked, and a client that does not read what it asked for is not read from.
 */

import { ConfigurationError } from "@clickos/click-language";
import { LineReader, type MethodName, type StreamName } from "@clickos/client";
import { diagnosticsJson } from "../diagnostics-json.ts";
import { DaemonError } from "./daemon-error.ts";
import type { MachineMethods } from "./methods.ts";
import { complaint, methodParameters, streamParameters } from "./parameters.ts";
import type { MachineStreams } from "./streams.ts";

/** Bytes that wait for a client, before nothing more is read from it and items of its streams are dropped. */
const backlog = 4 * 1024 * 1024;
/** Requests of a client that are under way. */
const mostCalls = 256;
const mostStreams = 64;

/** What carries the bytes. */
export interface Connection {
  /** Sends a line; how many bytes wait to be sent. */
  write(line: string): number;
  /** Stops and starts reading. */
  pause(): void;
  resume(): void;
  close(): void;
}

type Id = number | string | null;

interface Request {
  readonly jsonrpc?: unknown;
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}

/** Codes of JSON-RPC 2.0, section 5.1. */
const codes = { parse: -32700, request: -32600, method: -32601, params: -32602, failed: -32000 } as const;

export class Session {
  private readonly connection: Connection;
  private readonly methods: MachineMethods;
  private readonly streams: MachineStreams;
  private readonly lines = new LineReader();
  /** Requests that have come and are not begun: at most those of one piece of bytes, as nothing more is read meanwhile. */
  private readonly lined: string[] = [];
  private readonly open = new Map<number, () => void>();
  private calls = 0;
  private lastStream = 0;
  private waiting = 0;
  private ended = false;

  constructor(connection: Connection, methods: MachineMethods, streams: MachineStreams) {
    this.connection = connection;
    this.methods = methods;
    this.streams = streams;
  }

  receive(bytes: Uint8Array): void {
    if (this.ended) return;
    try {
      for (const line of this.lines.read(bytes)) this.lined.push(line);
      this.work();
    } catch (e) {
      this.work();
      // Where the next message begins is not known any more.
      this.refuse(null, codes.parse, "PROTOCOL", (e as Error).message);
      this.connection.close();
    }
  }
  /** The client has taken what waited. */
  drained(): void {
    this.waiting = 0;
    this.work();
  }
  close(): void {
    if (this.ended) return;
    this.ended = true;
    for (const end of this.open.values()) end();
    this.open.clear();
  }

  private request(line: string): void {
    if (line.trim() === "") return;
    let request: Request;
    try {
      request = JSON.parse(line) as Request;
    } catch (e) {
      this.refuse(null, codes.parse, "PROTOCOL", `not JSON: ${(e as Error).message}`);
      return;
    }
    const { id, method, params = {} } = request ?? {};
    const known = typeof id === "number" || typeof id === "string" ? id : null;
    if (request?.jsonrpc !== "2.0" || known === null || typeof method !== "string") {
      this.refuse(
        known,
        codes.request,
        "PROTOCOL",
        'a request is {"jsonrpc": "2.0", "id": …, "method": …, "params": {…}}',
      );
      return;
    }
    this.calls++;
    void this.answer(known, method, params).finally(() => {
      this.calls--;
      this.work();
    });
  }
  private async answer(id: Id, method: string, params: unknown): Promise<void> {
    try {
      if (method === "stream.close") {
        const { stream } = checked("stream.close", methodParameters[method], params);
        this.end(stream);
        this.send({ jsonrpc: "2.0", id, result: null });
      } else if (Object.hasOwn(this.methods, method)) {
        const name = method as Exclude<MethodName, "stream.close">;
        const given = checked(method, methodParameters[name], params);
        const result = await this.methods[name](given as never);
        this.send({ jsonrpc: "2.0", id, result });
      } else if (Object.hasOwn(this.streams, method)) this.begin(id, method as StreamName, params);
      else this.refuse(id, codes.method, "NO_METHOD", `there is no method '${method}'`);
    } catch (e) {
      const code = codeOf(e);
      const data = e instanceof ConfigurationError ? { diagnostics: diagnosticsJson(e.diagnostics) } : {};
      const word = e instanceof ConfigurationError ? "CONFIGURATION" : typeof code === "string" ? code : "FAILED";
      const message = e instanceof Error ? e.message : String(e);
      this.refuse(id, word === "BAD_PARAMS" ? codes.params : codes.failed, word, message, data);
    }
  }

  private begin(id: Id, name: StreamName, params: unknown): void {
    if (this.open.size >= mostStreams) throw new DaemonError("TOO_MANY", `a client has ${mostStreams} streams at most`);
    const given = checked(name, streamParameters[name], params);
    const stream = ++this.lastStream;
    /** Items that the client had no room for. */
    let lost = 0;
    /** Those that come before the answer that tells the stream's number. */
    let early: unknown[] | undefined = [];
    const tell = (value: unknown): void => {
      if (this.ended) return;
      if (this.waiting > backlog) lost++;
      else {
        if (lost > 0) this.send({ jsonrpc: "2.0", method: "lost", params: { stream, count: lost } });
        lost = 0;
        this.send({ jsonrpc: "2.0", method: "item", params: { stream, value } });
      }
    };
    let over: { readonly error?: string } | undefined;
    const finish = (): void => {
      if (this.open.delete(stream) || early) this.send({ jsonrpc: "2.0", method: "end", params: { stream, ...over } });
    };
    const end = this.streams[name](given as never, {
      item: (value: unknown) => (early ? void early.push(value) : tell(value)),
      end: (error?: string) => {
        over = error === undefined ? {} : { error };
        if (!early) finish();
      },
    });
    this.open.set(stream, end);
    this.send({ jsonrpc: "2.0", id, result: { stream } });
    const first = early;
    early = undefined;
    for (const value of first) tell(value);
    if (over) finish();
  }
  private end(stream: number): void {
    const end = this.open.get(stream);
    if (!end) throw new DaemonError("NO_METHOD", `there is no stream ${stream} on this connection`);
    this.open.delete(stream);
    end();
  }

  private refuse(id: Id, code: number, word: string, message: string, data: object = {}): void {
    this.send({ jsonrpc: "2.0", id, error: { code, message, data: { code: word, ...data } } });
  }
  private send(message: object): void {
    if (this.ended) return;
    this.waiting = this.connection.write(`${JSON.stringify(message)}\n`);
    if (this.waiting > backlog) this.connection.pause();
  }
  private get isBusy(): boolean {
    return this.waiting > backlog || this.calls >= mostCalls;
  }
  /** Begins what has come, as far as there is room for it; nothing is read while there is none. */
  private work(): void {
    while (!this.ended && !this.isBusy && this.lined.length > 0) this.request(this.lined.shift() as string);
    if (this.ended) return;
    if (this.isBusy) this.connection.pause();
    else this.connection.resume();
  }
}

interface Shape<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Parameters<typeof complaint>[0] };
}

function checked<T>(method: string, shape: Shape<T>, params: unknown): T {
  const read = shape.safeParse(params);
  if (!read.success) throw new DaemonError("BAD_PARAMS", `${method}: ${complaint(read.error)}`);
  return read.data;
}

/** An error's word; the system's, where it is the cause. */
function codeOf(e: unknown): unknown {
  const { code, cause } = e as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  return code ?? cause?.code;
}
