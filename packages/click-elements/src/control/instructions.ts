/** The instructions of scripts, as they are written. */
import { splitWords, takeWord, unquote } from "@clickos/click-language/arguments";

export type ScriptType = "ACTIVE" | "PASSIVE" | "DRIVER" | "PROXY" | "PACKET" | "SIGNAL";
export const scriptTypes: readonly ScriptType[] = ["ACTIVE", "PASSIVE", "DRIVER", "PROXY", "PACKET", "SIGNAL"];

export interface Instruction {
  readonly operation: string;
  readonly argument: string;
}

/** Instruction words, and what each is run as. */
const operations: Readonly<Record<string, string>> = {
  set: "set",
  setq: "setq",
  init: "init",
  initq: "initq",
  export: "set",
  exportq: "setq",
  print: "print",
  printn: "printn",
  printq: "printq",
  printnq: "printnq",
  printqn: "printnq",
  read: "read",
  readq: "readq",
  write: "write",
  writeq: "writeq",
  save: "save",
  append: "append",
  goto: "goto",
  loop: "loop",
  label: "label",
  return: "return",
  returnq: "returnq",
  wait: "wait",
  wait_for: "wait_time",
  wait_time: "wait_time",
  wait_step: "wait_step",
  wait_stop: "wait_step",
  pause: "wait_step",
  step: "wait_step",
  stop: "stop",
  end: "end",
  exit: "exit",
  error: "error",
  errorq: "errorq",
};

/** Reads instructions; `error` gets the index of each that is wrong. */
export function parseScript(
  args: readonly string[],
  error: (message: string, argument?: number) => void,
): { type: ScriptType; signals: string[]; instructions: Instruction[] } {
  let type: ScriptType = "ACTIVE";
  let signals: string[] = [];
  const instructions: Instruction[] = [];
  args.forEach((text, i) => {
    const [word, rest] = takeWord(text);
    if (word === "TYPE") {
      const [name, more] = takeWord(rest);
      if (scriptTypes.includes(name as ScriptType)) type = name as ScriptType;
      else error(`TYPE '${name}' is not one of ${scriptTypes.join(", ")}`, i);
      if (type === "SIGNAL") signals = splitWords(more);
      return;
    }
    if (word === "") return;
    const operation = Object.hasOwn(operations, word) ? operations[word] : undefined;
    if (operation === undefined) error(`'${word}' is not an instruction`, i);
    else {
      instructions.push({ operation, argument: rest });
      const file = fileOf(operation, rest);
      if (file?.includes("$")) error(`'${file}': a file is named by the configuration, not by a variable`, i);
    }
  });
  const labels = new Set(instructions.flatMap((s) => (s.operation === "label" ? [s.argument] : [])));
  args.forEach((text, i) => {
    const [word, rest] = takeWord(text);
    const [label] = takeWord(rest);
    if (word === "goto" && !label.includes("$") && !labels.has(label) && !builtinLabels.has(label))
      error(`there is no label '${label}'`, i);
  });
  return { type, signals, instructions };
}

/**
 * The file that `print` writes to, if any, and the rest. As in Click, nothing is put into the name: a value that came
 * over a control socket chooses no file.
 */
export function redirection(argument: string): { file: string | undefined; append: boolean; text: string } {
  if (!argument.startsWith(">")) return { file: undefined, append: false, text: argument };
  const append = argument.startsWith(">>");
  const [name, text] = takeWord(argument.slice(append ? 2 : 1));
  return { file: unquote(name), append, text };
}

/** The handler and the file of `save` and `append`: the last of several words, or standard output. */
export function savedFile(argument: string): { handler: string; file: string } {
  const words = splitWords(argument);
  const file = words.length > 1 ? unquote(words.pop() as string) : "-";
  return { handler: words.join(" "), file };
}

function fileOf(operation: string, argument: string): string | undefined {
  if (operation.startsWith("print")) return redirection(argument).file;
  return operation === "save" || operation === "append" ? savedFile(argument).file : undefined;
}

export const builtinLabels: ReadonlySet<string> = new Set([
  "begin",
  "start",
  "end",
  "exit",
  "stop",
  "loop",
  "error",
  "return",
]);
