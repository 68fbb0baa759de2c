/** The options of the `click` command, as Click's user-level driver takes them. */
import { arg, emptyScope, Mistake, readText } from "@clickos/click-core/element";
import { parseControlAddress } from "@clickos/click-elements/node";
import { type OptionSpec, quoted, readCommandLine } from "./command-line.ts";
import { asBytes } from "./printable.ts";

export interface ClickOptions {
  /** The configuration: a file (`-` is standard input) or text given with `-e`. */
  readonly source: { readonly file: string } | { readonly text: string };
  readonly variables: ReadonlyMap<string, string>;
  readonly handlers: readonly string[];
  readonly exitHandler: string | undefined;
  readonly quit: boolean;
  readonly output: string | undefined;
  readonly reconfigurable: boolean;
  /** Arguments of the control sockets that the command adds to the configuration. */
  readonly controlSockets: readonly string[];
  readonly time: boolean;
  readonly warnings: boolean;
  /** Messages have Click's text alone, at a terminal too. */
  readonly plainErrors: boolean;
  readonly path: string | undefined;
  /** Files and packages with element classes of the user's. */
  readonly elements: readonly string[];
  /** Texts of attachments by the names of devices. */
  readonly devices: ReadonlyMap<string, string>;
  /** Simulated time from these nanoseconds on. */
  readonly simulated: bigint | undefined;
  /** What there is to say of the command line, though it is taken. */
  readonly remarks: readonly string[];
}

/** Times are nanoseconds of 63 bits, from 1970 on. */
const endOfTime = 2n ** 63n;

/** A command line that is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const options: readonly OptionSpec[] = [
  { kind: "reconfigure", long: "allow-reconfigure", short: "R", negatable: true },
  { kind: "clickpath", long: "clickpath", short: "C", argument: "string" },
  { kind: "expression", long: "expression", short: "e", argument: "string" },
  { kind: "device", long: "device", argument: "string" },
  { kind: "dpdk", long: "dpdk" },
  { kind: "elements", long: "elements", argument: "string" },
  { kind: "plain-errors", long: "plain-errors" },
  { kind: "file", long: "file", short: "f", argument: "string" },
  { kind: "handler", long: "handler", short: "h", argument: "string" },
  { kind: "help", long: "help" },
  { kind: "output", long: "output", short: "o", argument: "string" },
  { kind: "socket", long: "socket", argument: "integer" },
  { kind: "port", long: "port", short: "p", argument: "string" },
  { kind: "quit", long: "quit", short: "q" },
  { kind: "simtime", long: "simtime", argument: "real", optional: true },
  { kind: "simtime", long: "simulation-time", argument: "real", optional: true },
  { kind: "threads", long: "threads", short: "j", argument: "integer" },
  { kind: "affinity", long: "cpu", argument: "integer", optional: true, negatable: true },
  { kind: "affinity", long: "affinity", short: "a", argument: "integer", optional: true, negatable: true },
  { kind: "time", long: "time", short: "t" },
  { kind: "unix-socket", long: "unix-socket", short: "u", argument: "string" },
  { kind: "version", long: "version", short: "v" },
  { kind: "warnings", long: "warnings", negatable: true },
  { kind: "exit-handler", long: "exit-handler", short: "x", argument: "string" },
  { kind: "no-warnings", short: "w", negatable: true },
];

/** What is said after a command line that is wrong. */
export const shortUsage = "Usage: click [OPTION]... [ROUTERFILE]\nTry 'click --help' for more information.\n";

export const clickUsage = `Usage: click [OPTION]... [ROUTERFILE] [NAME=VALUE]...

Runs a Click router configuration until it stops, then prints handlers.
Without ROUTERFILE or -e, the configuration is read from standard input.

Options:
  -f, --file FILE               read the configuration from FILE
  -e, --expression EXPR         take EXPR as the configuration
  -h, --handler ELEMENT.H       print the value of a handler at the end, without ELEMENT one of the
                                router's; ELEMENT may be a pattern (* ? [x]), or a class
  -x, --exit-handler ELEMENT.H  take the exit status from a handler's value
  -q, --quit                    do not run the driver
  -o, --output FILE             write the flat configuration to FILE
  -R, --allow-reconfigure       give the router a handler hotconfig, which replaces the configuration
  -p, --port [ADDR:]PORT[+]     listen for control connections on a TCP port; + tries the next ones.
                                Only this machine can connect, unless another address is given
                                (0.0.0.0 for all)
  -u, --unix-socket FILE        listen for control connections on a UNIX socket
      --socket FD               take a file descriptor as a control connection
      --device DEV=ATTACHMENT   join a device to an attachment: eth0=tap:click0, af_packet:eth0,
                                qemu:/run/guest.sock, udp:HOST:PORT, pcap:FILE, ...
      --elements FILE           take element classes of a file of TypeScript or JavaScript, or of
                                an npm package, which is run
  -j, --threads N               accepted; a router runs on one thread
  -a, --affinity[=N]            accepted
      --simtime[=TIME]          run in simulated time, from TIME seconds on (1000000000)
  -t, --time                    print how much time the driver took
  -w, --no-warnings             print no warnings
      --plain-errors            show errors as Click does, without the text that they are about
  -C, --clickpath PATH          look for libraries in PATH
      --help                    print this
  -v, --version                 print the version

Long options may be abbreviated.
`;

/** The remarks that come before what is wrong are part of the error. @throws {UsageError} */
export function readClickOptions(argv: readonly string[]): ClickOptions | "help" | "version" {
  const variables = new Map<string, string>();
  const devices = new Map<string, string>();
  const handlers: string[] = [];
  const elements: string[] = [];
  const ports: string[] = [];
  const unixSockets: string[] = [];
  const sockets: string[] = [];
  const remarks: string[] = [];
  let source: ClickOptions["source"] | undefined;
  let [exitHandler, output, path]: (string | undefined)[] = [undefined, undefined, process.env.CLICKPATH];
  let plainErrors = false;
  let [quit, reconfigurable, time, warnings] = [false, false, false, true];
  let simulated: bigint | undefined;
  const wrong = (...messages: string[]): UsageError => new UsageError([...remarks, ...messages].join("\n"));
  const give = (given: ClickOptions["source"]): void => {
    if (source) throw wrong("router configuration specified twice");
    source = given;
  };
  for (const next of readCommandLine(argv, options)) {
    if ("wrong" in next) throw wrong(...next.wrong.map((message) => `click: ${message}`));
    if ("word" in next) {
      const match = /^(\w+)=([\s\S]*)$/.exec(next.word);
      if (!match) give({ file: next.word });
      else if (variables.has(match[1] as string)) remarks.push(`parameter '${match[1]}' multiply defined`);
      else variables.set(match[1] as string, asBytes(match[2] as string));
      continue;
    }
    const { option, negated, shown, value = "" } = next;
    switch (option) {
      case "file":
        give({ file: value });
        break;
      case "expression":
        give({ text: asBytes(value) });
        break;
      case "output":
        if (output !== undefined) throw wrong("output file specified twice");
        output = value;
        break;
      case "device": {
        const [, device, attachment] = /^([\w.@/-]+)=(.+)$/.exec(value) ?? [];
        if (device === undefined || attachment === undefined)
          throw wrong(
            `click: ${quoted(shown)} expects DEVICE=ATTACHMENT, such as eth0=tap:click0, not ${quoted(value)}`,
          );
        if (devices.has(device)) throw wrong(`click: device ${quoted(device)} is given twice`);
        devices.set(device, attachment);
        break;
      }
      case "elements":
        elements.push(value);
        break;
      case "handler":
        handlers.push(asBytes(value));
        break;
      case "exit-handler":
        if (exitHandler) throw wrong("--exit-handler specified twice");
        exitHandler = asBytes(value);
        break;
      case "port": {
        const port = portOf(value);
        if (port === undefined) throw wrong(`click: ${quoted(shown)} expects a TCP port number, not ${quoted(value)}`);
        ports.push(port);
        break;
      }
      case "unix-socket":
        unixSockets.push(value);
        break;
      case "socket":
        sockets.push(value);
        break;
      case "reconfigure":
        reconfigurable = !negated;
        break;
      case "quit":
        quit = true;
        break;
      case "time":
        time = true;
        break;
      case "warnings":
        warnings = !negated;
        break;
      case "plain-errors":
        plainErrors = true;
        break;
      case "no-warnings":
        warnings = false;
        break;
      case "threads":
        if (Number(value) > 1)
          remarks.push("warning: Click was built without multithread support, running single threaded");
        break;
      case "affinity":
        remarks.push("warning: CPU affinity is not supported on this platform");
        break;
      case "simtime":
        simulated = nanoseconds(next.value ?? "1000000000");
        if (simulated < 0n || simulated >= endOfTime)
          throw wrong(`click: ${quoted(shown)} expects seconds from 1970 on, up to 2262, not ${quoted(value)}`);
        break;
      case "clickpath":
        path = value;
        break;
      case "help":
      case "version":
        return option;
    }
  }
  return {
    source: source ?? { file: "-" },
    variables,
    devices,
    elements,
    handlers,
    exitHandler: exitHandler || undefined,
    quit,
    output,
    reconfigurable,
    controlSockets: [
      ...ports.map((port) => `TCP, ${port}`),
      ...unixSockets.map((file) => `UNIX, ${file}`),
      ...sockets.map((fd) => `SOCKET, ${fd}`),
    ],
    time,
    warnings,
    plainErrors,
    path,
    simulated,
    remarks,
  };
}

/** A port, by number or name, or a number with `+`; and what Click has not, an address before it. */
function portOf(text: string): string | undefined {
  const port = readText(arg.port("tcp"), text, emptyScope);
  if (!(port instanceof Mistake)) return String(port);
  const address = parseControlAddress(text);
  if (!address || (address.search && address.port === 0)) return undefined;
  return text;
}

function nanoseconds(seconds: string): bigint {
  const value = Math.round(Number(seconds) * 1e9);
  if (Number.isNaN(value)) return 0n;
  return BigInt(Math.min(Math.max(value, -1), Number(endOfTime)));
}
