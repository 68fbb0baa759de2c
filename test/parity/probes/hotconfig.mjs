// A configuration that takes another's place: what is said of it, to whom, and what goes on.
const config = "c :: Counter; Idle -> c -> Discard";

/** A script writes it, and tells what came of it. */
const written = (text, more = {}) => ({
  name: `a script writes ${text}`,
  args: ["-R", "--simtime"],
  config: `${config}; s :: Script(${text}, print "after $?", print $(c.class), print $(list), stop)`,
  ...more,
});
/** Clients write several, one after another, and ask what is there. */
const session = (name, texts, more = {}) => ({
  name,
  args: ["-R", "-u", "s"],
  config,
  sessions: { s: [...texts.map((text) => `WRITE hotconfig${text}`), "READ list", "WRITE stop", ""].join("\r\n") },
  ...more,
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  written("write hotconfig"),
  written("print $(hotconfig)"),
  ...[
    "x :: Nosuch",
    "Idle -> Queue(x) -> Discard",
    "Idle ->",
    "require(foo)",
    "require(library nosuch)",
    "// nothing",
    "",
    "Idle -> Print(a, FOO 3) -> Counter(x) -> Discard(y)",
    "elementclass A { Idle -> Foo } A -> Discard",
    "Idle -> Queue -> Queue\nfoo bar\n baz :: ",
    "Message(hi, WARNING)",
    "Idle -> IPFilter(allow foo) -> Discard",
    "ToIPSummaryDump(/nosuch/x)",
    "FromDump(nosuch) -> Discard",
    "ControlSocket(UNIX, no/s)",
    "ChatterSocket(UNIX, no/s)",
    "Message(hi); Idle -> Print(a, LENGTH 3) -> Discard",
    "Message(hi); Idle -> Print(a, LENGTH 3) -> Discard(3)",
    "Idle -> Print(a, LENGTH 3) -> Discard; ControlSocket(UNIX, no/s)",
    "Idle -> c :: Counter -> Discard; Script(print hi, print $(list), stop)",
    "Idle -> Discard; Script(TYPE ACTIVE, print hi, read nosuch.x, stop)",
  ].map((text) => written(`writeq hotconfig "${text}"`)),
  written('writeq hotconfig "# 40 \\"zz\\"\nFoo(3)"', {
    differs: "a line that names another file stands before the error only, and not before the headings above it",
  }),
  session("a client writes what is wrong", [
    "",
    " x :: Nosuch",
    " Idle -> Queue(x) -> Discard",
    " ControlSocket",
    " ControlSocket(UNIX, no/s); Message(hi)",
    " Idle; require(foo)",
    " Idle -> ->",
    " A(3)",
    " elementclass A { $a | Idle } A(1,2); A",
    " x :: Idle; x :: Idle",
    " Print(a)->Discard",
    " Idle -> Tee -> Unqueue -> Queue",
    " FromDump(nosuch) -> Discard",
    ' Message("a\\nb", ERROR)',
  ]),
  session("a client is told what a configuration has to say", [" Message(hi); Idle -> Discard"]),
  session("a client is warned", [" Message(hi); Idle -> Print(a, LENGTH 3) -> Discard"]),
  session("a client is warned before an error", [" Idle -> Print(a, LENGTH 3) -> Discard(a)"]),
  session("a configuration by its length, and until a word", [], {
    sessions: {
      s: "WRITEDATA hotconfig 4\r\nIdleWRITEUNTIL hotconfig END\r\nIdle -> Foo\r\nQueue(x)\r\n   bar :: Zuup;\r\nEND\r\nWRITE stop\r\n",
    },
  }),
];
