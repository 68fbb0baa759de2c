/**
 * One client of the control protocol, version 1.3, without its socket: bytes in, answers out.
 *
 * Commands are lines, ended by CR, LF or CRLF: READ, READDATA, READUNTIL, WRITE, WRITEDATA, WRITEUNTIL, CHECKREAD,
 * CHECKWRITE, LLRPC, HELP, QUIT. Answers are lines with a three-digit code; those of READ are followed by `DATA n`
 * and n bytes. Text holds one character a byte.
 *
 * The client is not trusted. Every byte is looked at once however the stream is cut; a request is served by one
 * `step`, so that whoever drives the session decides when; what a request may hold is bounded, and what is kept of
 * unfinished ones is taken from an allowance that all sessions share.
 */

import { HandlerError, type HandlerErrorCode, type HandlerTree } from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";

/** What the protocol gives access to: of a router, or of an element's view of one. */
export type ControlTarget = Pick<HandlerTree, "describe" | "read" | "write">;

/** Bytes of a line. */
export const maximumLine: number = 64 << 10;
/** Bytes of a read handler's parameter. */
export const maximumParameter: number = 64 << 10;
/** Bytes that are written to a handler. */
export const maximumValue: number = 1 << 20;
/** Bytes that are written to a handler which takes a whole configuration. */
export const maximumConfiguration: number = 16 << 20;

/** Bytes that unfinished requests of all sessions may hold. */
export interface Allowance {
  /** Takes so many bytes, if they are left. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export interface SessionOptions {
  readonly readOnly?: boolean;
  /** Unlimited when absent. */
  readonly allowance?: Allowance;
}

/** Taken from the allowance at once where the length of the data is not known. */
const allowanceStep = 64 << 10;

/** Pieces are put together so many at a time: one-byte pieces would take eight times their bytes each. */
const pieces = 256;

/** Text that comes in pieces. */
class Gathered {
  private readonly whole: string[] = [];
  private loose: string[] = [];
  length = 0;

  add(text: string): void {
    if (text === "") return;
    this.length += text.length;
    this.loose.push(text);
    if (this.loose.length < pieces) return;
    this.whole.push(this.loose.join(""));
    this.loose = [];
  }

  text(): string {
    return this.whole.join("") + this.loose.join("");
  }
}

/** What the client's next bytes are. */
type Expecting =
  | { readonly kind: "line" }
  | { readonly kind: "skip"; left: number }
  | { readonly kind: "data"; left: number; readonly data: Gathered; take(data: string): void }
  | {
      readonly kind: "until";
      readonly end: string;
      readonly limit: number;
      readonly data: Gathered;
      take(data: string): void;
    };

const noRoom = "Other clients' data takes all the room there is: try again later";
const tooMuch = (limit: number): string => `More than ${limit} bytes of data`;

const line: Expecting = { kind: "line" };

export class ControlSession {
  private readonly target: ControlTarget;
  private readonly send: (text: string) => void;
  private readonly readOnly: boolean;
  private readonly allowance: Allowance | undefined;
  private chunks: string[] = [];
  /** Index of the chunk that is being read, and how much of it is used up. */
  private first = 0;
  private used = 0;
  /** Characters in `chunks` that are not used up. */
  private waiting = 0;
  /** What has come of the line that is being read. */
  private partial = new Gathered();
  /** A CR ended the last line: a LF that follows belongs to it. */
  private afterReturn = false;
  private expecting: Expecting = line;
  private reserved = 0;
  private closing = false;

  /** `send` gets what goes to the client, the greeting first. */
  constructor(target: ControlTarget, send: (text: string) => void, options: SessionOptions = {}) {
    this.target = target;
    this.send = send;
    this.readOnly = options.readOnly ?? false;
    this.allowance = options.allowance;
    send("Click::ControlSocket/1.3\r\n");
  }

  /** Whether the conversation is over: what the client sends after that is not looked at. */
  get ended(): boolean {
    return this.closing;
  }

  /** Bytes that were received and not looked at yet. */
  get backlog(): number {
    return this.waiting;
  }

  /** Whether a request has begun and its end has not come. */
  get unfinished(): boolean {
    return this.expecting !== line || this.partial.length > 0;
  }

  /** Takes what the client sent; `step` serves it. */
  receive(text: string): void {
    if (this.closing || text === "") return;
    this.chunks.push(text);
    this.waiting += text.length;
  }

  /** Serves one request, if one is complete. Whether it did, and there may be another. */
  step(): boolean {
    while (this.waiting > 0 && !this.closing) if (this.advance()) return true;
    return false;
  }

  /** Ends the conversation, and gives back what it held. */
  close(): void {
    this.closing = true;
    this.chunks = [];
    this.waiting = 0;
    this.partial = new Gathered();
    this.finish();
  }

  /** Uses up a part of the first chunk; whether a request was served. */
  private advance(): boolean {
    const chunk = this.chunks[this.first] as string;
    if (this.afterReturn) {
      this.afterReturn = false;
      if (chunk[this.used] === "\n") {
        this.consume(1);
        return false;
      }
    }
    const { expecting } = this;
    if (expecting.kind === "skip" || expecting.kind === "data") {
      const n = Math.min(expecting.left, chunk.length - this.used);
      const part = this.consume(n);
      expecting.left -= n;
      if (expecting.kind === "data") expecting.data.add(part);
      if (expecting.left > 0) return false;
      return this.complete(expecting);
    }
    let end = this.used;
    while (end < chunk.length && chunk.charCodeAt(end) !== 10 && chunk.charCodeAt(end) !== 13) end++;
    const ended = end < chunk.length;
    const text = this.consume(end - this.used);
    const limit = expecting.kind === "line" ? maximumLine : expecting.limit;
    this.partial.add(text);
    if (this.partial.length > limit) {
      this.refuse(500, expecting.kind === "line" ? `A line of more than ${limit} bytes` : tooMuch(limit));
      return true;
    }
    if (!ended) return expecting.kind === "until" && !this.reserve(expecting.data.length + this.partial.length);
    this.afterReturn = this.consume(1) === "\r";
    const whole = this.partial.text();
    this.partial = new Gathered();
    if (expecting.kind === "line") return this.command(whole);
    if (whole.trimEnd() === expecting.end) return this.complete(expecting);
    expecting.data.add(`${whole}\n`);
    if (expecting.data.length <= expecting.limit) return !this.reserve(expecting.data.length);
    this.refuse(500, tooMuch(expecting.limit));
    return true;
  }

  private consume(n: number): string {
    const chunk = this.chunks[this.first] as string;
    const text = chunk.slice(this.used, this.used + n);
    this.used += n;
    this.waiting -= n;
    if (this.used === chunk.length) {
      this.used = 0;
      this.first++;
    }
    if (this.waiting === 0) {
      this.chunks = [];
      this.first = 0;
    }
    return text;
  }

  private complete(expecting: Exclude<Expecting, { kind: "line" }>): true {
    this.finish();
    if (expecting.kind !== "skip") expecting.take(expecting.data.text());
    return true;
  }

  private finish(): void {
    this.expecting = line;
    if (this.reserved > 0) this.allowance?.give(this.reserved);
    this.reserved = 0;
  }

  /** Has the allowance hold so many bytes for this session; ends the conversation where they are not left. */
  private reserve(bytes: number): boolean {
    if (this.takeAllowance(bytes)) return true;
    this.refuse(500, noRoom);
    return false;
  }

  private takeAllowance(bytes: number): boolean {
    if (!this.allowance || bytes <= this.reserved) return true;
    const wanted = Math.ceil((bytes - this.reserved) / allowanceStep) * allowanceStep;
    if (!this.allowance.take(wanted)) return false;
    this.reserved += wanted;
    return true;
  }

  private refuse(code: number, text: string): void {
    this.answer(code, text);
    this.close();
  }

  private answer(code: number, text: string): void {
    const lines = text.split("\n");
    while (lines.length > 1 && lines.at(-1) === "") lines.pop();
    this.send(
      lines
        .map((l, i) => `${code}${i < lines.length - 1 ? "-" : " "}${l.endsWith("\r") ? l.slice(0, -1) : l}\r\n`)
        .join(""),
    );
  }

  private attempt(run: () => void): void {
    try {
      run();
    } catch (e) {
      if (e instanceof HandlerError) this.answer(codes[e.code], e.message);
      else this.answer(520, (e as Error).message ?? String(e));
    }
  }

  private readonly read = (path: string, parameter: string): void =>
    this.attempt(() => {
      const value = this.target.read(path, parameter);
      this.answer(200, `Read handler '${path}' OK`);
      this.send(`DATA ${value.length}\r\n${value}`);
    });

  private readonly write = (path: string, value: string): void =>
    this.attempt(() => {
      this.target.write(path, value);
      this.answer(200, `Write handler '${path}' OK`);
    });

  private check(path: string, which: "read" | "write"): void {
    this.attempt(() => {
      checkHandler(this.target, path, which);
      this.answer(200, `${which === "read" ? "Read" : "Write"} handler '${path}' OK`);
    });
  }

  /** `COMMAND path LENGTH`, then that many bytes. Data that is refused is passed over, so that what follows is in step. */
  private withData(rest: string, reads: boolean): void {
    const [path, length] = takeWord(rest);
    const n = /^\d{1,10}$/.test(length) ? Number(length) : -1;
    if (path === "" || n < 0) {
      this.answer(500, "Expected a handler and a length");
      return;
    }
    const limit = limitOf(path, reads);
    if (n > limit) this.answer(500, tooMuch(limit));
    else if (!reads && this.readOnly) this.answer(530, `Permission denied for '${path}'`);
    else if (!this.takeAllowance(n)) this.answer(500, noRoom);
    else {
      const take = reads ? this.read : this.write;
      this.expecting = { kind: "data", left: n, data: new Gathered(), take: (data) => take(path, data) };
      if (n === 0) this.complete(this.expecting);
      return;
    }
    if (n > 0) this.expecting = { kind: "skip", left: n };
  }

  /** `COMMAND path TERMINATOR`, then lines up to one that is the terminator. */
  private withLines(rest: string, reads: boolean): void {
    const [path, end] = takeWord(rest);
    if (path === "") {
      this.answer(500, "Expected a handler and a terminator");
      return;
    }
    if (!reads && this.readOnly) {
      // Where its data ends is not known without keeping a line of it.
      this.refuse(530, `Permission denied for '${path}'`);
      return;
    }
    const take = reads ? this.read : this.write;
    this.expecting = {
      kind: "until",
      end: end.trimEnd(),
      limit: limitOf(path, reads),
      data: new Gathered(),
      take: (data) => take(path, data),
    };
  }

  /** Serves a command, or notes what it still waits for; whether a request was served. */
  private command(text: string): true {
    const [word, rest] = takeWord(text);
    const [path, parameter] = takeWord(rest);
    const name = word.toUpperCase();
    if (["READ", "GET", "WRITE", "SET", "CHECKREAD", "CHECKWRITE"].includes(name) && path === "") {
      this.answer(500, `Wrong number of arguments: ${name} takes a handler`);
      return true;
    }
    switch (name) {
      case "":
        break;
      case "READ":
      case "GET":
        this.read(path, parameter);
        break;
      case "READDATA":
        this.withData(rest, true);
        break;
      case "READUNTIL":
        this.withLines(rest, true);
        break;
      case "WRITE":
      case "SET":
        if (this.readOnly) this.answer(530, `Permission denied for '${path}'`);
        else this.write(path, parameter);
        break;
      case "WRITEDATA":
      case "SETDATA":
        this.withData(rest, false);
        break;
      case "WRITEUNTIL":
        this.withLines(rest, false);
        break;
      case "CHECKREAD":
        this.check(path, "read");
        break;
      case "CHECKWRITE":
        if (this.readOnly) this.answer(530, `Permission denied for '${path}'`);
        else this.check(path, "write");
        break;
      case "LLRPC":
        this.answer(
          530,
          `Permission denied for '${path}': LLRPCs are calls into kernel memory, which there is none of here`,
        );
        break;
      case "HELP":
        this.answer(200, help);
        break;
      case "QUIT":
      case "CLOSE":
        this.answer(200, "Goodbye!");
        this.close();
        break;
      case "POST":
      case "HOST:":
        // A page in a browser can make it send a request here, whose body would be commands.
        this.refuse(500, "This is not HTTP");
        break;
      default:
        this.answer(501, `Unimplemented command '${word.slice(0, 40)}'`);
    }
    return true;
  }
}

function limitOf(path: string, reads: boolean): number {
  if (reads) return maximumParameter;
  return /(?:^|\.)(?:hot)?config$/.test(path) ? maximumConfiguration : maximumValue;
}

const codes: Readonly<Record<HandlerErrorCode, number>> = {
  NO_ELEMENT: 510,
  NO_HANDLER: 511,
  NOT_READABLE: 511,
  NOT_WRITABLE: 511,
  REFUSED: 520,
  OTHER_LIBRARY: 520,
};

function checkHandler(target: ControlTarget, path: string, which: "read" | "write"): void {
  const { access } = target.describe(path);
  if (!access.includes(which === "read" ? "r" : "w"))
    throw new HandlerError(
      which === "read" ? "NOT_READABLE" : "NOT_WRITABLE",
      `Handler '${path}' cannot be ${which === "read" ? "read" : "written"}`,
    );
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
