/**
 * Files of `xl`'s own syntax (xl.cfg(5)): `KEY = VALUE`, values being numbers, strings in either quotes and lists of them in
 * brackets; `#` begins a comment; a `;` or the end of the line ends a setting.
 */
import type { DomainDefinition, OnCrash } from "@clickos/client";
import { CommandError } from "../failure.ts";
import { parseVif } from "./vif-text.ts";

type Value = string | number | readonly (string | number)[];

interface Setting {
  readonly value: Value;
  readonly line: number;
}

/** Whether a text is such a file: by its name, or by a line that sets `kernel`, which no configuration has. */
export function isXlConfig(file: string, text: string): boolean {
  return /\.(cfg|xl|conf)$/.test(file) || /^\s*(kernel|vif)\s*=/m.test(text);
}

const token =
  /[^\S\n]*(?:#[^\n]*)?(?:(\n)|([A-Za-z_]\w*)|(0[xX][0-9a-fA-F]+|\d+)|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([=[\],;])|(\S))/y;

/** @throws {CommandError} with the line. */
function settingsOf(file: string, text: string): Map<string, Setting> {
  let line = 1;
  const fail = (what: string): never => {
    throw new CommandError(`${file}:${line}: ${what}`);
  };
  type Token = {
    readonly kind: "end" | "word" | "number" | "string" | "sign";
    readonly text: string;
    readonly line: number;
  };
  const tokens: Token[] = [];
  token.lastIndex = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [, newline, word, digits, double, single, sign, other] = match;
    // Comments take no line end with them.
    if (newline !== undefined) {
      tokens.push({ kind: "end", text: "the end of the line", line });
      line++;
    } else if (word !== undefined) tokens.push({ kind: "word", text: word, line });
    else if (digits !== undefined) tokens.push({ kind: "number", text: digits, line });
    else if (double !== undefined) tokens.push({ kind: "string", text: double.replace(/\\(.)/g, "$1"), line });
    else if (single !== undefined) tokens.push({ kind: "string", text: single, line });
    else if (sign !== undefined) tokens.push({ kind: sign === ";" ? "end" : "sign", text: sign, line });
    else fail(`'${other}' is not expected`);
  }
  const settings = new Map<string, Setting>();
  let at = 0;
  const end: Token = { kind: "end", text: "the end of the file", line };
  const peek = (): Token => tokens[at] ?? end;
  const next = (): Token => {
    const found = peek();
    at++;
    line = found.line;
    return found;
  };
  const scalar = (): string | number => {
    const { kind, text } = next();
    if (kind === "string") return text;
    if (kind === "number") return Number(text);
    return fail(`a number or a string in quotes is expected, not ${text}`);
  };
  const list = (): (string | number)[] => {
    const items: (string | number)[] = [];
    const skip = (): void => {
      while (at < tokens.length && peek().kind === "end") next();
    };
    for (;;) {
      skip();
      if (peek().text === "]" && peek().kind === "sign") break;
      if (at >= tokens.length) fail("a list has no ']'");
      items.push(scalar());
      skip();
      if (peek().text === ",") next();
      else if (at >= tokens.length) fail("a list has no ']'");
      else if (peek().text !== "]") fail(`',' or ']' is expected, not ${peek().text}`);
    }
    next();
    return items;
  };
  while (at < tokens.length) {
    const { kind, text: key } = next();
    if (kind === "end") continue;
    const from = line;
    if (kind !== "word") fail(`a setting, KEY = VALUE, is expected, not ${key}`);
    if (next().text !== "=") fail(`'=' is expected after '${key}'`);
    const value = peek().text === "[" && peek().kind === "sign" ? (next(), list()) : scalar();
    if (at < tokens.length && next().kind !== "end")
      fail(`the end of the line is expected after the value of '${key}'`);
    settings.set(key, { value, line: from });
  }
  return settings;
}

/** Settings of `xl` that change nothing here. */
const ofNoConsequence = new Set([
  "type",
  "builder",
  "on_poweroff",
  "on_reboot",
  "on_watchdog",
  "vcpus_max",
  "maxvcpus",
  "maxmem",
  "uuid",
  "localtime",
  "sdl",
  "vnc",
  "nographic",
  "vga",
  "serial",
  "acpi",
  "apic",
  "pae",
  "nx",
  "timer_mode",
  "driver_domain",
]);
const crashes: Readonly<Record<string, OnCrash>> = {
  preserve: "preserve",
  "coredump-restart": "restart",
  restart: "restart",
  destroy: "destroy",
  "coredump-destroy": "destroy",
};

/** What a file says; `kernel` is the file to make the domain from. @throws {CommandError} */
export function parseXlConfig(file: string, text: string): Partial<DomainDefinition> & { readonly kernel?: string } {
  const out: { -readonly [K in keyof DomainDefinition]?: DomainDefinition[K] } & { kernel?: string } = {};
  for (const [key, { value, line }] of settingsOf(file, text)) {
    const fail = (what: string): never => {
      throw new CommandError(`${file}:${line}: ${what}`);
    };
    const string = (): string => (typeof value === "string" ? value : fail(`${key} is a string in quotes`));
    const whole = (): number => {
      const given = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      return typeof given === "number" ? given : fail(`${key} is a number`);
    };
    switch (key) {
      case "name":
        out.name = string();
        break;
      case "kernel":
        out.kernel = string();
        break;
      case "memory":
        // xl's unit is MiB.
        out.memoryKiB = whole() * 1024;
        break;
      case "vcpus":
        if (whole() !== 1) fail("vcpus: a domain has one vCPU; packets are spread over several domains instead");
        break;
      case "cpus": {
        const given = typeof value === "object" ? value[0] : value;
        if (!/^\d+$/.test(String(given ?? ""))) fail("cpus names one pCPU by its number");
        out.pcpu = Number(given);
        break;
      }
      case "cpu_weight":
        out.weight = whole();
        break;
      case "cap":
        out.cap = whole();
        break;
      case "on_crash": {
        const what = string();
        out.onCrash = crashes[what] ?? fail(`on_crash '${what}': it is one of ${Object.keys(crashes).join(", ")}`);
        break;
      }
      case "vif":
        if (typeof value !== "object") fail('vif is a list: vif = [ "bridge=vale0" ]');
        out.vifs = (value as readonly (string | number)[]).map((each) => {
          try {
            return parseVif(String(each));
          } catch (e) {
            return fail((e as Error).message);
          }
        });
        break;
      case "extra":
      case "cmdline":
        if (string() !== "") fail(`${key}: a Click domain takes no command line; its configuration says all`);
        break;
      default:
        if (!ofNoConsequence.has(key))
          fail(
            `'${key}' is not supported; there are name, kernel, memory, vcpus, cpus, cpu_weight, cap, vif, on_crash, extra`,
          );
    }
  }
  return out;
}
