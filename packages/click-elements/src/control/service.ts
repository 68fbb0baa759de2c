/** A script as the host side of an element: when it runs, and its handlers. */

import { arg, findHandler, type HostService, type ServiceHandler } from "@clickos/click-core/element";
import { splitWords, takeWord } from "@clickos/click-language/arguments";
import { readValue } from "../lib/handlers.ts";
import { formatTimestamp } from "../lib/time.ts";
import { scriptFunctions } from "./functions.ts";
import { ScriptMachine, type ScriptOptions } from "./machine.ts";
import { maximumText } from "./turn.ts";

/** Arguments of a call. */
const maximumArguments = 10_000;

/** The arguments of a call, as variables: `$args`, `$1`, `$2`, and `$#`, how many. */
export function callParameters(text: string, more: Readonly<Record<string, string>> = {}): Map<string, string> {
  if (text.length > maximumText) throw `more than ${maximumText} characters`;
  const words = splitWords(text);
  if (words.length > maximumArguments) throw `more than ${maximumArguments} arguments`;
  return new Map([
    ["args", text],
    ["#", String(words.length)],
    ...words.map((word, i): [string, string] => [String(i + 1), word]),
    ...Object.entries(more),
  ]);
}

/** Handlers that every script has: its functions, and those that run it. */
export function scriptHandlers(machine: ScriptMachine, options: ScriptOptions): Record<string, ServiceHandler> {
  const { host } = options;
  const functions = Object.fromEntries(
    Object.entries(scriptFunctions).map(([name, f]): [string, ServiceHandler] => [name, { flags: "+", read: f }]),
  );
  const exists = (which: "r" | "w") => (text: string) =>
    splitWords(text).every((path) => findHandler(host.handlers, path)?.access.includes(which) === true);
  const call = (text: string): string => machine.call(callParameters(text)) ?? "";
  return {
    ...functions,
    now: { read: () => formatTimestamp(host.now()) },
    readable: { flags: "+", read: exists("r") },
    writable: { flags: "+", read: exists("w") },
    get: {
      flags: "+",
      read: (text) => {
        const value = machine.get(text.trim().replace(/^\$/, ""));
        if (value === undefined) throw `variable '${text.trim().slice(0, 60)}' is not set`;
        return value;
      },
    },
    set: {
      write: (text) => {
        const [name, value] = takeWord(text);
        machine.set(name.replace(/^\$/, ""), value);
      },
    },
    step: {
      write: (text) => {
        machine.step(text.trim() === "" ? 1 : readValue(arg.u32, text));
      },
    },
    goto: { write: (text) => machine.jump(takeWord(text)[0]) },
    run:
      options.type === "ACTIVE" || options.type === "DRIVER"
        ? { write: () => machine.jump("begin") }
        : { flags: "+", read: call, write: (t) => void call(t) },
  };
}

/** The host side of a script. */
export function scriptService(options: ScriptOptions, signals: readonly string[] = []): HostService {
  const machine = new ScriptMachine(options);
  const cancels: (() => void)[] = [];
  const { type, host } = options;
  return {
    handlers: scriptHandlers(machine, options),
    ...(type === "PROXY"
      ? {
          handler: (name: string): ServiceHandler => ({
            flags: "+",
            read: (text) => machine.call(callParameters(text, { 0: name, write: "false" })) ?? "",
            write: (text) => void machine.call(callParameters(text, { 0: name, write: "true" })),
          }),
        }
      : {}),
    start() {
      machine.initialize();
      if (type === "ACTIVE") cancels.push(host.at(host.now(), () => machine.run()));
      if (type === "DRIVER")
        cancels.push(
          host.at(host.now(), () => {
            machine.run();
            if (machine.finished) host.stop();
          }),
        );
      if (type === "SIGNAL")
        for (const signal of signals) {
          const cancel = host.onSignal?.(signal, () => {
            if (machine.finished) machine.jump("begin");
            else machine.run();
          });
          if (cancel) cancels.push(cancel);
        }
    },
    driverStops() {
      if (type !== "DRIVER" || machine.finished) return false;
      // A stop that the manager does not wait for is one for the driver.
      return machine.step() && !machine.finished;
    },
    packet(_packet, port) {
      const value = machine.call(callParameters("", { input: String(port) }));
      if (value === undefined) return -1;
      const output = value === "" ? 0 : Number(value);
      return Number.isInteger(output) ? output : -1;
    },
    close() {
      machine.close();
      for (const cancel of cancels) cancel();
    },
  };
}
