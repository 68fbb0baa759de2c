/**
 * Frames as binary messages of a WebSocket, as browser guests such as v86 send them. Uses `ws`, an optional dependency.
 *
 * An end that listens has one peer at a time; one that connects goes on trying. A peer that reads nothing is owed 1 MiB at most,
 * then there is no room. Text messages are no frames, and counted.
 */
import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { type Attachment, type Endpoint, endpointText } from "./attachment.ts";
import { NetdevError } from "./error.ts";
import { type Peer, WebSocketLine, type WebSocketOptions } from "./websocket-line.ts";

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

export interface WebSocketListenOptions extends WebSocketOptions {
  /** The path of its URL; `/` by default. */
  readonly path?: string | undefined;
}

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

/** What listens, and where. */
export interface WebSocketServer {
  readonly place: Endpoint;
  /** The URL that peers connect to. */
  readonly url: string;
  /** Called for each peer. */
  onPeer(listener: (peer: Peer) => void): void;
  onError(listener: (e: Error) => void): void;
  close(): void;
}

/** @throws {NetdevError} */
export async function openServer({ host, port }: Endpoint, path = "/"): Promise<WebSocketServer> {
  const { WebSocketServer } = ws();
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
  return {
    place,
    url: `ws://${endpointText(place)}${path}`,
    onPeer: (listener) =>
      server.on("connection", (peer) => {
        peer.on("error", () => {});
        listener(peer);
      }),
    onError: (listener) => server.on("error", listener),
    close: () => server.close(),
  };
}

/** A port that listens, to one peer at a time. @throws {NetdevError} @throws {RangeError} for an MTU that is none. */
export async function listenWebSocket(at: Endpoint, options: WebSocketListenOptions = {}): Promise<WebSocketPort> {
  const line = new WebSocketLine(options.name ?? `ws:${endpointText(at)}`, options);
  const server = await openServer(at, options.path);
  const nobody = `nobody is connected to ${server.url}`;
  line.problem = nobody;
  server.onError((e) => {
    line.problem = e.message;
  });
  server.onPeer((peer) => {
    if (line.connected || line.closed) peer.terminate();
    else line.attach(peer, nobody);
  });
  line.closing = () => server.close();
  return Object.assign(line, { place: server.place });
}
