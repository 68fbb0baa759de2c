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
  session("elements are named by number, and the router by 0 or nothing", [
    "READ 1.name",
    "READ 2.class",
    "READ 99.name",
    "READ 01.name",
    "READ 0.list",
    "READ .list",
    "READ list",
    "READ 0.nosuch",
    "READ x/y.name",
    "READ y.name",
  ]),
  session("what may not be read or written", [
    "READ c.reset",
    "WRITE c.count 5",
    "READ nosuch.count",
    "READ c.nosuch",
    "WRITE c.nosuch",
    "READ nosuch",
    "WRITE nosuch",
    "WRITE version",
    "READ stop",
    "CHECKREAD c.count",
    "CHECKWRITE c.count",
    "CHECKREAD c.reset",
    "CHECKWRITE c.reset",
    "CHECKREAD c.nosuch",
    "CHECKREAD nosuch.count",
    "CHECKWRITE stop",
    "CHECKWRITE version",
    "CHECKREAD",
    "CHECKREAD c.count more",
  ]),
  session("a read with parameters", [
    "READ s.run 1",
    "READ  s.run \t 2 ",
    "READDATA s.run 1",
    "3READDATA s.run 3",
    "4\r",
    "GET s.run 5",
    "READ s.add 1 2  3",
  ]),
  session("words that are wrong", [
    "FOO",
    "foo bar",
    "READ",
    "WRITE",
    "READDATA c.count",
    "READDATA c.count x",
    "WRITEDATA c.reset -1",
    "WRITEDATA c.reset 1 2",
    "READUNTIL",
    "READDATA s.run 0x1",
    "6",
    "",
    "   ",
    "\tREAD\tc.count\t",
    "SET q.capacity 30",
    "SETDATA q.capacity 2",
    "40",
    "READ q.capacity",
    "caf\xe9 \x01",
    "CLOSEIT",
  ]),
  session(
    "lines until a word keep their ends",
    "WRITEUNTIL p.run END\r\n12\r\nEND\r\nWRITEUNTIL p.run END\n13END\n\nEND\nWRITEUNTIL p.run\n14\n\nREADUNTIL s.run .\n15\n.  \nREADUNTIL s.run .\r16\r.\rWRITEUNTIL p.run X Y\n17\nX  Y\n X Y\nX Y\n",
    { config: 'p :: Script(TYPE PASSIVE, print "<$args>"); s :: Script(TYPE PASSIVE, return $(add $args 1))' },
  ),
  session("white space around a number", "WRITEDATA q.capacity 3\r\n12\nREAD q.capacity\r\n", {
    differs: "white space around a value that is written does no harm here",
  }),
  session("a call of an element's own takes its data, and is refused", [
    "LLRPC c#0",
    "LLRPC c",
    "LLRPC c#zz",
    "LLRPC x#0",
    "LLRPC",
    "LLRPC c#0 4 5",
    "LLRPC c#0 x",
    "LLRPC c#0 12",
    "READ c.countREAD c.count",
    "LLRPC c#80000000",
    "LLRPC c#C0048001",
  ]),
  session("a last line needs no end", "READ c.count\n", {
    sessions: { s: "READ c.class\nWRITE stop" },
  }),
  session("a line may end in CR alone", "READ c.count\rREAD c.class\r"),
  session("data that is not all there", "", { sessions: { s: "WRITEDATA q.capacity 90\nREAD c.class\nWRITE stop\n" } }),
  session("lines without the word", "", { sessions: { s: "WRITEUNTIL q.capacity END\nREAD c.class\nWRITE stop\n" } }),
  session("QUIT ends what comes after it", ["QUIT now", "READ c.count"], {
    config: `${config}; Script(wait 1, stop)`,
    args: ["-u", "s"],
  }),
  session("HELP", ["HELP", "help me"]),
  session("a session that may only read", [], {
    config: `${config}; cs :: ControlSocket(unix, s, READONLY true); Script(wait 1, stop)`,
    args: [],
    sessions: {
      s: "READ c.count\nWRITE c.reset\nWRITEDATA c.reset 3\nabcCHECKWRITE c.reset\nCHECKWRITE c.count\nWRITE nosuch 5\nWRITE c.count 5\nLLRPC c#C0048001 4\nabcdREAD cs.handlers\n",
    },
  }),
  session("an element that stands for all others", [], {
    config:
      "p :: Script(TYPE PROXY, print $write $args, return <$args>); ControlSocket(UNIX, s, PROXY p); Script(wait 1, stop)",
    args: [],
    sessions: { s: "READ c.count\nREAD c.count x y\nREAD list\nWRITE a.b 7\nCHECKREAD x\nREAD 0.x\nCHECKWRITE y\n" },
  }),
  session("a socket tells of its connections", ["READ c.count"], {
    config: `${config}; cs :: ControlSocket(UNIX, s, VERBOSE true)`,
    args: [],
    mask: (text) => text.replace(/connection \d+/g, "connection N"),
  }),
  session(
    "handlers of the sockets",
    ["READ cs.handlers", "READ cs.filename", "READ ch.handlers", "READ t.handlers", "READ t.port"],
    {
      config: "cs :: ControlSocket(UNIX, s); ch :: ChatterSocket(UNIX, h); t :: ControlSocket(TCP, 47811)",
      args: [],
    },
  ),
  argument("a port by name", "c :: ControlSocket(TCP, 47812+)", { args: ["-h", "c.port"] }),
  {
    name: "chatter goes to clients",
    config:
      "ChatterSocket(UNIX, s); ControlSocket(UNIX, t); p :: Print(x); t2 :: TimedSource(0.1, DATA ab) -> p -> Discard; Script(wait 1, stop)",
    sessions: { s: "" },
    mask: (text) => text.replace(/(x:.*\n)+/g, "lines\n"),
  },
  {
    name: "chatter without a greeting",
    config:
      "ChatterSocket(UNIX, s, GREETING false); TimedSource(0.1, DATA ab) -> Print(x) -> Discard; Script(wait 1, stop)",
    sessions: { s: "" },
    mask: (text) => text.replace(/(x:.*\n)+/g, "lines\n"),
  },
];
