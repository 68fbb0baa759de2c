/**
 * The script machine: runs the instructions of Script and DriverManager. Waits are returned to whoever drives it;
 * nothing here blocks.
 */
import { arg, expand, HandlerError, type ServiceHost, splitWords, takeWord, unquote } from "@clickos/click-core";
import { readValue } from "../lib/handlers.ts";
import { builtinLabels, type Instruction, type ScriptType } from "./instructions.ts";

/** Jumps in one run, after which a script is taken to hang. */
const maximumJumps = 1_000_000;

export interface ScriptOptions {
  readonly name: string;
  readonly className: string;
  readonly type: ScriptType;
  readonly instructions: readonly Instruction[];
  readonly host: ServiceHost;
}

export class ScriptMachine {
  private readonly options: ScriptOptions;
  private readonly host: ServiceHost;
  private readonly labels = new Map<string, number>();
  readonly variables: Map<string, string> = new Map();
  private position = 0;
  private waiting: { steps: number } | { time: true } | undefined;
  private cancelTimer: (() => void) | undefined;
  private running = false;
  private result = "";
  private parameters: ReadonlyMap<string, string> = new Map();
  private closed = false;

  constructor(options: ScriptOptions) {
    this.options = options;
    this.host = options.host;
    options.instructions.forEach((s, i) => {
      if (s.operation === "label") this.labels.set(s.argument, i);
      if (s.operation === "init" || s.operation === "initq") this.assign(s, s.operation === "initq");
    });
  }

  /** Whether there is nothing left to run. */
  get finished(): boolean {
    return this.position >= this.options.instructions.length && this.waiting === undefined;
  }

  /** Runs from where it stands until it waits or ends. */
  run(): void {
    if (this.running || this.closed) return;
    this.running = true;
    let jumps = 0;
    try {
      while (this.waiting === undefined && this.position < this.options.instructions.length) {
        const before = this.position;
        this.execute(this.options.instructions[this.position++] as Instruction);
        if (this.position <= before && ++jumps >= maximumJumps) {
          this.complain("too many jumps, giving up");
          this.position = this.options.instructions.length;
        }
      }
    } finally {
      this.running = false;
    }
  }

  /** Runs all of a passive script with arguments; its result is what it returned. */
  call(parameters: ReadonlyMap<string, string>): string {
    if (this.running) {
      this.complain("the script is called while it runs");
      return "";
    }
    this.parameters = parameters;
    this.result = "";
    this.position = 0;
    this.waiting = undefined;
    this.run();
    this.parameters = new Map();
    return this.result;
  }

  /** One step: what `wait_step` waits for. Whether the script took it. */
  step(): boolean {
    if (this.waiting === undefined || !("steps" in this.waiting)) return false;
    if (--this.waiting.steps <= 0) {
      this.waiting = undefined;
      this.run();
    }
    return true;
  }

  /** Goes to a label and runs from there. */
  jump(label: string): void {
    this.stopWaiting();
    this.goto(label);
    this.run();
  }

  close(): void {
    this.closed = true;
    this.stopWaiting();
  }

  private stopWaiting(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.waiting = undefined;
  }

  private goto(label: string): void {
    const at = this.labels.get(label);
    if (at !== undefined) this.position = at;
    else if (label === "begin" || label === "start" || label === "loop") this.position = 0;
    else if (label === "stop") this.stop();
    else if (builtinLabels.has(label)) this.end();
    else this.complain(`there is no label '${label}'`);
  }

  private end(): void {
    this.position = this.options.instructions.length;
  }

  private stop(): void {
    this.end();
    this.host.stop();
  }

  private execute({ operation, argument }: Instruction): void {
    try {
      this.perform(operation, argument);
    } catch (e) {
      if (e instanceof HandlerError || typeof e === "string") this.complain(typeof e === "string" ? e : e.message);
      else throw e;
    }
  }

  private perform(operation: string, argument: string): void {
    switch (operation) {
      case "set":
      case "setq":
        this.assign({ operation, argument }, operation === "setq");
        return;
      case "init":
      case "initq":
      case "label":
        return;
      case "print":
      case "printn":
      case "printq":
      case "printnq":
        this.print(argument, !operation.startsWith("printn"));
        return;
      case "read":
      case "readq":
        this.read(this.expand(argument), operation === "readq");
        return;
      case "write":
      case "writeq": {
        const [path, value] = takeWord(this.expand(argument));
        this.host.handlers.write(this.resolve(path), operation === "writeq" ? unquote(value) : value);
        return;
      }
      case "save":
      case "append":
        this.save(this.expand(argument), operation === "append");
        return;
      case "goto": {
        const [label, condition] = takeWord(this.expand(argument));
        if (condition === "" || readValue(arg.bool, unquote(condition))) this.goto(label);
        return;
      }
      case "loop":
        this.position = 0;
        return;
      case "return":
      case "returnq": {
        const value = this.expand(argument);
        this.result = operation === "returnq" ? unquote(value) : value;
        this.end();
        return;
      }
      case "wait":
        if (argument === "") this.waitSteps("1");
        else this.waitTime(argument);
        return;
      case "wait_time":
        this.waitTime(argument);
        return;
      case "wait_step":
        this.waitSteps(this.expand(argument) || "1");
        return;
      case "stop":
        this.stop();
        return;
      case "end":
      case "exit":
        this.end();
        if (this.options.type === "DRIVER") this.host.stop();
        return;
      case "error":
      case "errorq":
        this.complain(unquote(this.expand(argument)));
        this.end();
        if (this.options.type === "DRIVER") this.host.stop();
        return;
      default:
        throw `'${operation}' is not an instruction`;
    }
  }

  private assign({ argument }: { operation: string; argument: string }, quoted: boolean): void {
    const [name, rest] = takeWord(argument);
    const value = this.expand(rest);
    this.variables.set(name.replace(/^\$\{?|\}$/g, ""), quoted ? unquote(value) : value);
  }

  private waitTime(argument: string): void {
    const delay = readValue(arg.time, this.expand(argument));
    if (!this.mayWait()) return;
    this.waiting = { time: true };
    this.cancelTimer = this.host.at(this.host.now() + delay, () => {
      this.waiting = undefined;
      this.cancelTimer = undefined;
      this.run();
      if (this.options.type === "DRIVER" && this.finished) this.host.stop();
    });
  }

  private waitSteps(argument: string): void {
    const steps = readValue(arg.u32, argument);
    if (steps > 0 && this.mayWait()) this.waiting = { steps };
  }

  private mayWait(): boolean {
    const may = this.options.type === "ACTIVE" || this.options.type === "DRIVER" || this.options.type === "SIGNAL";
    if (!may) this.complain(`a script of TYPE ${this.options.type} cannot wait`);
    return may;
  }

  /** `print [>FILE | >>FILE] TEXT`; text that begins with a letter is a handler to read. */
  private print(argument: string, newline: boolean): void {
    let text = argument;
    let file: string | undefined;
    let append = false;
    const redirect = /^(>>?)\s*/.exec(text);
    if (redirect) {
      const [name, rest] = takeWord(text.slice(redirect[0].length));
      file = unquote(this.expand(name));
      append = redirect[1] === ">>";
      text = rest;
    }
    let value = /^[A-Za-z@_]/.test(text) ? this.readCall(this.expand(text)) : unquote(this.expand(text));
    if (newline && !value.endsWith("\n")) value += "\n";
    this.put(value, file, append);
  }

  private put(text: string, file: string | undefined, append: boolean): void {
    if (file === undefined || file === "-") {
      this.host.output(text);
      return;
    }
    if (!this.host.files) throw `${file}: files are not available here`;
    try {
      this.host.files.write(file, text, append);
    } catch (e) {
      throw `${file}: ${(e as Error).message}`;
    }
  }

  private read(text: string, quoted: boolean): void {
    const [path, parameter] = takeWord(text);
    const name = this.resolve(path);
    const value = this.host.handlers.read(name, quoted ? unquote(parameter) : parameter);
    const shown = this.host.handlers.find(name)?.path ?? path;
    this.host.chatter(`${shown}:\n${value}${value.endsWith("\n") ? "" : "\n"}\n`);
  }

  private save(text: string, append: boolean): void {
    const words = splitWords(text);
    const file = words.length > 1 ? unquote(words.pop() as string) : "-";
    this.put(this.readCall(words.join(" ")), file, append);
  }

  private readCall(text: string): string {
    const [path, parameter] = takeWord(text);
    return this.host.handlers.read(this.resolve(path), parameter);
  }

  /** A name without an element is a handler of the script, or of the router. */
  private resolve(path: string): string {
    if (path.includes(".")) return path;
    const own = `${this.options.name}.${path}`;
    return this.host.handlers.find(own) ? own : path;
  }

  private expand(text: string): string {
    return expand(text, {
      variable: (name) => this.parameters.get(name) ?? this.variables.get(name),
      call: (inner) => {
        try {
          return this.readCall(inner);
        } catch (e) {
          if (!(e instanceof HandlerError) && typeof e !== "string") throw e;
          this.complain(typeof e === "string" ? e : e.message);
          return "";
        }
      },
    });
  }

  complain(message: string): void {
    this.host.chatter(`While executing '${this.options.name} :: ${this.options.className}':\n  ${message}`);
  }
}
