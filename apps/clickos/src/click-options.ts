/** The options of the `click` command, as Click's user-level driver takes them. */
import { parseArgs } from "node:util";
import { parseControlAddress, type TcpAddress } from "@clickos/click-elements/node";

export interface ClickOptions {
  /** The configuration: a file (`-` is standard input) or text given with `-e`. */
  readonly source: { readonly file: string } | { readonly text: string };
  readonly variables: ReadonlyMap<string, string>;
  readonly handlers: readonly string[];
  readonly exitHandler: string | undefined;
  readonly quit: boolean;
  readonly output: string | undefined;
  readonly reconfigurable: boolean;
  /** Where to listen for control connections over TCP. */
  readonly ports: readonly TcpAddress[];
  readonly unixSockets: readonly string[];
  readonly time: boolean;
  readonly warnings: boolean;
  readonly path: string | undefined;
  /** Simulated time from these seconds on. */
  readonly simulated: bigint | undefined;
}

/** A command line that is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const options = {
  file: { type: "string", short: "f", multiple: true },
  expression: { type: "string", short: "e", multiple: true },
  handler: { type: "string", short: "h", multiple: true },
  "exit-handler": { type: "string", short: "x" },
  quit: { type: "boolean", short: "q" },
  output: { type: "string", short: "o" },
  "allow-reconfigure": { type: "boolean", short: "R" },
  port: { type: "string", short: "p", multiple: true },
  "unix-socket": { type: "string", short: "u", multiple: true },
  socket: { type: "string" },
  threads: { type: "string", short: "j" },
  affinity: { type: "boolean", short: "a" },
  time: { type: "boolean", short: "t" },
  "no-warnings": { type: "boolean", short: "w" },
  warnings: { type: "boolean" },
  clickpath: { type: "string", short: "C" },
  simtime: { type: "string" },
  "simulation-time": { type: "string" },
  help: { type: "boolean" },
  version: { type: "boolean", short: "v" },
} as const;

export const clickUsage = `Usage: click [OPTION]... [ROUTERFILE] [NAME=VALUE]...

Runs a Click router configuration until it stops, then prints handlers.
Without ROUTERFILE or -e, the configuration is read from standard input.

Options:
  -f, --file FILE            read the configuration from FILE
  -e, --expression EXPR      take EXPR as the configuration
  -h, --handler ELEMENT.H    print the value of a handler at the end; * stands for any name
  -x, --exit-handler E.H     take the exit status from a handler's value
  -q, --quit                 do not run the driver
  -o, --output FILE          write the flat configuration to FILE
  -R, --allow-reconfigure    allow hotconfig, and config of elements that can change it, to be written
  -p, --port [ADDR:]PORT[+]  listen for control connections on a TCP port; + tries the next ones. Only
                             this machine can connect, unless another address is given (0.0.0.0 for all)
  -u, --unix-socket FILE     listen for control connections on a UNIX socket
  -j, --threads N            accepted; a router runs on one thread
  -a, --affinity             accepted
      --simtime[=TIME]       run in simulated time, from TIME seconds on (1000000000)
  -t, --time                 print how much time the driver took
  -w, --no-warnings          print no warnings
  -C, --clickpath PATH       look for libraries in PATH
      --help                 print this
  -v, --version              print the version
`;

/** Reads a command line. @throws {UsageError} */
export function readClickOptions(argv: readonly string[]): ClickOptions | "help" | "version" {
  // An option whose value may be left out; and the attached spelling, for all.
  const given = argv.map((a) => (a === "--simtime" || a === "--simulation-time" ? `${a}=1000000000` : a));
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true; strict: true }>>;
  try {
    parsed = parseArgs({ args: given, options, allowPositionals: true, strict: true });
  } catch (e) {
    throw new UsageError((e as Error).message.split(". To specify")[0] ?? "bad options");
  }
  const { values, positionals } = parsed;
  if (values.help) return "help";
  if (values.version) return "version";
  const variables = new Map<string, string>();
  const files: string[] = [...(values.file ?? [])];
  for (const word of positionals) {
    const match = /^(\w+)=([\s\S]*)$/.exec(word);
    if (match) variables.set(match[1] as string, match[2] as string);
    else files.push(word);
  }
  const texts = values.expression ?? [];
  if (files.length + texts.length > 1) throw new UsageError("the configuration is given more than once");
  const simulated = values.simtime ?? values["simulation-time"];
  if (simulated !== undefined && !/^\d+(?:\.\d+)?$/.test(simulated))
    throw new UsageError(`--simtime '${simulated}' is not a time in seconds`);
  if (values.threads !== undefined && !/^[1-9]\d*$/.test(values.threads))
    throw new UsageError(`-j '${values.threads}' is not a number of threads`);
  return {
    source: texts[0] !== undefined ? { text: texts[0] } : { file: files[0] ?? "-" },
    variables,
    handlers: values.handler ?? [],
    exitHandler: values["exit-handler"],
    quit: values.quit ?? false,
    output: values.output,
    reconfigurable: values["allow-reconfigure"] ?? false,
    ports: (values.port ?? []).map((text) => {
      const address = parseControlAddress(text);
      if (!address) throw new UsageError(`-p '${text}' is not a port`);
      return address;
    }),
    unixSockets: values["unix-socket"] ?? [],
    time: values.time ?? false,
    warnings: !values["no-warnings"],
    path: values.clickpath ?? process.env.CLICKPATH,
    simulated: simulated === undefined ? undefined : seconds(simulated),
  };
}

function seconds(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}
