/** A client of the control protocol: reads and writes another router's handlers. */
import { connect, type Socket } from "node:net";
import type { ControlAddress } from "./control-server.ts";
import { unixPathProblem } from "./unix-path.ts";

/** What the router answered when it would not. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code = "CONTROL_ERROR";
  /** The protocol's code, such as 510 for an element that is not there; 0 when the connection failed. */
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface ControlClient {
  /** Reads a handler. @throws {ControlError} */
  read(path: string, parameter?: string): Promise<string>;
  /** Writes a handler; any text. @throws {ControlError} */
  write(path: string, value?: string): Promise<void>;
  /** Whether a handler can be read or written. */
  check(path: string, which: "read" | "write"): Promise<boolean>;
  close(): void;
}

/** Characters of a `DATA` line, and of an answer before it. */
const longestHeader = 40;
const longestAnswer = 1 << 20;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly data: string;
}

/** Connects to a control socket. Requests may be made at once; they are answered in order. @throws {ControlError} */
export async function connectControl(where: ControlAddress): Promise<ControlClient> {
  const problem = "path" in where ? unixPathProblem(where.path) : undefined;
  if (problem !== undefined) throw new ControlError(0, problem);
  const socket: Socket =
    "path" in where ? connect({ path: where.path }) : connect(where.port, where.host ?? "127.0.0.1");
  socket.setEncoding("latin1");
  let buffered = "";
  /** What came since, and the length of both that the answer under way needs at least. */
  let more: string[] = [];
  let moreLength = 0;
  let needed = 0;
  let failure: ControlError | undefined;
  const waiting: { withData: boolean; resolve(a: Answer): void; reject(e: ControlError): void }[] = [];
  let greet: { resolve(): void; reject(e: ControlError): void } | undefined;

  const fail = (message: string): void => {
    failure ??= new ControlError(0, message);
    greet?.reject(failure);
    for (const w of waiting.splice(0)) w.reject(failure);
    socket.destroy();
  };
  /** Takes one whole answer off the front, if it is there. */
  const take = (): boolean => {
    if (greet) {
      const end = buffered.indexOf("\n");
      if (end < 0) return false;
      const line = buffered.slice(0, end).trim();
      buffered = buffered.slice(end + 1);
      if (!line.startsWith("Click::ControlSocket/")) fail(`not a control socket: it says '${line.slice(0, 60)}'`);
      else greet.resolve();
      greet = undefined;
      return true;
    }
    const request = waiting[0];
    if (!request) return false;
    const lines: string[] = [];
    let at = 0;
    for (;;) {
      const end = buffered.indexOf("\n", at);
      if (end < 0) return false;
      const line = buffered.slice(at, end).replace(/\r$/, "");
      at = end + 1;
      lines.push(line.slice(4));
      if (!/^\d{3}[ -]/.test(line)) {
        fail(`not an answer: '${line.slice(0, 60)}'`);
        return false;
      }
      if (line[3] !== "-") {
        const status = Number(line.slice(0, 3));
        let data = "";
        if (request.withData && status < 300) {
          const header = /^DATA (\d+)\r?\n/.exec(buffered.slice(at, at + longestHeader));
          if (!header) {
            if (buffered.length >= at + longestHeader)
              fail(`not an answer: '${buffered.slice(at, at + longestHeader)}'`);
            return false;
          }
          const from = at + header[0].length;
          const to = from + Number(header[1]);
          if (buffered.length < to) {
            needed = to;
            return false;
          }
          data = buffered.slice(from, to);
          at = to;
        }
        buffered = buffered.slice(at);
        waiting.shift();
        request.resolve({ status, text: lines.join("\n"), data });
        return true;
      }
    }
  };
  socket.on("data", (chunk) => {
    more.push(chunk as unknown as string);
    moreLength += chunk.length;
    if (buffered.length + moreLength < needed) return;
    buffered += more.join("");
    more = [];
    moreLength = 0;
    needed = 0;
    while (take());
    if (needed === 0 && buffered.length > longestAnswer) fail("an answer without an end");
  });
  socket.on("error", (e) => fail(e.message));
  socket.on("close", () => fail("the connection is closed"));

  const ask = async (text: string, withData: boolean): Promise<Answer> => {
    if (failure) throw failure;
    const answer = new Promise<Answer>((resolve, reject) => waiting.push({ withData, resolve, reject }));
    socket.write(text, "latin1");
    const a = await answer;
    if (a.status >= 300) throw new ControlError(a.status, a.text);
    return a;
  };
  await new Promise<void>((resolve, reject) => {
    greet = { resolve, reject };
  });
  const checked = (path: string): string => {
    if (!/^[^\s]+$/.test(path)) throw new ControlError(0, `'${path}' is not a handler's path`);
    return path;
  };
  return {
    async read(path, parameter = "") {
      return (await ask(`READDATA ${checked(path)} ${parameter.length}\r\n${parameter}`, true)).data;
    },
    async write(path, value = "") {
      await ask(`WRITEDATA ${checked(path)} ${value.length}\r\n${value}`, false);
    },
    async check(path, which) {
      try {
        await ask(`CHECK${which.toUpperCase()} ${checked(path)}\r\n`, false);
        return true;
      } catch (e) {
        if (e instanceof ControlError && e.status > 0) return false;
        throw e;
      }
    },
    close: () => socket.destroy(),
  };
}
