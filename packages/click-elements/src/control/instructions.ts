/** The instructions of scripts, as they are written, and where their jumps go. */
import { parseInteger } from "@clickos/click-core/element";
import { splitWords, takeWord } from "@clickos/click-language/arguments";

export type ScriptType = "ACTIVE" | "PASSIVE" | "DRIVER" | "PROXY" | "PACKET" | "SIGNAL";
const types: readonly ScriptType[] = ["ACTIVE", "PASSIVE", "DRIVER", "PROXY", "PACKET"];

/** The signals that have names in scripts. */
export const signalNames: readonly string[] = "ABRT ALRM HUP INT IO PIPE QUIT TERM TSTP USR1 USR2".split(" ");

/** Instructions that end a script; their names are labels too. */
export type Ending = "end" | "exit" | "stop" | "error" | "errorq";
const endings: ReadonlySet<string> = new Set(["end", "exit", "stop", "error", "errorq"]);

export type Operation =
  | "initial"
  | "wait_step"
  | "wait_time"
  | "print"
  | "printq"
  | "printn"
  | "printnq"
  | "save"
  | "append"
  | "read"
  | "readq"
  | "write"
  | "writeq"
  | "set"
  | "setq"
  | "init"
  | "initq"
  | "export"
  | "exportq"
  | "label"
  | "goto"
  | "return"
  | "returnq"
  | Ending;

export interface Instruction {
  readonly operation: Operation;
  /** What is said of it, a variable's name and a label taken off. */
  readonly text: string;
  readonly variable?: string;
  /** How many steps it waits for. */
  readonly steps?: number;
  /** Where it jumps. */
  target?: number | Ending;
}

export interface Script {
  readonly type: ScriptType;
  readonly signals: readonly string[];
  readonly instructions: readonly Instruction[];
}

/** Instruction words that stand for others. `wait` is `wait_step` without a time. */
const synonyms: Readonly<Record<string, Operation>> = {
  wait: "wait_time",
  wait_for: "wait_time",
  wait_stop: "wait_step",
  pause: "wait_step",
  loop: "goto",
};
const operations: ReadonlySet<string> = new Set<Operation>([
  ...(["wait_step", "wait_time", "print", "printq", "printn", "printnq", "save", "append", "read", "readq"] as const),
  ...(["write", "writeq", "set", "setq", "init", "initq", "export", "exportq", "label", "goto", "return"] as const),
  ...(["returnq", "end", "exit", "stop", "error", "errorq"] as const),
]);

/** The variable of `return`: what the script gives. */
export const resultVariable = "_";

interface ScriptSource {
  readonly arguments: readonly string[];
  readonly ninputs: number;
  readonly noutputs: number;
  error(message: string, argument?: number): void;
  /** Whether no other element of the configuration has taken a place that there is one of. */
  attach(place: string): boolean;
}

/** Reads a script whose type, unless it is given, is `ordinary`; a script that is wrong has no instructions. */
export function readScript(source: ScriptSource, ordinary?: ScriptType): Script {
  const { arguments: args, ninputs, noutputs, error } = source;
  const texts: Text[] = [];
  let given = "";
  args.forEach((text, argument) => {
    const [word, rest] = takeWord(text);
    if (word === "TYPE" && rest !== "") given = rest;
    else if (word !== "") texts.push({ word, rest, argument });
  });
  const ports = ninputs + noutputs > 0;
  const [typeName, more] = takeWord(given);
  const type = readType(typeName, more) ?? ordinary ?? (ports ? "PACKET" : "ACTIVE");
  const signals = splitWords(more);
  if (typeName !== "" && readType(typeName, more) === undefined) error("bad TYPE");
  else if (type === "SIGNAL" && (signals.length === 0 || !signals.every(isSignal))) error("bad signal number");
  else if (type === "DRIVER" && !source.attach("Script")) error("router has more than one driver script");
  else if (type === "PACKET" && ninputs === 0) error("PACKET script must have inputs");
  else if (type !== "PACKET" && ports) error("ports allowed only on PACKET scripts");
  else {
    const instructions = readInstructions(texts, error);
    if (instructions.length === 0 && type === "DRIVER")
      instructions.push({ operation: "wait_step", text: "", steps: 1 });
    add(instructions, { operation: type === "DRIVER" ? "stop" : "end", text: "" });
    return { type, signals, instructions };
  }
  return { type, signals: [], instructions: [] };
}

function readType(name: string, more: string): ScriptType | undefined {
  if (name === "SIGNAL") return name;
  if (more !== "") return undefined;
  return name === "PUSH" ? "PACKET" : types.find((type) => type === name);
}

/** A signal by its name, or by its number. */
export function isSignal(word: string): boolean {
  const number = parseInteger(word) ?? -1n;
  return signalNames.includes(word) || (number >= 0n && number < 32n);
}

interface Text {
  readonly word: string;
  readonly rest: string;
  readonly argument: number;
}

function readInstructions(texts: readonly Text[], error: ScriptSource["error"]): Instruction[] {
  const instructions: Instruction[] = [];
  const jumps: { readonly instruction: Instruction; readonly argument: number }[] = [];
  for (const { word, rest, argument } of texts) {
    const instruction = readInstruction(word, rest);
    if (instruction === undefined) error(`syntax error at '${word}'`, argument);
    else {
      add(instructions, instruction);
      if (instruction.operation === "goto") jumps.push({ instruction, argument });
    }
  }
  for (const { instruction, argument } of jumps) {
    const [label] = takeWord(instruction.text);
    const target = label === "" ? 0 : findLabel(instructions, label);
    if (target === undefined) error(`no such label '${label}'`, argument);
    else instruction.target = target;
  }
  return instructions;
}

/** A script starts at an instruction that waits; where it has none there, at one that is done at once. */
function add(instructions: Instruction[], instruction: Instruction): void {
  const waits = instruction.operation === "wait_step" || instruction.operation === "wait_time";
  if (instructions.length === 0 && !waits) instructions.push({ operation: "initial", text: "" });
  instructions.push(instruction);
}

function readInstruction(word: string, rest: string): Instruction | undefined {
  const name = Object.hasOwn(synonyms, word) ? (synonyms[word] as Operation) : word;
  if (!operations.has(name)) return undefined;
  const operation = (word === "wait" && rest === "" ? "wait_step" : name) as Operation;
  switch (operation) {
    case "wait_step": {
      const steps = rest === "" ? 1n : (parseInteger(rest) ?? -1n);
      return steps < 0n || rest.startsWith("-") || steps > 0xffffffffn
        ? undefined
        : { operation, text: "", steps: Number(steps) };
    }
    case "return":
    case "returnq":
      return { operation, text: rest, variable: resultVariable };
    case "set":
    case "setq":
    case "init":
    case "initq":
    case "export":
    case "exportq": {
      const [variable, text] = takeWord(rest);
      if (variable === "" || (text === "" && operation.startsWith("set"))) return undefined;
      return { operation, text, variable };
    }
    case "label": {
      const [label, more] = takeWord(rest);
      return label === "" || more !== "" ? undefined : { operation, text: label };
    }
    case "goto":
      return word === "loop" && rest !== "" ? undefined : { operation, text: rest };
    case "end":
    case "exit":
    case "stop":
      return rest === "" ? { operation, text: "" } : undefined;
    default:
      return { operation, text: rest };
  }
}

/** Whether a script goes back without a condition, and nothing in it jumps on a condition or ends it. */
export function isEndless(instructions: readonly Instruction[]): boolean {
  let goesBack = false;
  for (const [at, { operation, text, target }] of instructions.slice(0, -1).entries()) {
    if (endings.has(operation) || operation.startsWith("return")) return false;
    if (operation !== "goto") continue;
    if (takeWord(text)[1] !== "" || typeof target !== "number") return false;
    if (target <= at) goesBack = true;
  }
  return goesBack;
}

/** Where a label is: the first of its name; an ending, whose name is a label too; or the start. */
export function findLabel(instructions: readonly Instruction[], label: string): number | Ending | undefined {
  const at = instructions.findIndex(({ operation, text }) => operation === "label" && text === label);
  if (at >= 0) return at;
  if (endings.has(label)) return label as Ending;
  return label === "begin" || label === "loop" ? 0 : undefined;
}
