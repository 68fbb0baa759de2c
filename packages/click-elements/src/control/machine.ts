/**
 * The script machine: runs the instructions of Script and DriverManager. Nothing here blocks, and a turn is bounded:
 * see turn.ts.
 */

import { arg, findHandler, HandlerError, type ServiceHost } from "@clickos/click-core/element";
import { expand, takeWord, unquote } from "@clickos/click-language/arguments";
import { readValue } from "../lib/handlers.ts";
import { builtinLabels, type Instruction, redirection, type ScriptType, savedFile } from "./instructions.ts";
import {
  jumpsPerCall,
  maximumDepth,
  maximumJumps,
  maximumText,
  maximumVariables,
  stepsPerCall,
  stepsPerTurn,
  turn,
} from "./turn.ts";

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
  private readonly variables = new Map<string, string>();
  /** Characters in the variables. */
  private size = 0;
  private position = 0;
  private waiting: { steps: number } | { time: true } | undefined;
  /** Steps that were given and not taken: each takes the script past one `wait_step`. */
  private steps = 0;
  /** Jumps since the last wait. */
  private jumps = 0;
  /** Cancels what goes on with the script: at the end of a wait, or in the next turn. */
  private cancelTimer: (() => void) | undefined;
  /** Whether it stopped in the middle, to go on in the next turn. */
  private paused = false;
  /** Whether it was given up for a packet in this turn: for the next, it would only take as long. */
  private spent = false;
  private running = false;
  private result = "";
  private parameters: ReadonlyMap<string, string> = new Map();
  private closed = false;

  constructor(options: ScriptOptions) {
    this.options = options;
    this.host = options.host;
    options.instructions.forEach((s, i) => {
      if (s.operation === "label") this.labels.set(s.argument, i);
    });
  }

  /** Gives variables their first values; once, before anything is run. */
  initialize(): void {
    for (const { operation, argument } of this.options.instructions)
      if (operation === "init" || operation === "initq")
        this.execute({ operation: operation === "initq" ? "setq" : "set", argument });
  }

  /** Whether there is nothing left to run. */
  get finished(): boolean {
    return this.position >= this.options.instructions.length && this.waiting === undefined;
  }

  /** Whether it may wait, and so go on later. */
  private get mayWait(): boolean {
    const { type } = this.options;
    return type === "ACTIVE" || type === "DRIVER" || type === "SIGNAL";
  }

  /** Runs from where it stands until it waits, ends, or has done its share of the turn. */
  run(): void {
    if (this.running || this.closed || this.paused) return;
    if (turn.depth === 0) turn.steps = 0;
    else if (turn.depth >= maximumDepth) {
      this.giveUp("scripts call each other too deep");
      return;
    }
    const limit = turn.depth === 0 && this.mayWait ? stepsPerTurn : stepsPerCall;
    this.running = true;
    turn.depth++;
    try {
      while (this.ready() && this.position < this.options.instructions.length) {
        if (turn.steps >= limit) {
          if (this.mayWait) this.pause();
          else this.giveUp("too many instructions, giving up");
          break;
        }
        turn.steps++;
        const before = this.position;
        this.execute(this.options.instructions[this.position++] as Instruction);
        if (this.position <= before && ++this.jumps >= (this.mayWait ? maximumJumps : jumpsPerCall))
          this.giveUp("too many jumps, giving up");
      }
    } finally {
      turn.depth--;
      this.running = false;
    }
    if (!this.paused && !(this.waiting && "steps" in this.waiting)) this.steps = 0;
  }

  /** Whether nothing is waited for, once the steps that were given are taken. */
  private ready(): boolean {
    const { waiting } = this;
    if (waiting === undefined) return true;
    if (!("steps" in waiting) || this.steps === 0) return false;
    const taken = Math.min(this.steps, waiting.steps);
    this.steps -= taken;
    waiting.steps -= taken;
    if (waiting.steps > 0) return false;
    this.waiting = undefined;
    this.jumps = 0;
    return true;
  }

  private pause(): void {
    this.paused = true;
    this.cancelTimer = this.host.at(this.host.now(), () => {
      this.paused = false;
      this.resume();
    });
  }

  private giveUp(why: string): void {
    this.complain(why);
    this.position = this.options.instructions.length;
    if (this.options.type !== "PACKET") return;
    this.spent = true;
    this.host.at(this.host.now(), () => {
      this.spent = false;
    });
  }

  /** Goes on after a wait or a turn; a driver manager that has come to its end stops the driver. */
  private resume(): void {
    this.cancelTimer = undefined;
    this.run();
    if (this.options.type === "DRIVER" && this.finished) this.host.stop();
  }

  /** Runs all of a passive script with arguments; its result is what it returned, `undefined` where it was given up. */
  call(parameters: ReadonlyMap<string, string>): string | undefined {
    if (this.running) {
      this.complain("the script is called while it runs");
      return "";
    }
    if (this.spent) return undefined;
    this.parameters = parameters;
    this.result = "";
    this.position = 0;
    this.jumps = 0;
    this.waiting = undefined;
    this.run();
    this.parameters = new Map();
    return this.spent ? undefined : this.result;
  }

  /** Steps: what `wait_step` waits for. Whether the script took them, or will. */
  step(count = 1): boolean {
    if (!this.paused && !(this.waiting && "steps" in this.waiting)) return false;
    this.steps += count;
    this.run();
    return true;
  }

  /** Goes to a label and runs from there. */
  jump(label: string): void {
    this.stopWaiting();
    this.goto(label);
    this.run();
  }

  /** A variable's value. */
  get(name: string): string | undefined {
    return this.variables.get(name);
  }

  /** Sets a variable. */
  set(name: string, value: string): void {
    const before = this.variables.get(name);
    const size = this.size + value.length - (before === undefined ? -name.length : before.length);
    if (size > maximumVariables) throw `the variables hold more than ${maximumVariables} characters`;
    this.size = size;
    this.variables.set(name, value);
  }

  close(): void {
    this.closed = true;
    this.stopWaiting();
  }

  private stopWaiting(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.paused = false;
    this.waiting = undefined;
    this.steps = 0;
    this.jumps = 0;
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
        this.assign(argument, operation === "setq");
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
        if (/(?:^|\.)(?:hot)?config$/.test(path)) turn.compiled();
        this.host.handlers.write(this.resolve(path), operation === "writeq" ? unquote(value) : value);
        return;
      }
      case "save":
      case "append":
        this.save(argument, operation === "append");
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

  private assign(argument: string, quoted: boolean): void {
    const [name, rest] = takeWord(argument);
    const value = this.expand(rest);
    this.set(name.replace(/^\$\{?|\}$/g, ""), quoted ? unquote(value) : value);
  }

  private waitTime(argument: string): void {
    const delay = readValue(arg.time, this.expand(argument));
    if (!this.allowWait()) return;
    this.waiting = { time: true };
    this.jumps = 0;
    this.cancelTimer = this.host.at(this.host.now() + delay, () => {
      this.waiting = undefined;
      this.resume();
    });
  }

  private waitSteps(argument: string): void {
    const steps = readValue(arg.u32, argument);
    if (steps > 0 && this.allowWait()) this.waiting = { steps };
  }

  private allowWait(): boolean {
    if (!this.mayWait) this.complain(`a script of TYPE ${this.options.type} cannot wait`);
    return this.mayWait;
  }

  /** `print [>FILE | >>FILE] TEXT`; text that begins with a letter is a handler to read. */
  private print(argument: string, newline: boolean): void {
    const { file, append, text } = redirection(argument);
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
    const shown = findHandler(this.host.handlers, name)?.path ?? path;
    this.host.chatter(`${shown}:\n${value}${value.endsWith("\n") ? "" : "\n"}\n`);
  }

  private save(argument: string, append: boolean): void {
    const { handler, file } = savedFile(argument);
    this.put(this.readCall(this.expand(handler)), file, append);
  }

  private readCall(text: string): string {
    const [path, parameter] = takeWord(text);
    const value = this.host.handlers.read(this.resolve(path), parameter);
    turn.read(value.length);
    return value;
  }

  /** A name without an element is a handler of the script, or of the router. */
  private resolve(path: string): string {
    if (path.includes(".")) return path;
    const own = `${this.options.name}.${path}`;
    return findHandler(this.host.handlers, own) ? own : path;
  }

  private expand(text: string): string {
    let size = 0;
    const put = (value: string | undefined): string | undefined => {
      size += value?.length ?? 0;
      if (size > maximumText) throw `a text of more than ${maximumText} characters`;
      return value;
    };
    const expanded = expand(text, {
      variable: (name) => put(this.parameters.get(name) ?? this.variables.get(name)),
      call: (inner) => {
        let value = "";
        try {
          value = this.readCall(inner);
        } catch (e) {
          if (!(e instanceof HandlerError) && typeof e !== "string") throw e;
          this.complain(typeof e === "string" ? e : e.message);
        }
        return put(value);
      },
    });
    turn.read(text.length + size);
    return expanded;
  }

  complain(message: string): void {
    turn.complained();
    this.host.chatter(`While executing '${this.options.name} :: ${this.options.className}':\n  ${message}`);
  }
}
