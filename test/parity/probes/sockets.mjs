// Socket and its kin: their arguments, what they say of sockets that cannot be had, and what goes over a UNIX socket.
const end = (config) => `${config}; Script(wait 0.02, stop)`;
const long = "x".repeat(120);
/** A route table for ALLOW and DENY; the loop makes the configuration valid. */
const table = "t :: RadixIPLookup(127.0.0.1 0); Idle -> t -> Discard";

const inward = [
  "",
  "FOO",
  "FOO, 5, VERBOSE x",
  "tcp",
  "SNAPLEN 5, TCP, 127.0.0.1, 0",
  "TCP, 1.2.3.4",
  "TCP, 1.2.3.4, x",
  "TCP, x, x",
  "TCP, 127.0.0.1, 70000",
  "TCP, 127.0.0.1, 0, x",
  "TCP, 127.0.0.1, 0, 1.2.3.4, x, 5",
  "TCP, PORT 0, ADDR 127.0.0.1",
  "UDP, 127.0.0.1, 0, FOO 5, 6",
  "UDP, 127.0.0.1, nosuchport",
  "TCP, 127.0.0.1, 0, FRAME true",
  "TCP, 127.0.0.1, 0, ALLOW x, DENY y, VERBOSE z, SNAPLEN a, HEADROOM b, TIMESTAMP c, RCVBUF d, SNDBUF e, NODELAY f, CLIENT g, PROPER h",
  "TCP, 127.0.0.1, 0, HEADROOM 100, PROPER true, NODELAY 0, TIMESTAMP false",
  "UDP, 127.0.0.1, 0, 1.2.3.4, 5",
  "UDP, 127.0.0.1, 0, RCVBUF 5000, SNDBUF 5000",
  "TCP, 192.0.2.1, 99",
  "UDP, 192.0.2.1, 99",
  "TCP, 127.0.0.1, 1, CLIENT true",
  "UNIX",
  'UNIX, ""',
  "UNIX, a, b, c",
  "UNIX, a, FRAME false",
  "UNIX, nosuch/x",
  `UNIX, ${long}`,
  `UNIX, a, ${long}`,
  `UNIX_DGRAM, ${long}`,
  "unix, s",
].map((given) => ({
  name: `Socket(${given.replace(long, "a long name")})`,
  config: end(`Socket(${given}) -> Discard`),
}));

const outward = [
  "TCP, 127.0.0.1, 1",
  "TCP, 127.0.0.1, 1, 192.0.2.1, 9",
  "UDP, 127.0.0.1, 9, 192.0.2.1, 5",
  "UDP, 127.0.0.1, 9, 192.0.2.1",
  "UNIX, nosuch/x",
  "UNIX, file",
].map((given) => ({
  name: `to Socket(${given})`,
  config: end(`Idle -> Socket(${given})`),
  files: { file: "precious" },
  outputs: ["file"],
}));

const early = "where the configuration is wrong, nothing is said of the class being deprecated";
/** What is a number of the system's. */
const numbers = (text) => text.replace(/connection \d+/g, "connection N").replace(/\(\d+\)/g, "(N)");
/** A Socket that listens on a UNIX socket, and what a client gets that says something there. */
const session = (name, text, config, more = {}) => ({ name, config, sessions: { s: text }, mask: numbers, ...more });

const multicast = [
  "",
  "239.1.2.3",
  "239.1.2.3, x",
  "x, 5",
  "239.1.2.3, 5000, x, y",
  "239.1.2.3, 47931, 127.0.0.1, 0, 5",
  "239.1.2.3, 5000, LOOP x, SNAPLEN y, HEADROOM z, TIMESTAMP a, RCVBUF b, SNDBUF c, FOO 3",
  "MCASTPORT 70000, MCASTIP 239.1.2.3",
  "192.0.2.1, 47932",
  "127.0.0.1, 47933",
  "0.0.0.0, 47934",
  "239.1.2.3, 47935, 192.0.2.1",
  "239.1.2.3, 47936, 127.0.0.1",
  "239.1.2.3, 47937, 127.0.0.1, 47938, LOOP false, SNAPLEN 100, HEADROOM 5, TIMESTAMP false, RCVBUF 5000, SNDBUF 5000",
].map((given) => ({ name: `McastSocket(${given})`, config: end(`McastSocket(${given}) -> Discard`) }));

const raw = [
  "",
  "FOO",
  "TYPE FOO, 5",
  "TCP, x",
  "UDP, 70000",
  "UDP, nosuchport",
  "GRE, 70000",
  "GRE, x",
  "UDP, 5, 6",
  "UDP, SNAPLEN x, HEADROOM y, FOO 3",
  "udp, x, SNAPLEN y",
  "300",
  "-1",
].map((given) => ({ name: `RawSocket(${given})`, config: end(`RawSocket(${given}) -> Discard`) }));
const noRawSockets = "Node.js has no raw sockets";

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  ...inward,
  ...outward,
  ...multicast,
  { name: "McastSocket by itself", config: end("McastSocket(239.1.2.3, 47939, 127.0.0.1)") },
  {
    name: "McastSocket's output pushes",
    config: end("McastSocket(239.1.2.3, 47940, 127.0.0.1) -> Unqueue -> Discard"),
  },
  ...raw,
  ...["RawSocket(UDP, 53) -> Discard", "FromRawSocket(ICMP) -> Discard", "Idle -> Queue -> ToRawSocket(GRE, 5)"].map(
    (config) => ({ name: config, config: end(config), differs: noRawSockets }),
  ),
  { name: "RawSocket pulls", config: end("Idle -> RoundRobinSwitch -> RawSocket(UDP)") },
  { name: "RawSocket's output pushes", config: end("RawSocket(UDP) -> Unqueue -> Discard") },
  ...["", "x", "x, y", "FOO 3", '""'].map((given) => ({
    name: `UMLSwitch(${given})`,
    config: end(`UMLSwitch(${given}) -> Discard`),
  })),
  { name: "UMLSwitch pulls", config: end("Idle -> RoundRobinSwitch -> UMLSwitch") },
  { name: "ChangeUID", config: end("c :: ChangeUID; ChangeUID()"), args: ["-h", "c.handlers", "-h", "c.ports"] },
  { name: "ChangeUID(5)", config: end("ChangeUID(5)") },
  { name: "ChangeUID has no ports", config: end("Idle -> ChangeUID") },
  ...["ALLOW", "DENY"].map((which) => ({
    name: `${which} names no table`,
    config: end(`i :: Idle; Socket(TCP, 127.0.0.1, 0, ${which} i) -> Discard`),
  })),
  ...["RadixIPLookup", "DirectIPLookup", "LinearIPLookup", "RangeIPLookup", "StaticIPLookup"].map((name) => ({
    name: `ALLOW names a ${name}`,
    config: end(`${table.replace("RadixIPLookup", name)}; Socket(UDP, 127.0.0.1, 0, ALLOW t, DENY t) -> Discard`),
  })),
  {
    name: "a server tells where it listens",
    config: end(
      `${table}; Socket(TCP, 127.0.0.1, 0, DENY t, VERBOSE true) -> Discard; s :: Socket(UNIX, u, VERBOSE true) -> Discard; Socket(UDP, 127.0.0.1, 0, VERBOSE true) -> Discard`,
    ),
    mask: numbers,
  },
  { name: "a Socket alone is a client", config: end("Socket(UDP, 127.0.0.1, 0); Socket(UNIX, nosuch)") },
  { name: "ports of a Socket", config: end("Socket(UDP, 127.0.0.1, 0) -> s :: Null -> Socket(UDP, 127.0.0.1, 9)") },
  { name: "a Socket has one output", config: end("s :: Socket(UDP, 127.0.0.1, 0); s -> Discard; s[1] -> Discard") },
  {
    name: "handlers of a Socket",
    config: end("s :: Socket(UDP, 127.0.0.1, 0) -> Discard"),
    args: ["-h", "s.handlers", "-h", "s.config", "-h", "s.ports", "-h", "s.class"],
    differs: "a Socket has the handlers count, drops and port beside those of its task",
  },
  ...["FOO", "UDP, 127.0.0.1, 0", "UDP, 127.0.0.1, x"].flatMap((given) => [
    {
      name: `FromSocket(${given})`,
      config: end(`FromSocket(${given}) -> Discard`),
      ...(given.startsWith("UDP, 127.0.0.1, 0") ? {} : { differs: early }),
    },
  ]),
  { name: "ToSocket", config: end("Idle -> Queue -> ToSocket(UDP, 127.0.0.1, 9)") },
  {
    name: "ToSocket pulls",
    config: end("Idle -> RoundRobinSwitch -> ToSocket(UDP, 127.0.0.1, 9)"),
    differs: early,
  },
  {
    name: "ToSocket's output is pulled",
    config: end("s :: ToSocket(UDP, 127.0.0.1, 9); Idle -> s -> Queue -> Discard"),
    differs: early,
  },
  {
    name: "FromSocket pushes",
    config: end("FromSocket(UDP, 127.0.0.1, 0) -> Unqueue -> Discard"),
    differs: early,
  },
  session(
    "a packet is what one read has found",
    "one two three",
    "s :: Socket(UNIX, s) -> Print(x, CONTENTS ASCII) -> s; Script(wait 0.5, stop)",
  ),
  session(
    "a read finds SNAPLEN bytes at most",
    "abcdefghij",
    "s :: Socket(UNIX, s, SNAPLEN 4) -> Print(x, CONTENTS ASCII) -> s; Script(wait 0.5, stop)",
  ),
  // At the end of a connection Click also says what the call said that failed last, whichever that was.
  session(
    "a server tells of its connections",
    "hello",
    "s :: Socket(UNIX, s, VERBOSE true) -> Print(x) -> Discard; Script(wait 0.5, stop)",
    { mask: (text) => numbers(text).replace(/^s :: Socket: [A-Z].*\n/gm, "") },
  ),
  session(
    "packets wait until somebody takes them",
    "",
    'InfiniteSource("abc", LIMIT 3) -> q :: Queue -> s :: Socket(UNIX, s) -> Discard; Script(wait 0.3, print q.length, wait 0.2, print q.length, stop)',
    { differs: "the client here closes at once" },
  ),
  {
    name: "without TIMESTAMP",
    config: "s :: Socket(UNIX, s, TIMESTAMP false) -> Print(x, TIMESTAMP true) -> s; Script(wait 0.5, stop)",
    sessions: { s: "hello" },
  },
  {
    name: "UNIX_DGRAM",
    config: end("Socket(UNIX_DGRAM, s) -> Discard"),
    differs: "Node.js has no UNIX datagrams",
  },
  {
    name: "a packet length of none",
    config: end("Socket(UDP, 127.0.0.1, 0, SNAPLEN 0) -> Discard"),
    differs: "Click takes it, and delivers empty packets",
  },
];
