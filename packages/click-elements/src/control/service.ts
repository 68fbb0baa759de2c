/** A script as the host side of an element: when it runs, and its handlers. */

import { type HandlerReport, type HostService, parseInteger, type ServiceHandler } from "@clickos/click-core/element";
import { quoteAlways, shiftWord, splitWords, unquote } from "@clickos/click-language/arguments";
import { formatTimestamp } from "../lib/time.ts";
import { HandlerCalls } from "./calls.ts";
import { toldBy } from "./complaints.ts";
import { scriptFunctions } from "./functions.ts";
import { isSignal } from "./instructions.ts";
import { type Action, type CallOptions, type Outcome, ScriptMachine, type ScriptOptions } from "./machine.ts";
import { maximumText, turn } from "./turn.ts";

/** Characters that are shown of a name. */
const longestName = 100;

/** Handlers that a script has for what it is made of: its functions, its variables, and those that run it. */
function scriptHandlers(machine: ScriptMachine, { host, name, instructions }: ScriptOptions): Handlers {
  const calls = new HandlerCalls(host, name);
  const exists = (access: "r" | "w") => (text: string) =>
    String(splitWords(text).every((word) => calls.find(word, access, { error() {} }) !== undefined));
  const variable = (text: string): string => {
    const [variable, more] = shiftWord(text);
    if (variable === "") throw "no variable";
    if (more !== "") throw "too many arguments";
    if (machine.get(variable) === undefined) throw `undefined variable '${variable.slice(0, longestName)}'`;
    return variable;
  };
  const exported = instructions.flatMap(({ operation, variable = "" }): [string, ServiceHandler][] =>
    operation === "export" || operation === "exportq" ? [[variable, { read: () => machine.get(variable) ?? "" }]] : [],
  );
  return {
    step: {
      kind: "text",
      write(text, report) {
        const outcome = run(machine, stepsOf(text.trim()), { name: "step", write: true }, report);
        if (outcome?.goesOn) host.stop(-1);
      },
    },
    goto: {
      kind: "text",
      write: (text, report) => void run(machine, { label: text.trim() }, { name: "goto", write: true }, report),
    },
    run: callHandler(machine, "run"),
    ...Object.fromEntries(
      Object.entries(scriptFunctions).map(([name, f]) => [
        name,
        { flags: "+", read: (text: string, report: HandlerReport) => f(text, report, host.chance) },
      ]),
    ),
    now: { read: () => formatTimestamp(host.now()) },
    readable: { flags: "+", read: exists("r") },
    writable: { flags: "+", read: exists("w") },
    get: { flags: "+", read: (text) => machine.get(variable(text)) ?? "" },
    set: {
      kind: "text",
      write(text) {
        const [variable, value] = shiftWord(text);
        if (variable === "") throw "no variable";
        machine.put(variable, value);
      },
    },
    shift: {
      flags: "+",
      read(text) {
        const name = variable(text.trim() === "" ? "args" : text);
        const [word, rest] = shiftWord(machine.get(name) ?? "");
        machine.put(name, rest);
        return word;
      },
    },
    cat: { flags: "+", hidden: true, read: (text) => fileText(host, text) },
    catq: { flags: "+", hidden: true, read: (text) => quoteAlways(fileText(host, text)) },
    kill: { flags: "+", hidden: true, read: (text, report) => kill(host, text, report) },
    ...Object.fromEntries(exported),
  };
}
type Handlers = Record<string, ServiceHandler>;

function stepsOf(text: string): Action {
  if (text === "") return { steps: 1 };
  if (text === "router") return { steps: 1, driver: true };
  const steps = parseInteger(text);
  if (steps === undefined || BigInt.asIntN(32, steps) !== steps) throw "syntax error";
  return { steps: Number(steps) };
}

/** Has the script do something for a handler, which reports what is wrong. */
function run(machine: ScriptMachine, action: Action, call: CallOptions, report: HandlerReport): Outcome | undefined {
  const errors = toldBy(report.warn, (message) => {
    turn.complained();
    report.error(message);
  });
  const outcome = machine.handle(action, call, errors);
  report.status = outcome?.status ?? -22;
  return outcome;
}

/** A handler that runs the script with arguments. */
function callHandler(machine: ScriptMachine, name: string): ServiceHandler {
  const call = (write: boolean) => (args: string, report: HandlerReport) => {
    if (args.length > maximumText) throw `more than ${maximumText} characters`;
    const outcome = run(machine, { args }, { name, write }, report);
    return outcome === undefined || outcome.status < 0 ? "" : outcome.value;
  };
  const [read, write] = [call(false), call(true)];
  return { flags: "+", read, write: (args, report) => void write(args, report) };
}

function fileText(host: ScriptOptions["host"], text: string): string {
  const words = splitWords(text);
  const file = unquote(words[0] ?? "");
  if (words.length !== 1 || file === "") throw "bad FILE";
  const shown = file.length > longestName ? `${file.slice(0, longestName)}…` : file;
  if (!host.files) throw `${shown}: files are not available here`;
  let bytes: Uint8Array;
  try {
    bytes = host.files.read(file);
  } catch (e) {
    throw `${shown}: ${(e as Error).message}`;
  }
  if (bytes.length > maximumText) throw `${shown}: more than ${maximumText} bytes`;
  let value = "";
  for (let i = 0; i < bytes.length; i += 4096) value += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return value;
}

function kill(host: ScriptOptions["host"], text: string, report: HandlerReport): string {
  const [signal = "", ...processes] = splitWords(text);
  if (!isSignal(signal)) throw "bad SIGNO";
  const { process: own } = host;
  if (!own) throw "there are no processes here";
  for (const word of processes) {
    const id = parseInteger(word);
    if (id === undefined || BigInt.asIntN(32, id) !== id) throw "bad PID";
    try {
      own.kill(Number(id), signal);
    } catch (e) {
      report.error((e as Error).message);
      break;
    }
  }
  return "";
}

/** The host side of a script. */
export function scriptService(options: Omit<ScriptOptions, "ended">): HostService {
  const { type, host, signals } = options;
  /** The signals that it waits for. */
  const cancels = new Map<string, () => void>();
  const listen = (): void => {
    if (type !== "SIGNAL") return;
    for (const signal of signals) {
      if (cancels.has(signal)) continue;
      const cancel = host.process?.onSignal(signal, () => {
        cancels.delete(signal);
        const report: HandlerReport = { status: 0, error() {}, warn() {}, tell() {} };
        run(machine, { args: "" }, { name: "run", write: true }, report);
        return report.status >= 0;
      });
      if (cancel) cancels.set(signal, cancel);
    }
  };
  const machine = new ScriptMachine({ ...options, ended: listen });
  const driverStops = (): boolean => {
    const errors = toldBy((message) => host.chatter(message));
    return machine.handle({ steps: 1, driver: true }, { name: "step", write: true }, errors)?.goesOn === true;
  };
  return {
    handlers: scriptHandlers(machine, options),
    ...(type === "PROXY" ? { handler: (name: string) => callHandler(machine, name) } : {}),
    ...(type === "DRIVER" ? { driverStops } : {}),
    start() {
      machine.initialize();
      listen();
    },
    packet: (_packet, port) => machine.packet(port),
    close() {
      machine.close();
      for (const cancel of cancels.values()) cancel();
    },
  };
}
