// Handlers in general: those that every element has, those of the router, and what is said where there is none.
const list = (name, config, args) => ({ name, config, args: ["-q", ...args.flatMap((h) => ["-h", h])] });
const script = (name, config, instructions, more = {}) => ({
  name,
  config: `${config}; Script(${instructions}, stop)`,
  ...more,
});
const config =
  "c :: Counter; q :: Queue(5); i :: InfiniteSource(LIMIT 3, ACTIVE false) -> c -> q -> u :: Unqueue -> d :: Discard";

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  list("of the router", config, ["handlers", "driver", "version", "timewarp", "packages", "list", "flatconfig"]),
  list("of the router with -R", config, ["handlers", "list"]),
  { name: "of the router that may be replaced", config, args: ["-q", "-R", "-h", "handlers"] },
  { name: "of the router in simulated time", config, args: ["-q", "--simtime", "-h", "handlers", "-h", "timewarp"] },
  list("of elements", `${config}; n :: Null; t :: Tee; Idle -> n -> t -> Discard; t[1] -> Discard; id :: Idle`, [
    "c.handlers",
    "n.handlers",
    "t.handlers",
    "id.handlers",
    "u.handlers",
    "d.handlers",
  ]),
  list(
    "ports",
    `${config}; t :: Tee; Idle -> t; Idle -> t; t -> q2 :: Queue -> Discard; t [1] -> Discard; t[2] -> q2`,
    ["*.ports"],
  ),
  list("ports of compounds", "elementclass X { input -> Null -> output } Idle -> x :: X -> Discard", [
    "*.ports",
    "*.class",
    "*.name",
    "*.config",
  ]),
  list(
    "config as it was given",
    "q :: Queue( 5 /* five */ ); Idle -> q -> Unqueue -> Discard; s :: Script(TYPE PASSIVE,   return 1)",
    ["q.config", "s.config"],
  ),
  script(
    "what may not be written or read",
    config,
    "write c.count 5, write c.nosuch 1, write nosuch.x 1, write nosuch 1, read c.reset, read c.nosuch, read nosuch.x, read nosuch, write c.config, write version 1",
  ),
  script("parameters where none are taken", config, "read c.count 5, print $(c.count 5), read c.class x"),
  script("config of elements that do not reconfigure live", config, "write c.config, write d.config, write u.config 1"),
  script(
    "config of one that does",
    config,
    "write q.config 7, print $(q.capacity) $(q.config), write i.config FOO, print $(i.config)",
  ),
  script(
    "tickets",
    config,
    "print $(u.tickets), write u.tickets 0, print $(u.tickets), write u.tickets 99999, print $(u.tickets), write u.tickets x, write u.tickets 0x10, print $(u.tickets), write u.scheduled true",
  ),
  script(
    "time that runs otherwise",
    config,
    "write timewarp 2, print $(timewarp), write timewarp x, write timewarp 0, write timewarp nowait, print $(timewarp), wait 100, write timewarp .5, print $(timewarp)",
  ),
  script("time that cannot", config, "write timewarp 2, print $(timewarp)", { args: ["--simtime"] }),
  script("stop more than once", "DriverManager(wait_stop 2, print two, stop)", "write stop 1, write stop x"),
  { name: "no home threads", config, args: ["-q", "-h", "u.home_thread"] },
  list("classes", config, ["classes"]),
  ...[
    "RadixIPLookup(0/0 0)",
    "DirectIPLookup(0/0 0)",
    "LinearIPLookup(0/0 0)",
    "RangeIPLookup(0/0 0)",
    "StaticIPLookup(0/0 0)",
    "AggregateIPFlows",
    "EtherEncap(0x800, 1:1:1:1:1:1, 2:2:2:2:2:2)",
    "IPFragmenter(100)",
    "ICMPError(1.1.1.1, 3, 3)",
    "TimeSortedSched",
    "CheckIPHeader(DETAILS true)",
    "ARPQuerier(1.1.1.1, 1:1:1:1:1:1)",
  ].map((element) =>
    list(
      `those of ${element}`,
      `Idle -> x :: ${element} -> Discard${element.startsWith("ARPQ") ? "; Idle -> [1] x" : ""}`,
      ["x.handlers"],
    ),
  ),
  list("those of ProgressBar", "x :: ProgressBar(list)", ["x.handlers"]),
].map((probe) =>
  probe.name === "classes" ? { ...probe, differs: "the classes that there are; we sort them" } : probe,
);
