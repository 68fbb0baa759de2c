/**
 * One client of the control protocol, version 1.3, without its socket: bytes in, answers out, as Click's ControlSocket gives
 * them.
 *
 * Commands are lines, ended by CR, LF or CRLF: READ, READDATA, READUNTIL, WRITE, WRITEDATA, WRITEUNTIL, CHECKREAD,
 * CHECKWRITE, LLRPC, HELP, QUIT. Answers are lines with a three-digit code; those of READ are followed by `DATA n`
 * and n bytes. Text holds one character a byte.
 *
 * The client is not trusted: see control-input.ts. A request is served by one `step`, so that whoever drives the session
 * decides when.
 */

import { type HandlerEntry, HandlerError, type HandlerReport, type HandlerTree } from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import { type Allowance, ControlInput, noRoom, tooMuch } from "./control-input.ts";

export type { Allowance } from "./control-input.ts";

/** What the protocol gives access to. */
export type ControlTarget = Pick<HandlerTree, "describe" | "read" | "write">;

/** Bytes of a read handler's parameter. */
export const maximumParameter: number = 64 << 10;
/** Bytes that are written to a handler. */
export const maximumValue: number = 1 << 20;
/** Bytes that are written to a handler which takes a whole configuration. */
export const maximumConfiguration: number = 16 << 20;

export interface SessionOptions {
  readonly readOnly?: boolean;
  /** An element whose handlers stand for all others. */
  readonly proxy?: string;
  /** Unlimited when absent. */
  readonly allowance?: Allowance;
}

/** The protocol's codes. */
const ok = 200;
const okWithWarnings = 220;
const syntaxError = 500;
const unimplemented = 501;
const noSuchElement = 510;
const noSuchHandler = 511;
const handlerError = 520;
const dataTooBig = 521;
const llrpcError = 522;
const permission = 530;
const unspecified = 590;

type Use = "read" | "write";

/** A handler as a command names it. */
interface Found {
  /** By its full name, for the router. */
  readonly path: string;
  readonly entry: HandlerEntry;
}

export class ControlSession {
  private readonly target: ControlTarget;
  private readonly send: (text: string) => void;
  private readOnly: boolean;
  private proxy: string | undefined;
  private readonly input: ControlInput;
  private closing = false;

  /** `send` gets what goes to the client, the greeting first. */
  constructor(target: ControlTarget, send: (text: string) => void, options: SessionOptions = {}) {
    this.target = target;
    this.send = send;
    this.readOnly = options.readOnly ?? false;
    this.proxy = options.proxy;
    this.input = new ControlInput(
      {
        line: (text) => this.command(text),
        ended: () => this.answer(syntaxError, "Not enough data"),
        refuse: (why) => this.refuse(why),
      },
      options.allowance,
    );
    send("Click::ControlSocket/1.3\r\n");
  }

  /** From here on these options hold. */
  configure({ readOnly = false, proxy }: Pick<SessionOptions, "readOnly" | "proxy">): void {
    this.readOnly = readOnly;
    this.proxy = proxy;
  }

  /** Whether the conversation is over: what the client sends after that is not looked at. */
  get ended(): boolean {
    return this.closing;
  }

  /** Bytes that were received and not looked at yet. */
  get backlog(): number {
    return this.closing ? 0 : this.input.backlog;
  }

  /** Whether a request has begun and its end has not come. */
  get unfinished(): boolean {
    return this.input.unfinished;
  }

  /** Takes what the client sent; `step` serves it. */
  receive(text: string): void {
    if (!this.closing) this.input.receive(text);
  }

  /** The client will send no more: its last line needs no end. `step` serves it. */
  end(): void {
    this.input.end();
  }

  /** Serves one request, if one is complete. Whether it did, and there may be another. */
  step(): boolean {
    while (this.backlog > 0) if (this.input.advance()) return true;
    return false;
  }

  /** Ends the conversation, and gives back what it held. */
  close(): void {
    this.closing = true;
    this.input.clear();
  }

  private refuse(text: string): void {
    this.answer(syntaxError, text);
    this.close();
  }

  /** Answers with lines; all but the last say that there are more. */
  private answer(code: number, ...lines: readonly string[]): void {
    this.send(lines.map((line, i) => `${code}${i < lines.length - 1 ? "-" : " "}${printable(line)}\r\n`).join(""));
  }

  /** The answer of a handler that has something to say. */
  private report(code: number, what: string, lines: readonly string[]): void {
    if (lines.length === 0) this.answer(code, what);
    else this.answer(code, `${what}:`, ...lines);
  }

  /** Finds a handler; where there is none the client is told. */
  private find(name: string): Found | undefined {
    // Those of the router have no element, or number 0.
    const canonical = name.replace(/^0?\./, "");
    if (this.proxy !== undefined)
      return this.describe(`${this.proxy}.${canonical}`, `No proxied handler named '${name}'`);
    const dot = canonical.indexOf(".");
    const missing = `No handler named '${name}'`;
    if (dot < 0) return this.describe(canonical, missing);
    const element = this.elementOf(canonical.slice(0, dot));
    return this.describe(`${element}${canonical.slice(dot)}`, missing);
  }

  /** An element may be given by its place in the list, counted from 1. */
  private elementOf(name: string): string {
    const place = readCount(name) ?? 0;
    if (place === 0) return name;
    try {
      this.target.describe(`${name}.name`);
      return name;
    } catch (e) {
      if (!(e instanceof HandlerError)) throw e;
      return this.target.read("list").split("\n")[place] || name;
    }
  }

  private describe(path: string, missing: string): Found | undefined {
    try {
      const entry = this.target.describe(path);
      if (!entry.hidden) return { path, entry };
    } catch (e) {
      if (!(e instanceof HandlerError)) throw e;
      if (e.code === "NO_ELEMENT") {
        this.answer(noSuchElement, `No element named '${path.slice(0, path.indexOf("."))}'`);
        return undefined;
      }
    }
    this.answer(noSuchHandler, missing);
    return undefined;
  }

  private read(name: string, parameter: string): void {
    const found = this.find(name);
    if (!found) return;
    if (found.entry.access === "w") {
      this.answer(permission, `Handler '${name}' write-only`);
      return;
    }
    const said = new Messages();
    const value = said.of(() => this.target.read(found.path, parameter, said)) ?? "";
    if (said.errors > 0) {
      this.report(unspecified, `Read handler '${name}' error`, said.lines);
      return;
    }
    this.answer(ok, `Read handler '${name}' OK`);
    this.send(`DATA ${value.length}\r\n${value}`);
  }

  /** Whether a handler may be written; where it may not the client is told. */
  private writable(name: string): Found | undefined {
    const found = this.find(name);
    if (!found) return undefined;
    if (found.entry.access === "r") this.answer(permission, `Handler '${name}' read-only`);
    else if (this.readOnly) this.answer(permission, `Permission denied for '${name}'`);
    else return found;
    return undefined;
  }

  private write(name: string, value: string | undefined): void {
    const found = this.writable(name);
    if (!found) return;
    if (value === undefined) {
      this.answer(dataTooBig, `Data too large for write handler '${name}'`);
      return;
    }
    const said = new Messages();
    said.of(() => this.target.write(found.path, value, said));
    if (said.errors > 0 || said.status < 0) this.report(handlerError, `Write handler '${name}' error`, said.lines);
    else if (said.warnings > 0) this.report(okWithWarnings, `Write handler '${name}' OK with warnings`, said.lines);
    else this.report(ok, `Write handler '${name}' OK`, said.lines);
  }

  private check(name: string, use: Use): void {
    const found = this.find(name);
    if (!found) return;
    if (!found.entry.access.includes(use === "read" ? "r" : "w"))
      this.answer(noSuchHandler, `Handler '${name}' not ${use === "read" ? "readable" : "writable"}`);
    else if (use === "write" && this.readOnly) this.answer(permission, `Permission denied for '${name}'`);
    else this.answer(ok, `${use === "read" ? "Read" : "Write"} handler '${name}' OK`);
  }

  private use(name: string, use: Use, data: string | undefined): void {
    if (use === "write") this.write(name, data);
    else if (data === undefined) this.answer(syntaxError, tooMuch(maximumParameter));
    else this.read(name, data);
  }

  /** `COMMAND handler LENGTH`, then that many bytes. */
  private withData(name: string, length: number, use: Use): void {
    const wanted = {
      limit: limitOf(name, use),
      skipped: use === "write" && this.readOnly,
      take: (data: string | undefined) => this.use(name, use, data),
    };
    if (!this.input.expectData(length, wanted)) this.answer(syntaxError, noRoom);
  }

  /** `LLRPC element#number [LENGTH]`, then that many bytes; no element here has calls of its own. */
  private llrpc(name: string): void {
    const [element, number] = [name.split("#", 1)[0] ?? "", name.slice(name.split("#", 1)[0]?.length)];
    if (!/^#[+-]?(?:0[xX])?[0-9a-fA-F]{1,8}$/.test(number)) {
      this.answer(syntaxError, `Syntax error in LLRPC name '${name}'`);
      return;
    }
    if (!this.find(`${element}.name`)) return;
    const call = Number.parseInt(number.slice(1), 16) >>> 0;
    const size = (call >>> 16) & 0xfff;
    if (size === 0 || (call & (callTakes | callGives)) === 0 || (call & callIsFlat) === 0)
      this.answer(unimplemented, `Cannot call LLRPC '${name}' remotely`);
    else if (this.readOnly) this.answer(permission, `Permission denied for '${name}'`);
    else this.answer(llrpcError, `LLRPC '${name}' error: Invalid argument`);
  }

  /** Serves a command, or notes what it still waits for. */
  private command(text: string): void {
    const words = text.split(whiteSpace).filter((word) => word !== "");
    const [word = "", name = ""] = words;
    // What stands behind the handler, spaces and all, is one argument.
    const rest = takeWord(takeWord(text)[1])[1].replace(/[\s]+$/, "");
    const command = word.replace(/[a-z]/g, (letter) => letter.toUpperCase());
    const use = command.includes("READ") || command === "GET" ? "read" : "write";
    const arguments_ = (least: number, most = Number.POSITIVE_INFINITY): boolean => {
      if (words.length > least && words.length <= most + 1) return true;
      this.answer(syntaxError, "Wrong number of arguments");
      return false;
    };
    switch (command) {
      case "":
        break;
      case "READ":
      case "GET":
      case "WRITE":
      case "SET":
        if (arguments_(1)) this.use(name, use, rest);
        break;
      case "READDATA":
      case "WRITEDATA":
      case "SETDATA": {
        if (!arguments_(2, 2)) break;
        const length = readCount(words[2] as string);
        // The native answer, which names no command and says that there is more.
        if (length === undefined) this.send(`${syntaxError}-Syntax error in '%s'\r\n`);
        else this.withData(name, length, use);
        break;
      }
      case "READUNTIL":
      case "WRITEUNTIL":
        if (arguments_(1))
          this.input.expectLines(rest, {
            limit: limitOf(name, use),
            skipped: use === "write" && this.readOnly,
            take: (data) => this.use(name, use, data),
          });
        break;
      case "CHECKREAD":
      case "CHECKWRITE":
        if (arguments_(1, 1)) this.check(name, use);
        break;
      case "LLRPC": {
        if (!arguments_(1, 2)) break;
        const length = readCount(words[2] ?? "0");
        if (length === undefined) this.answer(syntaxError, "Syntax error in 'llrpc'");
        else this.input.expectData(length, { limit: 0, skipped: true, take: () => this.llrpc(name) });
        break;
      }
      case "HELP":
        this.answer(ok, ...help);
        break;
      case "QUIT":
      case "CLOSE":
        if (words.length > 1) this.answer(syntaxError, "Bad command syntax");
        this.answer(ok, "Goodbye!");
        this.close();
        break;
      case "POST":
      case "HOST:":
        // A page in a browser can make it send a request here, whose body would be commands.
        this.refuse("This is not HTTP");
        break;
      default:
        this.answer(unimplemented, `Command '${command.slice(0, longestCommand)}' unimplemented`);
    }
  }
}

const longestCommand = 4096;
const whiteSpace = /[ \t\n\v\f\r]+/;

/** Bits of a call's number. */
const callTakes = 0x80000000;
const callGives = 0x40000000;
const callIsFlat = 0x4000;

function limitOf(name: string, use: Use): number {
  if (use === "read") return maximumParameter;
  return /(?:^|\.)(?:hot)?config$/.test(name) ? maximumConfiguration : maximumValue;
}

/** A number that is not negative, in any form that Click takes for an integer. */
function readCount(text: string): number | undefined {
  if (!/^\+?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)$/.test(text)) return undefined;
  const length = Number(text.replace(/^\+/, "").replace(/^0(?=[0-7])/, "0o"));
  return length <= 0x7fffffff ? length : undefined;
}

/** What a handler has to say, by lines. */
class Messages implements HandlerReport {
  readonly lines: string[] = [];
  errors = 0;
  warnings = 0;
  status = 0;

  error(message: string): void {
    this.errors++;
    this.add(message);
  }
  warn(message: string): void {
    this.warnings++;
    this.add(`warning: ${message}`);
  }
  tell(text: string, kind: "note" | "warning"): void {
    if (kind === "warning") this.warnings++;
    this.add(text);
  }
  /** What it says by failing, too. */
  of<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (e) {
      this.error(e instanceof HandlerError ? e.reason : ((e as Error).message ?? String(e)));
      return undefined;
    }
  }
  private add(message: string): void {
    this.lines.push(...message.replace(/\n+$/, "").split("\n"));
  }
}

/** Control characters as `^A`, bytes beyond ASCII as `\ooo`. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, (c) => {
    const code = c.charCodeAt(0) & 0xff;
    return code < 32 ? `^${String.fromCharCode(code + 64)}` : `\\${code.toString(8).padStart(3, "0")}`;
  });
}

const help = [
  "Commands supported:",
  "READ handler [arg...]   call read handler, return DATA",
  "READDATA handler len    call read handler with len data bytes, return DATA",
  "READUNTIL handler term  call read handler, take data until term, return DATA",
  "WRITE handler [arg...]  call write handler",
  "WRITEDATA handler len   call write handler, pass len data bytes",
  "WRITEUNTIL handler term call write handler, take data until term",
  "CHECKREAD handler       check if read handler is valid",
  "CHECKWRITE handler      check if write handler is valid",
  "LLRPC elt#number [len]  call LLRPC, pass len data bytes, return DATA",
  "QUIT                    close connection",
];
