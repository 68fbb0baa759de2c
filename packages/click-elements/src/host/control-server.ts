/**
 * The control protocol, version 1.3: clients read and write handlers over TCP or a UNIX socket.
 *
 * Commands are lines: READ, READDATA, READUNTIL, WRITE, WRITEDATA, WRITEUNTIL, CHECKREAD, CHECKWRITE, LLRPC, HELP,
 * QUIT. Answers are lines with a three-digit code; those of READ are followed by `DATA n` and n bytes.
 * Clients are not trusted: lines, data and their number are bounded, and a client that does not read is not
 * served until it does.
 */
import { unlinkSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { HandlerError, takeWord } from "@clickos/click-core";
import { systemReason } from "@clickos/netdev";

/** What the protocol gives access to; a router, or an element's view of one. */
export interface ControlTarget {
  read(path: string, parameter?: string): string;
  write(path: string, value: string): void;
}

export type ControlAddress =
  | { readonly path: string }
  | { readonly port: number; readonly search?: boolean; readonly host?: string };

export interface ControlOptions {
  readonly readOnly?: boolean;
  readonly verbose?: (text: string) => void;
}

export interface ControlServer {
  /** The TCP port, 0 for a UNIX socket. */
  readonly port: number;
  readonly clients: number;
  close(): void;
}

/** A socket that cannot be opened. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code = "CANNOT_LISTEN";
}

const maximumLine = 1 << 20;
const maximumData = 16 << 20;
const maximumClients = 256;
/** Ports tried after the first, where that is asked for. */
const maximumTries = 1000;

/** Opens a control socket. @throws {ListenError} */
export async function serveControl(
  target: ControlTarget,
  where: ControlAddress,
  options: ControlOptions = {},
): Promise<ControlServer> {
  const clients = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    if (clients.size >= maximumClients) {
      socket.end("500 Too many connections\r\n");
      socket.on("error", () => {});
      return;
    }
    clients.add(socket);
    options.verbose?.(`opened connection from ${socket.remoteAddress ?? "a local client"}`);
    socket.on("close", () => clients.delete(socket));
    serveClient(socket, target, options);
  });
  if ("path" in where) removeStale(where.path);
  for (let tries = 0; ; tries++) {
    try {
      await listen(server, "path" in where ? where : { ...where, port: where.port + tries });
      break;
    } catch (e) {
      const again = "port" in where && where.search && (e as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (again && tries < maximumTries && where.port + tries < 65535) continue;
      const name = "path" in where ? where.path : `port ${where.port}`;
      const { code } = e as NodeJS.ErrnoException;
      throw new ListenError(`cannot listen on ${name}: ${code === "EADDRINUSE" ? "it is in use" : systemReason(e)}`);
    }
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    get clients() {
      return clients.size;
    },
    close() {
      for (const socket of clients) socket.destroy();
      server.close();
    },
  };
}

/** A socket's file that nobody serves any more is in the way. */
function removeStale(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is not there, or not ours to remove: listening will tell.
  }
}

function listen(server: Server, where: ControlAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen("path" in where ? { path: where.path } : { port: where.port, host: where.host }, () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve();
    });
  });
}

/** What a client's next bytes are. */
type Expecting =
  | { readonly kind: "line" }
  | { readonly kind: "data"; readonly length: number; take(data: string): void }
  | { readonly kind: "until"; readonly end: string; readonly lines: string[]; size: number; take(data: string): void };

function serveClient(socket: Socket, target: ControlTarget, options: ControlOptions): void {
  let buffered = "";
  let expecting: Expecting = { kind: "line" };
  let closing = false;

  const send = (text: string): void => {
    if (!socket.writable) return;
    if (!socket.write(text, "latin1")) {
      socket.pause();
      socket.once("drain", () => {
        socket.resume();
        process_();
      });
    }
  };
  const answer = (code: number, text: string): void => {
    const lines = text.replace(/\n+$/, "").split(/\r?\n/);
    send(lines.map((line, i) => `${code}${i < lines.length - 1 ? "-" : " "}${line}\r\n`).join(""));
  };
  const attempt = (run: () => void): void => {
    try {
      run();
    } catch (e) {
      if (e instanceof HandlerError) answer(codes[e.code], e.message);
      else answer(520, (e as Error).message ?? String(e));
    }
  };
  const read = (path: string, parameter: string): void =>
    attempt(() => {
      const value = target.read(path, parameter);
      answer(200, `Read handler '${path}' OK`);
      send(`DATA ${value.length}\r\n${value}`);
    });
  const write = (path: string, value: string): void => {
    if (options.readOnly) {
      answer(530, `Permission denied for '${path}'`);
      return;
    }
    attempt(() => {
      target.write(path, value);
      answer(200, `Write handler '${path}' OK`);
    });
  };
  const check = (path: string, which: "read" | "write"): void =>
    attempt(() => {
      const found = checkHandler(target, path, which);
      if (found) answer(200, `${which === "read" ? "Read" : "Write"} handler '${path}' OK`);
    });

  /** `COMMAND path LENGTH`, then that many bytes. */
  const withData = (rest: string, take: (path: string, data: string) => void): void => {
    const [path, length] = takeWord(rest);
    const n = /^\d+$/.test(length) ? Number(length) : -1;
    if (path === "" || n < 0 || n > maximumData) {
      answer(500, n > maximumData ? `More than ${maximumData} bytes of data` : "Expected a handler and a length");
      return;
    }
    expecting = { kind: "data", length: n, take: (data) => take(path, data) };
  };
  /** `COMMAND path TERMINATOR`, then lines up to one that is the terminator. */
  const withLines = (rest: string, take: (path: string, data: string) => void): void => {
    const [path, end] = takeWord(rest);
    if (path === "") {
      answer(500, "Expected a handler and a terminator");
      return;
    }
    expecting = { kind: "until", end: end.trim(), lines: [], size: 0, take: (data) => take(path, data) };
  };

  const command = (line: string): void => {
    const [word, rest] = takeWord(line);
    const [path, parameter] = takeWord(rest);
    const name = word.toUpperCase();
    if (["READ", "GET", "WRITE", "SET", "CHECKREAD", "CHECKWRITE"].includes(name) && path === "") {
      answer(500, `Wrong number of arguments: ${name} takes a handler`);
      return;
    }
    switch (name) {
      case "":
        return;
      case "READ":
      case "GET":
        read(path, parameter);
        return;
      case "READDATA":
        withData(rest, read);
        return;
      case "READUNTIL":
        withLines(rest, read);
        return;
      case "WRITE":
      case "SET":
        write(path, parameter);
        return;
      case "WRITEDATA":
      case "SETDATA":
        withData(rest, write);
        return;
      case "WRITEUNTIL":
        withLines(rest, write);
        return;
      case "CHECKREAD":
        check(path, "read");
        return;
      case "CHECKWRITE":
        if (options.readOnly) answer(530, `Permission denied for '${path}'`);
        else check(path, "write");
        return;
      case "LLRPC":
        answer(
          530,
          `Permission denied for '${path}': LLRPCs are calls into kernel memory, which there is none of here`,
        );
        return;
      case "HELP":
        answer(200, help);
        return;
      case "QUIT":
      case "CLOSE":
        answer(200, "Goodbye!");
        closing = true;
        socket.end();
        return;
      default:
        answer(501, `Unimplemented command '${word.slice(0, 40)}'`);
    }
  };

  const refuse = (text: string): void => {
    answer(500, text);
    closing = true;
    buffered = "";
    socket.end();
  };

  const process_ = (): void => {
    while (!closing && !socket.isPaused()) {
      if (expecting.kind === "data") {
        if (buffered.length < expecting.length) return;
        const { take, length } = expecting;
        const data = buffered.slice(0, length);
        buffered = buffered.slice(length);
        expecting = { kind: "line" };
        take(data);
        continue;
      }
      const end = buffered.indexOf("\n");
      if (end < 0) {
        if (buffered.length > maximumLine) refuse(`A line of more than ${maximumLine} bytes`);
        return;
      }
      const line = buffered.slice(0, end).replace(/\r$/, "");
      buffered = buffered.slice(end + 1);
      if (expecting.kind === "line") command(line);
      else if (line.trim() === expecting.end) {
        const { take, lines } = expecting;
        expecting = { kind: "line" };
        take(lines.map((l) => `${l}\n`).join(""));
      } else {
        expecting.lines.push(line);
        expecting.size += line.length + 1;
        if (expecting.size > maximumData) refuse(`More than ${maximumData} bytes of data`);
      }
    }
  };

  socket.setEncoding("latin1");
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    buffered += chunk as unknown as string;
    process_();
  });
  socket.on("end", () => socket.end());
  send("Click::ControlSocket/1.3\r\n");
}

const codes = { NO_ELEMENT: 510, NO_HANDLER: 511, NOT_READABLE: 511, NOT_WRITABLE: 511, REFUSED: 520 } as const;

function checkHandler(target: ControlTarget, path: string, which: "read" | "write"): boolean {
  const finder = target as ControlTarget & {
    findHandler?(path: string): { read: unknown; write: unknown };
    find?(path: string): { read: unknown; write: unknown } | undefined;
  };
  const found = finder.findHandler?.(path) ?? finder.find?.(path);
  if (!found) throw new HandlerError("NO_HANDLER", `No handler named '${path}'`);
  if (!found[which])
    throw new HandlerError(
      which === "read" ? "NOT_READABLE" : "NOT_WRITABLE",
      `Handler '${path}' cannot be ${which === "read" ? "read" : "written"}`,
    );
  return true;
}

const help = `Commands supported:
READ handler [arg...]    call read handler, return result
READDATA handler len     call read handler with len bytes of data as argument
READUNTIL handler term   call read handler, take the argument from lines up to term
WRITE handler [arg...]   call write handler
WRITEDATA handler len    call write handler with len bytes of data
WRITEUNTIL handler term  call write handler, take the data from lines up to term
CHECKREAD handler        check whether handler can be read
CHECKWRITE handler       check whether handler can be written
LLRPC                    refused: there is no kernel here
HELP                     print this
QUIT                     close the connection`;
