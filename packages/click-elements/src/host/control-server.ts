/**
 * The control protocol over TCP or a UNIX socket: sessions with their sockets, and who is served when.
 *
 * Clients are not trusted. They share places, room for unfinished requests and room for answers that are not read;
 * a turn of the event loop serves a bounded number of requests, one of each client in turn, so that neither the
 * router nor another client waits for one of them.
 */
import { accessSync, constants, fstatSync, lstatSync } from "node:fs";
import { createServer, isIP, type Server, Socket } from "node:net";
import { dirname } from "node:path";
import { systemReason } from "@clickos/pcap/node";
import { type ListenUnixOptions, listenUnix } from "@clickos/unix-socket/node";
import { ControlSession, type ControlTarget } from "./control-session.ts";

export interface TcpAddress {
  readonly port: number;
  /** Tries the ports after it when it is taken. */
  readonly search?: boolean;
  /** Where to listen or connect; this machine only when absent. */
  readonly host?: string;
}
export type ControlAddress = { readonly path: string } | TcpAddress;

/** What clients share. */
export interface ControlLimits {
  /** Connections at a time (256). */
  readonly clients: number;
  /** How long a client may be without a request and keep its place when others want one, in milliseconds (60,000). */
  readonly idleMs: number;
  /** Bytes that unfinished requests may hold, those of up to a line's length aside (32 MiB). */
  readonly unfinishedBytes: number;
  /** Bytes of answers that may wait to be read (32 MiB). */
  readonly unreadBytes: number;
  /** How long answers may stay unread once those bytes are waiting, in milliseconds (2,000). */
  readonly unreadMs: number;
}

export interface ControlOptions {
  readonly readOnly?: boolean;
  /** An element whose handlers stand for all others. */
  readonly proxy?: string;
  readonly verbose?: (text: string) => void;
  readonly limits?: Partial<ControlLimits>;
}

export interface ControlServer {
  /** The TCP port, 0 for a UNIX socket. */
  readonly port: number;
  readonly clients: number;
  /** From here on these options hold, for clients that are there as well. */
  configure(options: ControlOptions): void;
  /** What was answered is still sent. */
  close(): void;
}

/** A socket that cannot be opened: which call failed and why, `bind: Address already in use`. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code = "CANNOT_LISTEN";
}

const defaultLimits: ControlLimits = {
  clients: 256,
  idleMs: 60_000,
  unfinishedBytes: 32 << 20,
  unreadBytes: 32 << 20,
  unreadMs: 2_000,
};
/** Requests that are served in one turn of the event loop, the bytes of their answers, and how long they may take. */
const requestsPerTurn = 64;
const bytesPerTurn = 1 << 20;
const turnMs = 5;
/** Bytes from a client that wait to be served, after which its socket is not read. */
const maximumBacklog = 64 << 10;
/** Bytes to a client that wait to be read, after which it is not served. */
const maximumUnread = 64 << 10;
/** How often unread answers are looked at while they are over the limit. */
const unreadCheckMs = 200;
/** Ports tried after the first, where that is asked for. */
const maximumTries = 1000;
/** How long answers that are not read keep a socket that is to be closed, in milliseconds. */
const lingerMs = 1000;

/**
 * Opens a control socket; on this machine's own address where none is given. A UNIX socket is for its owner only, takes
 * no other server's place, and deletes no file.
 *
 * @throws {ListenError}
 */
export async function serveControl(
  target: ControlTarget,
  where: ControlAddress,
  options: ControlOptions = {},
): Promise<ControlServer> {
  const clients = new Clients(target, options);
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => clients.accept(socket));
  await listenOn(server, where);
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    get clients() {
      return clients.size;
    },
    configure: (options) => clients.configure(options),
    close() {
      clients.close();
      server.close();
    },
  };
}

/** Serves the client that a file descriptor is connected to. @throws {ListenError} */
export function serveControlOn(target: ControlTarget, fd: number, options: ControlOptions = {}): ControlServer {
  const clients = new Clients(target, options);
  try {
    if (!fstatSync(fd).isSocket()) throw new ListenError("socket: Socket operation on non-socket");
    clients.accept(new Socket({ fd, allowHalfOpen: true }));
  } catch (e) {
    throw e instanceof ListenError ? e : new ListenError(`socket: ${systemReason(e)}`);
  }
  return {
    port: 0,
    get clients() {
      return clients.size;
    },
    configure: (options) => clients.configure(options),
    close: () => clients.close(),
  };
}

/** Why nobody can listen at a path, where that shows before it is tried. */
export function pathProblem(path: string): string | undefined {
  try {
    if (lstatSync(path, { throwIfNoEntry: false })) return "bind: Address already in use";
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
    return undefined;
  } catch (e) {
    return `bind: ${systemReason(e)}`;
  }
}

/** Has a server listen. Nothing that is at a path is replaced. @throws {ListenError} */
export async function listenOn(server: Server, where: ControlAddress, options: ListenUnixOptions = {}): Promise<void> {
  server.on("error", () => {});
  if (!("path" in where)) {
    await listenTcp(server, where);
    return;
  }
  // Node would say of a folder that is not there that it may not be used.
  const problem = pathProblem(where.path);
  if (problem !== undefined) throw new ListenError(problem);
  await listenUnix(server, where.path, options).catch((e: Error) => {
    throw new ListenError(`bind: ${systemReason(e.cause ?? e)}`);
  });
}

/** Where control and chatter sockets listen when no address is asked for. */
export const loopback = "127.0.0.1";

export const everywhere = "0.0.0.0";

/** `PORT`, `PORT+`, `ADDRESS:PORT` or `[ADDRESS]:PORT`, which may end with `+` too; `undefined` where it is none. */
export function parseControlAddress(text: string): TcpAddress | undefined {
  const match = /^(?:(?:\[([0-9A-Fa-f:.]{1,45})\]|([0-9.]{1,15}|localhost)):)?(\d{1,5})(\+?)$/.exec(text);
  if (!match || Number(match[3]) > 65535) return undefined;
  const host = match[1] ?? match[2];
  if (host !== undefined && host !== "localhost" && isIP(host) === 0) return undefined;
  return {
    port: Number(match[3]),
    search: match[4] === "+",
    ...(host === undefined ? {} : { host: host === "localhost" ? loopback : host }),
  };
}

async function listenTcp(server: Server, where: TcpAddress): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await listen(server, where.port + tries, where.host ?? loopback);
      return;
    } catch (e) {
      const { code } = e as NodeJS.ErrnoException;
      const again = where.search && code === "EADDRINUSE";
      if (again && tries < maximumTries && where.port + tries < 65535) continue;
      throw new ListenError(`bind: ${systemReason(e)}`);
    }
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

interface Client {
  readonly socket: Socket;
  readonly session: ControlSession;
  /** When the last request was served. */
  lastRequest: number;
  /** Since when its answers wait to be read. */
  unreadSince: number | undefined;
  /** Whether it stands in line to be served. */
  inLine: boolean;
  /** Whether it has said all it has to say. */
  done: boolean;
}

class Clients {
  private readonly target: ControlTarget;
  private options: ControlOptions;
  private readonly limits: ControlLimits;
  private readonly all = new Set<Client>();
  private line: Client[] = [];
  private turn: NodeJS.Immediate | undefined;
  private check: NodeJS.Timeout | undefined;
  private unfinishedLeft: number;

  constructor(target: ControlTarget, options: ControlOptions) {
    this.target = target;
    this.options = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.unfinishedLeft = this.limits.unfinishedBytes;
  }

  get size(): number {
    return this.all.size;
  }

  configure(options: ControlOptions): void {
    this.options = options;
    for (const { session } of this.all) session.configure(options);
  }

  accept(socket: Socket): void {
    socket.setEncoding("latin1");
    socket.on("error", () => socket.destroy());
    if (this.all.size >= this.limits.clients && !this.dismissIdle()) {
      socket.write("500 Too many connections\r\n");
      socket.destroySoon();
      return;
    }
    const number = descriptorOf(socket);
    const from = socket.remoteAddress === undefined ? "" : ` from ${socket.remoteAddress}.${socket.remotePort}`;
    this.options.verbose?.(`opened connection ${number}${from}`);
    const send = (text: string): void => {
      if (socket.writable) socket.write(text, "latin1");
    };
    const session = new ControlSession(this.target, send, {
      ...(this.options.readOnly ? { readOnly: true } : {}),
      ...(this.options.proxy === undefined ? {} : { proxy: this.options.proxy }),
      allowance: {
        take: (bytes) => {
          if (bytes > this.unfinishedLeft) return false;
          this.unfinishedLeft -= bytes;
          return true;
        },
        give: (bytes) => {
          this.unfinishedLeft += bytes;
        },
      },
    });
    const client: Client = {
      socket,
      session,
      lastRequest: performance.now(),
      unreadSince: undefined,
      inLine: false,
      done: false,
    };
    this.all.add(client);
    socket.on("close", () => {
      if (this.all.delete(client)) this.options.verbose?.(`closed connection ${number}`);
      session.close();
    });
    socket.on("data", (chunk) => {
      session.receive(chunk as unknown as string);
      if (session.backlog > maximumBacklog) socket.pause();
      this.serve(client);
    });
    socket.on("drain", () => {
      client.unreadSince = undefined;
      this.serve(client);
    });
    socket.on("end", () => {
      client.done = true;
      session.end();
      if (session.backlog === 0) socket.end();
      else this.serve(client);
    });
  }

  close(): void {
    if (this.turn) clearImmediate(this.turn);
    if (this.check) clearTimeout(this.check);
    this.line = [];
    for (const { socket } of this.all) {
      socket.destroySoon();
      if (socket.writableLength > 0) setTimeout(() => socket.destroy(), lingerMs).unref();
    }
  }

  /** Makes room for another client, where one has been idle for long. */
  private dismissIdle(): boolean {
    const before = performance.now() - this.limits.idleMs;
    let idlest: Client | undefined;
    for (const client of this.all) if (client.lastRequest < (idlest?.lastRequest ?? before)) idlest = client;
    if (!idlest) return false;
    this.dismiss(idlest, "its place was needed");
    return true;
  }

  private dismiss(client: Client, why: string): void {
    this.options.verbose?.(`closed a connection: ${why}`);
    this.all.delete(client);
    client.session.close();
    client.socket.destroy();
  }

  private serve(client: Client): void {
    if (client.inLine || client.session.backlog === 0) return;
    client.inLine = true;
    this.line.push(client);
    this.turn ??= setImmediate(() => this.serveTurn());
  }

  /** Serves those in line, one request each in turn, until the turn's share is used up. */
  private serveTurn(): void {
    this.turn = undefined;
    let requests = requestsPerTurn;
    let bytes = Math.min(bytesPerTurn, this.limits.unreadBytes - this.unread());
    const end = performance.now() + turnMs;
    while (this.line.length > 0 && requests > 0 && bytes > 0 && performance.now() < end) {
      const client = this.line.shift() as Client;
      const { socket, session } = client;
      client.inLine = false;
      if (!this.all.has(client)) continue;
      const before = socket.writableLength;
      if (before > maximumUnread) {
        // It is served again when it has read.
        client.unreadSince ??= performance.now();
        continue;
      }
      if (session.step()) {
        requests--;
        client.lastRequest = performance.now();
      }
      bytes -= Math.max(0, socket.writableLength - before);
      if (session.backlog > 0) this.serve(client);
      else if (session.ended || client.done) socket.end();
      if (session.backlog <= maximumBacklog && socket.isPaused()) socket.resume();
    }
    if (this.line.length === 0) return;
    if (bytes > 0 || this.unread() < this.limits.unreadBytes) this.turn ??= setImmediate(() => this.serveTurn());
    else this.check ??= setTimeout(() => this.dismissUnread(), unreadCheckMs);
  }

  /** Bytes of answers that wait to be read. */
  private unread(): number {
    let bytes = 0;
    for (const { socket } of this.all) bytes += socket.writableLength;
    return bytes;
  }

  /** Too many answers wait: ends the client that has kept the most of them waiting for long. */
  private dismissUnread(): void {
    this.check = undefined;
    const now = performance.now();
    let most: Client | undefined;
    for (const client of this.all) {
      if (client.socket.writableLength === 0) continue;
      client.unreadSince ??= now;
      if (client.unreadSince > now - this.limits.unreadMs) continue;
      if (client.socket.writableLength > (most?.socket.writableLength ?? 0)) most = client;
    }
    if (most && this.unread() >= this.limits.unreadBytes) this.dismiss(most, "it does not read its answers");
    this.turn ??= setImmediate(() => this.serveTurn());
  }
}

/** The number of the file that a socket is, which tells connections apart. */
function descriptorOf(socket: Socket): number {
  return (socket as { _handle?: { fd?: number } })._handle?.fd ?? -1;
}
