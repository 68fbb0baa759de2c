/**
 * Frames as binary messages of a WebSocket, as browser guests such as v86 send them. Uses `ws`, an optional dependency.
 *
 * An end that listens has one peer at a time; one that connects goes on trying. A peer that reads nothing is owed 1 MiB at most,
 * then there is no room. Text messages are no frames, and counted.
 */
import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { copyFrame, type FrameBatch, FrameMemory, longestFrame } from "@clickos/vale";
import { type Attachment, type Endpoint, endpointText } from "./attachment.ts";
import { DropCounts, reasons } from "./drop-counts.ts";
import { NetdevError } from "./error.ts";
import { Inbox } from "./inbox.ts";

/** What is used of ws. */
interface Peer {
  readonly readyState: number;
  readonly bufferedAmount: number;
  binaryType: string;
  on(event: "message", listener: (data: Uint8Array, binary: boolean) => void): void;
  on(event: "open" | "close", listener: () => void): void;
  on(event: "error", listener: (e: Error) => void): void;
  send(data: Uint8Array, options: { binary: true }, done: () => void): void;
  terminate(): void;
}
interface Listener {
  on(event: "connection", listener: (peer: Peer, request: IncomingMessage) => void): void;
  on(event: "error", listener: (e: Error) => void): void;
  once(event: "listening" | "error", listener: (e?: Error) => void): void;
  address(): { readonly port: number };
  close(): void;
}
interface Ws {
  new (url: string, options: object): Peer;
  readonly WebSocketServer: new (options: object) => Listener;
}

export interface WebSocketOptions {
  readonly name?: string | undefined;
  /** Bytes behind the Ethernet header, up to 9,000; frames of 2,032 bytes at most without it. */
  readonly mtu?: number | undefined;
}

export interface WebSocketListenOptions extends WebSocketOptions {
  /** The path of its URL; `/` by default. */
  readonly path?: string | undefined;
}

const mostOwed = 1 << 20;
const opened = 1;
const firstPauseMs = 100;
const longestPauseMs = 2000;
/** What a peer may send at once; a longer message ends its connection. */
const maxPayload = 69_632;
const common = { maxPayload, perMessageDeflate: false, skipUTF8Validation: true };

function ws(): Ws {
  try {
    return createRequire(import.meta.url)("ws") as Ws;
  } catch (cause) {
    throw new NetdevError("NOT_AVAILABLE", "WebSockets need the package ws, which is not installed: npm install ws", {
      cause,
    });
  }
}

/** A port on a connection that it makes, and makes again. @throws {NetdevError} @throws {RangeError} for an MTU that is none. */
export function connectWebSocket(url: string, options: WebSocketOptions = {}): Attachment {
  if (!/^wss?:\/\/[^\s]+$/.test(url) || !URL.canParse(url))
    throw new NetdevError("BAD_SPECIFICATION", `${url} is no URL of a WebSocket, as ws://host:8080/`);
  const WebSocket = ws();
  const line = new WebSocketLine(options.name ?? url, options);
  let pauseMs = firstPauseMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const connect = (): void => {
    line.problem ??= `not connected to ${url} yet`;
    const peer = new WebSocket(url, { ...common, handshakeTimeout: 10_000, followRedirects: false });
    line.closing = () => {
      clearTimeout(timer);
      peer.terminate();
    };
    peer.on("open", () => {
      pauseMs = firstPauseMs;
      line.attach(peer, `not connected to ${url}`);
    });
    peer.on("error", (e) => {
      line.problem = `cannot connect to ${url}: ${(e as NodeJS.ErrnoException).code ?? e.message}`;
    });
    peer.on("close", () => {
      if (line.closed) return;
      timer = setTimeout(connect, pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    });
  };
  connect();
  return line;
}

export interface WebSocketPort extends Attachment {
  /** Where it listens: with the port that the system chose for 0. */
  readonly place: Endpoint;
}

/** A port that listens, to one peer at a time. @throws {NetdevError} @throws {RangeError} for an MTU that is none. */
export async function listenWebSocket(
  { host, port }: Endpoint,
  options: WebSocketListenOptions = {},
): Promise<WebSocketPort> {
  const { WebSocketServer } = ws();
  const { path = "/" } = options;
  const line = new WebSocketLine(options.name ?? `ws:${endpointText({ host, port })}`, options);
  const server = new WebSocketServer({ ...common, host, port, path });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", () => resolve());
    server.once("error", (e) => {
      const { code } = e as NodeJS.ErrnoException;
      const where = endpointText({ host, port });
      if (code === "EADDRINUSE")
        reject(new NetdevError("IN_USE", `cannot listen on ${where}: another program does`, { cause: e }));
      else reject(new NetdevError("SYSTEM", `cannot listen on ${where}: ${code ?? e?.message}`, { cause: e }));
    });
  });
  const place = { host, port: server.address().port };
  const nobody = `nobody is connected to ws://${endpointText(place)}${path}`;
  line.problem = nobody;
  server.on("error", (e) => {
    line.problem = e.message;
  });
  server.on("connection", (peer) => {
    peer.on("error", () => {});
    if (line.connected || line.closed) peer.terminate();
    else line.attach(peer, nobody);
  });
  line.closing = () => server.close();
  return Object.assign(line, { place });
}

class WebSocketLine implements Attachment {
  readonly name: string;
  readonly frameLimit: number;
  readonly drops: Readonly<Record<string, number>>;
  problem: string | undefined;
  closed = false;
  /** Ends what makes peers. */
  closing: (() => void) | undefined;
  private readonly counts = new DropCounts();
  private readonly inbox: Inbox;
  private peer: Peer | undefined;
  private unfinished = 0;

  constructor(name: string, { mtu }: WebSocketOptions) {
    this.name = name;
    this.frameLimit = longestFrame(mtu);
    this.drops = this.counts.counts;
    this.inbox = new Inbox(this.frameLimit);
  }
  get connected(): boolean {
    return this.peer !== undefined;
  }
  attach(peer: Peer, afterwards: string): void {
    this.peer = peer;
    this.problem = undefined;
    this.unfinished = 0;
    peer.binaryType = "nodebuffer";
    peer.on("message", (data, binary) => {
      if (!binary) this.counts.add("a text message");
      else if (data.length > this.frameLimit) this.counts.add(reasons.tooLong);
      else if (!this.inbox.fits(data.length)) this.counts.add(reasons.full);
      else {
        this.inbox.put(data);
        this.inbox.wake();
      }
    });
    peer.on("close", () => {
      if (this.peer !== peer) return;
      this.peer = undefined;
      this.problem = afterwards;
    });
  }

  poll(): FrameBatch | null {
    return this.closed ? null : this.inbox.poll();
  }
  release(): void {
    this.inbox.release();
  }
  deliver(...[batch, list, count]: Parameters<Attachment["deliver"]>): number {
    const { peer } = this;
    if (peer?.readyState !== opened) {
      this.counts.add(reasons.unconnected, count);
      return count;
    }
    for (let k = 0; k < count; k++) {
      if (this.unfinished > mostOwed) return k;
      const i = list[k] as number;
      const length = batch.lengths[i] as number;
      // The library keeps it until it is written.
      const copy = new FrameMemory(new ArrayBuffer((length + 15) & -16));
      copyFrame(batch, i, copy, 0);
      this.unfinished += length;
      peer.send(copy.bytes.subarray(0, length), { binary: true }, () => {
        if (this.peer === peer) this.unfinished -= length;
      });
    }
    return count;
  }
  flush(): void {}
  onReady(listener: () => void): () => void {
    return this.inbox.onReady(listener);
  }
  detached(): void {
    if (this.closed) return;
    this.closed = true;
    this.closing?.();
    this.peer?.terminate();
  }
}
