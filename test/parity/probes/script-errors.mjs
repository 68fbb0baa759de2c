// What is wrong with scripts: in a configuration, and where they call handlers.
/** @typedef {import("../probe.mjs").Probe} Probe */

/** A script that is wrong. */
const active = (name, text) => ({ name, config: `c :: Counter; Idle -> c -> Discard; s :: Script(${text})` });

/** @type {Probe[]} */
export const probes = [
  { name: "bad TYPE", config: "Script(TYPE FOO, stop)" },
  { name: "bad TYPE, lower case", config: "Script(TYPE active, stop)" },
  { name: "bad TYPE, two words", config: "Script(TYPE ACTIVE foo, stop)" },
  { name: "TYPE without a value", config: "Script(TYPE, stop)" },
  { name: "a SIGNAL without a number", config: "Script(TYPE SIGNAL, stop)" },
  { name: "a SIGNAL that is unknown", config: "Script(TYPE SIGNAL FOO, stop)" },
  { name: "a SIGNAL out of range", config: "Script(TYPE SIGNAL 32, stop)" },
  { name: "PACKET without inputs", config: "Script(TYPE PACKET, stop)" },
  { name: "an output without inputs", config: "Script(return 0) -> Discard" },
  { name: "ports on others", config: "Idle -> Script(TYPE PASSIVE, stop) -> Discard" },
  { name: "two drivers", config: "Script(TYPE DRIVER, stop); DriverManager(stop)" },
  {
    name: "errors of a handler are under its call",
    config:
      "q :: Queue; Idle -> q -> Idle; s :: Script(write q.capacity x, write q.capacity y, print s.add a, write s.goto nosuch, read s.lt 1, stop)",
  },
  { name: "syntax of a DriverManager", config: "DriverManager(wait_pause, foo)" },
  active("goto start is no label", "goto start, stop"),
  active("goto return is no label", "goto return, stop"),
  active("goto a variable is no label", "set x a, label a, goto $x, stop"),
  active("all errors of a script", "foo, label, goto nowhere, set x, goto nowhere2, stop"),
  ...[
    "foo",
    "PRINT x",
    "set x",
    "setq x",
    "set",
    "loop 5",
    "label",
    "label a b",
    "end 5",
    "exit 5",
    "stop 5",
    "wait_step x",
    "wait_pause",
    "step",
    "step 5",
    "printqn a",
    "pause -1",
    "pause x",
    "init",
    "export",
    "goto nosuch",
    "goto nosuch true",
    "label a, goto b",
  ].map((text) => active(`syntax: ${text}`, `${text}, stop`)),
  { name: "kill is for scripts only", config: "s :: Script(TYPE PASSIVE, end)", args: ["-q", "-h", "s.kill"] },
  {
    name: "the place of what hotconfig refuses is in front of the line",
    config:
      "Idle -> Discard; s :: Script(TYPE PASSIVE, write hotconfig Idle -> Queue(x) -> Discard, write d.nosuch); Script(write s.run, write hotconfig Idle -> Foo -> Bar, write nosuch, stop)",
    args: ["-R"],
  },
  {
    name: "files that are not there",
    config: 'Script(print >/nonexistent/x "y", print $(cat nosuch), print "z", save version /nonexistent/y, stop)',
  },
];
