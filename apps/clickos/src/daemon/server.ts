/**
 * The daemon's socket. A connection whose first byte is `{` speaks the API, JSON-RPC by lines; one that begins with the line for it
 * brings a domain; any other is taken for HTTP, which has `GET /metrics` and `POST /rpc`, one request in each.
 */
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { longestLine } from "@clickos/client";
import { listenUnix } from "@clickos/unix-socket/node";
import type { Machine } from "./machine.ts";
import type { MachineMethods } from "./methods.ts";
import { metrics, openMetricsType } from "./metrics.ts";
import { Peer, preface } from "./migration/messages.ts";
import { type Connection, Session } from "./session.ts";
import { type MachineStreams, machineStreams } from "./streams.ts";

const mostClients = 512;
/** How long a client may take to say what it wants. */
const greetingMs = 10_000;

export interface ApiServer {
  readonly path: string;
  readonly clients: number;
  close(): Promise<void>;
}

export interface ApiServerOptions {
  readonly path: string;
  readonly machine: Machine;
  readonly methods: MachineMethods;
}

/** Serves the API to its owner's processes. @throws {UnixSocketError} when another daemon listens there. */
export async function serveApi({ path, machine, methods }: ApiServerOptions): Promise<ApiServer> {
  const streams = machineStreams(machine);
  const http = httpServer(machine, methods, streams);
  const clients = new Set<Socket>();
  const server: Server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (clients.size >= mostClients) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    const silent = setTimeout(() => socket.destroy(), greetingMs);
    socket.on("close", () => {
      clearTimeout(silent);
      clients.delete(socket);
    });
    socket.once("data", (first: Buffer) => {
      clearTimeout(silent);
      if (first[0] === 0x7b) speak(socket, first, methods, streams);
      else if (beginsMigration(first)) void arrive(machine, socket, first);
      else {
        socket.pause();
        socket.unshift(first);
        http.emit("connection", socket);
        socket.resume();
      }
    });
  });
  await listenUnix(server, path);
  return {
    path,
    get clients() {
      return clients.size;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of clients) socket.end();
        const late = setTimeout(() => {
          for (const socket of clients) socket.destroy();
        }, 200);
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
      }),
  };
}

/** Whether a connection is from a daemon that sends a domain. It says so in one piece. */
function beginsMigration(first: Buffer): boolean {
  return first.subarray(0, preface.length).toString("latin1") === preface;
}
async function arrive({ domains }: Machine, socket: Socket, first: Buffer): Promise<void> {
  await domains.arrivals.take(new Peer(socket, first.subarray(preface.length)));
}

/** Takes domains that come over TCP. Whoever reaches it can make domains here. */
export async function serveMigrations(
  machine: Machine,
  host: string,
  port: number,
): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    const silent = setTimeout(() => socket.destroy(), greetingMs);
    socket.on("close", () => {
      clearTimeout(silent);
      sockets.delete(socket);
    });
    socket.once("data", (first: Buffer) => {
      clearTimeout(silent);
      if (beginsMigration(first)) void arrive(machine, socket, first);
      else socket.destroy();
    });
  });
  await listening(server, host, port);
  return {
    port: (server.address() as { port: number }).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

function speak(socket: Socket, first: Buffer, methods: MachineMethods, streams: MachineStreams): void {
  const connection: Connection = {
    write(line) {
      if (!socket.destroyed) socket.write(line);
      return socket.writableLength;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.end(),
  };
  const session = new Session(connection, methods, streams);
  socket.on("data", (bytes: Buffer) => session.receive(bytes));
  socket.on("drain", () => session.drained());
  socket.on("close", () => session.close());
  session.receive(first);
}

/** Serves metrics over TCP, for collectors on other machines. */
export async function serveMetrics(
  machine: Machine,
  host: string,
  port: number,
): Promise<{ port: number; close(): void }> {
  const server = createHttpServer((request, response) => answerMetrics(machine, request, response));
  await listening(server, host, port);
  return {
    port: (server.address() as { port: number }).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function httpServer(machine: Machine, methods: MachineMethods, streams: MachineStreams): HttpServer {
  return createHttpServer((request, response) => {
    if (request.url === "/rpc" && request.method === "POST") void answerRpc(methods, streams, request, response);
    else answerMetrics(machine, request, response);
  });
}

function answerMetrics(machine: Machine, { url, method }: IncomingMessage, response: ServerResponse): void {
  if (url !== "/metrics") response.writeHead(404, { "content-type": "text/plain" }).end("there is /metrics\n");
  else if (method !== "GET" && method !== "HEAD") response.writeHead(405, { allow: "GET, HEAD" }).end();
  else {
    const text = metrics(machine);
    response.writeHead(200, { "content-type": openMetricsType, "content-length": Buffer.byteLength(text) });
    response.end(method === "HEAD" ? undefined : text);
  }
}

/** One request, as on a connection of its own that has no streams. */
async function answerRpc(
  methods: MachineMethods,
  streams: MachineStreams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > longestLine) {
      response.writeHead(413).end();
      return;
    }
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString().replace(/\n/g, " ");
  const answer = (line: string): number => {
    response.writeHead(200, { "content-type": "application/json" }).end(line);
    session.close();
    return 0;
  };
  const session = new Session({ write: answer, pause() {}, resume() {}, close() {} }, methods, streams);
  session.receive(Buffer.from(`${text}\n`));
}
