/**
 * The script machine: runs the instructions of Script and DriverManager, each time from where it stands to where it waits or
 * ends. Nothing here blocks, and an activation is bounded: see turn.ts.
 */

import { arg, parseInteger, type ServiceHost } from "@clickos/click-core/element";
import { expand, shiftWord, splitWords, unquote } from "@clickos/click-language/arguments";
import { readValue } from "../lib/handlers.ts";
import { HandlerCalls } from "./calls.ts";
import { type Complaints, toldBy, under } from "./complaints.ts";
import { findLabel, type Instruction, resultVariable, type Script } from "./instructions.ts";
import { maximumDepth, maximumInstructions, maximumJumps, maximumText, maximumVariables, turn } from "./turn.ts";
import { readBoolean } from "./values.ts";

export interface ScriptOptions extends Script {
  readonly name: string;
  readonly className: string;
  /** Where it stands in the configuration. */
  readonly landmark: string;
  readonly host: ServiceHost;
  /** Called when it comes to an `end`. */
  readonly ended?: () => void;
}

/** How a script stands when it has run: below 0 after an error, 1 at a `stop`. */
export interface Outcome {
  readonly status: -1 | 0 | 1;
  readonly value: string;
  /** Whether the driver, which asked, is to go on. */
  readonly goesOn: boolean;
}

/** What a handler of the script was called as. */
export interface CallOptions {
  readonly name: string;
  readonly write: boolean;
}

/** What a handler does: it goes on by so many steps, from a label, or from the start with arguments. */
export type Action =
  | { readonly steps: number; readonly driver?: boolean }
  | { readonly label: string }
  | { readonly args: string };

export class ScriptMachine {
  private readonly options: ScriptOptions;
  private readonly host: ServiceHost;
  private readonly calls: HandlerCalls;
  private readonly variables = new Map<string, string>();
  /** Characters in the variables. */
  private size = 0;
  private position = 0;
  /** Steps that were taken, ever; each takes the script past a wait. */
  private stepCount = 0;
  /** By instruction: the steps that a `wait_step` has had of those it waits for. */
  private readonly taken: number[];
  /** Whether the instruction at the start still waits for the router to start. */
  private starting = false;
  /** While it runs for a handler: the steps that its own handlers gave it meanwhile. */
  private given: { steps: number } | undefined;
  private cancelTimer: (() => void) | undefined;
  private writeStatus = 0;
  private args = "";
  private call: CallOptions = { name: "", write: false };
  private goesOn = false;
  private closed = false;

  constructor(options: ScriptOptions) {
    this.options = options;
    this.host = options.host;
    this.calls = new HandlerCalls(options.host, options.name);
    this.taken = options.instructions.map(() => 0);
    for (const { variable } of options.instructions) if (variable !== undefined) this.variables.set(variable, "");
  }

  /** Gives variables their first values, and has a script that runs by itself start when the router does. */
  initialize(): void {
    const { instructions, type, landmark } = this.options;
    const errors = this.complaints(`${landmark}: While initializing`);
    for (const { operation, text, variable = "" } of instructions)
      if (operation === "init" || operation === "export") this.set(variable, this.expand(text, errors));
      else if (operation === "initq" || operation === "exportq") this.set(variable, unquote(this.expand(text, errors)));
    if (type !== "ACTIVE" && type !== "DRIVER") return;
    const [first] = instructions;
    if (first?.operation === "wait_time") this.setTimer(first, errors);
    else if (first?.operation === "initial") {
      this.starting = true;
      // A driver's script runs when the driver looks whether to stop, before anything else does.
      if (type === "DRIVER") this.host.stop();
      else this.at(this.host.now());
    }
  }

  /** Does what a handler of the script is to do; nothing is returned where it is refused. */
  handle(action: Action, call: CallOptions, errors: Complaints): Outcome | undefined {
    this.call = call;
    this.goesOn = false;
    let steps = 0;
    if ("label" in action) {
      const target = findLabel(this.options.instructions, action.label);
      if (typeof target !== "number") {
        errors.error("jump to nonexistent label");
        return undefined;
      }
      this.rewind(target, this.taken.length);
      this.restart(target);
    } else if ("args" in action) {
      this.args = action.args;
      this.restart(0);
    } else steps = action.steps;
    if (this.given === undefined) {
      const given = { steps };
      this.given = given;
      let driver = "steps" in action && action.driver === true;
      try {
        for (let jumps = 0; given.steps >= 0; driver = false) {
          const count = given.steps;
          given.steps = -1;
          jumps = this.run(count, driver, jumps, errors);
        }
      } finally {
        this.given = undefined;
      }
    } else if ("steps" in action) this.given.steps += steps;
    const outcome = this.outcome();
    this.call = { name: "", write: false };
    if (outcome.status !== 0) this.args = "";
    return outcome;
  }

  /** Runs all of it for a packet: the output that it is to go to. */
  packet(port: number): number {
    this.set("input", String(port));
    this.restart(0);
    this.run(0, false, 0, this.complaints());
    const output = parseInteger(this.outcome().value);
    return output !== undefined && output >= 0n && output < 0x7fffffffn ? Number(output) : -1;
  }

  /** A variable's value; that of `args` is what the script was called with. */
  get(name: string): string | undefined {
    return name === "args" ? this.args : this.variables.get(name);
  }

  /** Sets a variable, or what the script was called with. */
  put(name: string, value: string): void {
    if (name === "args") this.args = value;
    else this.set(name, value);
  }

  private set(name: string, value: string): void {
    const before = this.variables.get(name);
    const size = this.size + value.length - (before === undefined ? -name.length : before.length);
    if (size > maximumVariables) throw `the variables hold more than ${maximumVariables} characters`;
    this.size = size;
    this.variables.set(name, value);
  }

  close(): void {
    this.closed = true;
    this.cancelWait();
  }

  // ---- from one wait to the next

  /** Runs with steps that are given to it. Returns how many jumps there were since the last wait, one more. */
  private run(steps: number, driver: boolean, jumpsBefore: number, errors: Complaints): number {
    if (turn.depth === 0) turn.instructions = 0;
    if (turn.depth >= maximumDepth) {
      errors.error("scripts call each other too deep");
      this.giveUp();
      return jumpsBefore + 1;
    }
    turn.depth++;
    const { instructions } = this.options;
    const target = this.stepCount + steps;
    let jumps = jumpsBefore;
    try {
      while (target >= this.stepCount && this.position < instructions.length && jumps < maximumJumps) {
        if (turn.instructions++ >= maximumInstructions) {
          this.host.chatter(`${this.title}: too many instructions, giving up`);
          this.giveUp();
          break;
        }
        const at = this.position++;
        const end = this.perform(instructions[at] as Instruction, at, target, errors);
        if (end === "waits") break;
        if (end !== undefined) {
          this.position--;
          // Where the driver asked, it stops.
          if (end === "stops" && !driver) this.host.stop();
          return jumps + 1;
        }
        if (this.position !== at + 1) jumps++;
      }
    } finally {
      turn.depth--;
    }
    if (jumps >= maximumJumps) {
      this.host.chatter(`${this.title}: too many jumps, giving up`);
      this.giveUp();
    }
    if (driver) this.goesOn = true;
    return jumps + 1;
  }

  /** One instruction: nothing where the next follows. */
  private perform(
    instruction: Instruction,
    at: number,
    target: number,
    errors: Complaints,
  ): "waits" | "ends" | "stops" | undefined {
    const { operation, text } = instruction;
    switch (operation) {
      case "initial":
        if (this.starting) this.stepCount++;
        this.starting = false;
        return undefined;
      case "wait_step":
        return this.waitSteps(instruction, at, target);
      case "wait_time":
        if (this.stepCount === target) {
          if (this.setTimer(instruction, errors)) this.position--;
          return "waits";
        }
        this.stepCount++;
        this.cancelWait();
        return undefined;
      case "print":
      case "printq":
      case "printn":
      case "printnq":
        this.print(text, operation, errors);
        return undefined;
      case "save":
      case "append": {
        const [handler, file] = shiftWord(text);
        this.print(`${operation === "save" ? ">" : ">>"}${file || "-"} ${handler}`, operation, errors);
        return undefined;
      }
      case "read":
      case "readq":
        this.read(text, operation === "readq", errors);
        return undefined;
      case "write":
      case "writeq": {
        const call = this.calls.find(this.expand(text, errors), "w", errors, { unquoting: operation === "writeq" });
        if (call) this.writeStatus = this.calls.write(call, HandlerCalls.complaints(call, errors));
        return undefined;
      }
      case "set":
      case "setq":
      case "return":
      case "returnq": {
        const value = this.expand(text, errors);
        const { variable = "" } = instruction;
        this.assign(variable, operation.endsWith("q") ? unquote(value) : value, errors);
        // A handler among the references may have taken the script elsewhere.
        if (!operation.startsWith("return") || this.position !== at + 1) return undefined;
        this.position--;
        return "waits";
      }
      case "goto":
        return this.jump(instruction, at, errors);
      case "error":
      case "errorq": {
        const message = this.expand(text, errors);
        const said = operation === "errorq" ? unquote(message) : message;
        if (said !== "") this.complain(said, errors);
        return "ends";
      }
      case "end":
      case "exit":
        return "ends";
      case "stop":
        this.stepCount++;
        return "stops";
      default:
        return undefined;
    }
  }

  private waitSteps({ steps = 1 }: Instruction, at: number, target: number): "waits" | undefined {
    const had = this.taken[at] ?? 0;
    const more = Math.max(0, Math.min(target - this.stepCount, steps - had));
    this.taken[at] = had + more;
    this.stepCount += more;
    if (this.stepCount !== target || had + more >= steps) return undefined;
    this.position--;
    return "waits";
  }

  private jump({ text, target = 0 }: Instruction, at: number, errors: Complaints): "ends" | undefined {
    const condition = this.expand(shiftWord(text)[1], errors);
    const holds = condition === "" || readBoolean(condition);
    if (holds === undefined) this.complain(`bad condition '${condition}'`, errors);
    if (!holds) return undefined;
    if (typeof target !== "number") return "ends";
    this.rewind(target, at);
    this.position = target;
    return undefined;
  }

  /** The instructions of a range that wait for steps wait for all of them again. */
  private rewind(from: number, to: number): void {
    this.taken.fill(0, from, to);
  }

  private restart(position: number): void {
    this.cancelWait();
    this.position = position;
  }

  private giveUp(): void {
    this.restart(this.options.instructions.length);
  }

  private outcome(): Outcome {
    const instruction = this.options.instructions[this.position];
    const { operation, target } = instruction ?? {};
    const last = operation === "goto" && typeof target === "string" ? target : operation;
    if (last === "end") this.options.ended?.();
    const returns = last === "return" || last === "returnq";
    return {
      status: last === "error" || last === "errorq" ? -1 : last === "stop" ? 1 : 0,
      value: returns
        ? (this.variables.get(resultVariable) ?? "")
        : last === "end" && this.options.type === "PACKET"
          ? "0"
          : "",
      goesOn: this.goesOn,
    };
  }

  // ---- waits

  private setTimer({ text }: Instruction, errors: Complaints): boolean {
    let delay: bigint;
    try {
      delay = readValue(arg.time, this.expand(text, errors));
    } catch (e) {
      if (typeof e !== "string") throw e;
      errors.error("syntax error at 'wait'");
      return false;
    }
    this.at(this.host.now() + delay);
    return true;
  }

  private at(time: bigint): void {
    this.cancelWait();
    if (this.closed) return;
    this.cancelTimer = this.host.at(time, () => {
      this.cancelTimer = undefined;
      this.run(1, false, 0, this.complaints());
      this.outcome();
    });
  }

  private cancelWait(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  // ---- texts

  private print(argument: string, operation: string, errors: Complaints): void {
    const redirected = /^>>?/.exec(argument)?.[0] ?? "";
    const [file, text] = redirected ? shiftWord(argument.slice(redirected.length)) : ["", argument];
    const before = errors.count;
    let value = "";
    if (/^[A-Za-z@_]/.test(text)) {
      const unquoting = operation === "printq" || operation === "printnq";
      const call = this.calls.find(this.expand(text, errors), "r", errors, { unquoting });
      if (call) value = this.calls.read(call, HandlerCalls.complaints(call, errors));
    } else value = unquote(this.expand(text, errors, true));
    const ended = operation === "printn" || operation === "printnq" || value.endsWith("\n");
    if (errors.count === before && !ended) value += "\n";
    if (file === "" || file === "-") this.host.output(value);
    else this.write(file, value, redirected === ">>", errors);
  }

  private write(file: string, text: string, append: boolean, errors: Complaints): void {
    if (!this.host.files) {
      this.complain(`${file}: files are not available here`, errors);
      return;
    }
    try {
      this.host.files.write(file, text, append);
    } catch (e) {
      this.complain(`${file}: ${(e as Error).message}`, errors);
    }
  }

  private read(text: string, unquoting: boolean, errors: Complaints): void {
    const call = this.calls.find(this.expand(text, errors), "r", errors, { unquoting });
    if (!call) return;
    const value = this.calls.read(call, HandlerCalls.complaints(call, errors));
    this.host.chatter(`${call.path}:\n${value}\n`);
  }

  private assign(name: string, value: string, errors: Complaints): void {
    try {
      this.set(name, value);
    } catch (e) {
      if (typeof e !== "string") throw e;
      this.complain(e, errors);
    }
  }

  /** With `quoting`, values outside of quotes are put into quotes. A text that grows too long is empty. */
  private expand(text: string, errors: Complaints, quoting = false): string {
    let size = text.length;
    const put = (value: string | undefined): string | undefined => {
      size += value?.length ?? 0;
      if (size > maximumText) throw `a text of more than ${maximumText} characters`;
      return value;
    };
    try {
      return expand(
        text,
        {
          variable: (name) => put(this.variables.get(name) ?? this.special(name)),
          call: (inner) => {
            const call = this.calls.find(inner, "r", errors);
            return call && put(this.calls.read(call, errors));
          },
        },
        { quoting },
      );
    } catch (e) {
      if (typeof e !== "string") throw e;
      this.complain(e, errors);
      return "";
    } finally {
      turn.read(size);
    }
  }

  /** A variable that every script has. */
  private special(name: string): string | undefined {
    switch (name) {
      case "?":
        return String(this.writeStatus);
      case "$":
        return String(this.host.process?.id ?? 0);
      case "#":
        return String(splitWords(this.args).length);
      case "0":
        return this.call.name;
      case "args":
        return this.args;
      case "write":
        return String(this.call.write);
      default:
        return /^[1-9]\d{0,8}$/.test(name) ? (splitWords(this.args)[Number(name) - 1] ?? "") : undefined;
    }
  }

  // ---- errors

  private get title(): string {
    return `${this.options.name} :: ${this.options.className}`;
  }

  /** What goes wrong by itself, in one activation. */
  private complaints(what = "While executing"): Complaints {
    return under(
      `${what} '${this.title}':`,
      toldBy((message) => this.host.chatter(message)),
    );
  }

  private complain(message: string, errors: Complaints): void {
    turn.complained();
    errors.error(message);
  }
}
