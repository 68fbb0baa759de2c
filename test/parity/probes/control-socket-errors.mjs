// ControlSocket and ChatterSocket: their arguments, and what they say to whom.
const config =
  "c :: Counter; i :: InfiniteSource(LIMIT 3, ACTIVE false) -> c -> q :: Queue(10) -> u :: Unqueue -> Discard; s :: Script(TYPE PASSIVE, return $(add $args 1)); x/y :: Idle; e :: Script(TYPE PASSIVE, error no)";

/** Many commands one after another, each answered before the next, then a stop. */
const session = (name, lines, { config: given = config, args = ["-u", "s"], ...more } = {}) => ({
  name,
  config: given,
  args,
  sessions: { s: `${typeof lines === "string" ? lines : lines.map((line) => `${line}\r\n`).join("")}WRITE stop\r\n` },
  ...more,
});
/** A socket's arguments that are wrong, or not. */
const argument = (name, config, more = {}) => ({ name, config: `${config}; Script(stop)`, ...more });

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  session("handlers that refuse", [
    "READ c.count 5",
    "WRITE q.capacity x",
    "WRITE u.tickets 99999",
    "WRITE u.tickets 0",
    "WRITE u.tickets x",
    "READ u.tickets",
    "WRITE q.capacity 20",
    "READ q.capacity",
    "WRITE c.reset anything at all",
  ]),
  session("a capacity without a number", ["WRITE q.capacity", "READ q.capacity"]),
  session(
    "what hotconfig says of a bad configuration",
    [
      "WRITE hotconfig x :: Nosuch",
      "WRITE hotconfig Idle -> Queue(x) -> Discard",
      "READ list",
      "WRITE hotconfig Idle -> d :: Discard",
      "READ c.count",
    ],
    {
      args: ["-u", "s", "-R"],
    },
  ),
  session("config of an element that reconfigures live", [
    "READ q.config",
    "WRITE q.config 7",
    "READ q.config",
    "READ q.capacity",
    "WRITE q.config x",
    "READ q.config",
    "WRITE c.config",
  ]),
  argument("a type that is not known", "ControlSocket(FOO, 1)"),
  argument("a port that is none", "ControlSocket(TCP, x)"),
  argument("no port", "ControlSocket(TCP)"),
  argument("no file", "ControlSocket(UNIX)"),
  argument("nothing", "ControlSocket"),
  argument("READONLY has a keyword", "ControlSocket(TCP, 47813, true)"),
  argument("a file's name that is too long", `ControlSocket(UNIX, ${"x".repeat(120)})`),
  argument("a folder that is not there", "ControlSocket(UNIX, no/s)"),
  argument("a file that is there", "ControlSocket(UNIX, f)", { files: { f: "" }, outputs: ["f"] }),
  argument("a socket is tried again", "ControlSocket(UNIX, no/s, RETRIES 2); Script(wait 4, stop)", {
    name: "a socket is tried again",
    args: ["--simtime"],
  }),
  argument("a proxy that is none", "ControlSocket(TCP, 47814, PROXY nosuch)"),
  argument("chatter to a type that is not known", "ChatterSocket(FOO, 1)"),
  argument("chatter to a port that is none", "ChatterSocket(TCP, x)"),
  argument("chatter to a port that is too large", "ChatterSocket(TCP, 70000)"),
  argument("chatter to no port", "ChatterSocket(TCP)"),
  argument("chatter to a folder that is not there", "ChatterSocket(UNIX, no/s)"),
];
