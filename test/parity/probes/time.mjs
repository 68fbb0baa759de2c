// Time, tasks and notification: the clock of a simulation, who runs in which order and how often, and who sleeps when.

/** A configuration with a script at its end, in simulated time. */
const script = (name, config, instructions, more = {}) => ({
  name,
  config: `${config}; Script(${instructions}, stop)`,
  args: ["--simtime"],
  ...more,
});
/** Values of handlers once the run is over. */
const values = (name, config, handlers, more = {}) => ({
  name,
  config,
  args: ["--simtime", ...handlers.flatMap((h) => ["-h", h])],
  ...more,
});
/** Without a run. */
const quiet = (name, config, handlers) => ({ name, config, args: ["-q", ...handlers.flatMap((h) => ["-h", h])] });

const shown = "Print(TIMESTAMP true)";
/** A packet of this text now and then. */
const every = (interval, text, more = "") => `TimedSource(${interval}, ${text}${more})`;

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  // The clock
  ...[
    "--simtime",
    "--simtime=0",
    "--simtime=5",
    "--simtime=1.5",
    "--simtime=1000000000.123456789",
    "--simtime=1e6",
  ].map((start) =>
    script(
      `the clock of ${start}`,
      "Idle -> Discard",
      "print $(now), wait 1, print $(now), wait 0.25, print $(now) $(now)",
      { args: [start] },
    ),
  ),
  script(
    "each reading of the clock takes a nanosecond",
    "InfiniteSource(x, LIMIT 4) -> Print(TIMESTAMP true) -> SetTimestamp -> Print(TIMESTAMP true) -> SetTimestamp -> SetTimestamp -> Print(TIMESTAMP true) -> Discard",
    "print $(now), wait 1, print $(now)",
  ),
  script(
    "the clock and packets without times",
    "InfiniteSource(x, LIMIT 4, TIMESTAMP false) -> Counter -> Discard; TimedSource(1, x) -> Print(TIMESTAMP true) -> Discard",
    "wait 0.5, print $(now), wait 1, print $(now)",
  ),
  script(
    "the clock in a loop",
    "Idle -> Discard",
    "set i 0, label again, set i $(add $i 1), print $i $(now), wait 0.001, goto again $(lt $i 5)",
  ),
  script("waits of nothing", "Idle -> Discard", "print $(now), wait 0, print $(now), wait 0s, print $(now)"),
  script(
    "very short waits",
    "Idle -> Discard",
    "print $(now), wait 1ns, print $(now), wait 10ns, print $(now), wait 1us, print $(now)",
  ),
  script("very long waits", "Idle -> Discard", "wait 10 days, print $(now), wait 1h, print $(now)"),
  values(
    "no reason to go on",
    "InfiniteSource(LIMIT 5) -> c :: Counter -> Discard; DriverManager(wait 3, print $(c.count), stop)",
    ["c.count"],
  ),
  script("timewarp in simulated time", "Idle -> Discard", "print $(timewarp), write timewarp 5, print $(timewarp)"),

  // Timers
  script(
    "a script and a source of the same interval",
    `t :: TimedSource(1) -> c :: Counter -> Discard`,
    "wait 1, print $(c.count), wait 1, print $(c.count), wait 1, print $(c.count)",
  ),
  {
    name: "a script before a source of the same interval",
    config:
      "Script(wait 1, print $(c.count), wait 1, print $(c.count), wait 1, print $(c.count), stop); TimedSource(1) -> c :: Counter -> Discard",
    args: ["--simtime"],
  },
  values(
    "sources of equal times, in order",
    `${every(1, "a")} -> p :: Print -> Discard; ${every(1, "b")} -> p; ${every(1, "c")} -> p; ${every(0.5, "d")} -> p; Script(wait 3.2, stop)`,
    [],
  ),
  values(
    "sources of many equal times",
    `${Array.from({ length: 12 }, (_, i) => `${every(1, `s${i}`)} -> p`).join("; ")}; p :: Print -> Discard; Script(wait 2.5, stop)`,
    [],
  ),
  values(
    "sources whose intervals meet",
    `${every(0.2, "a")} -> p :: Print -> Discard; ${every(0.3, "b")} -> p; ${every(0.6, "c")} -> p; Script(wait 1.9, stop)`,
    [],
  ),
  values(
    "a source without an interval",
    `${every(0, "a", ", LIMIT 3")} -> ${shown} -> Discard; Script(wait 1, stop)`,
    [],
  ),
  values(
    "scripts that wait",
    `Script(wait 1, print a, wait 1, print b); Script(wait 0.5, print c, wait 1, print d); Script(wait 1, print e, wait 1, print f, stop)`,
    [],
  ),

  // Tasks: order and strides
  values(
    "tasks run in the order of initialization",
    `InfiniteSource(a, LIMIT 3) -> p :: Print -> Discard; InfiniteSource(b, LIMIT 3) -> p; Script(wait 1, stop)`,
    [],
  ),
  values(
    "tasks of seven elements",
    `InfiniteSource(a, LIMIT 2) -> p :: Print -> Discard; InfiniteSource(b, LIMIT 2) -> p; InfiniteSource(c, LIMIT 2) -> p; InfiniteSource(d, LIMIT 2) -> p; Script(wait 1, stop)`,
    [],
  ),
  values(
    "tasks of nine elements with an AddressInfo",
    `AddressInfo(x 1.2.3.4); InfiniteSource(a, LIMIT 2) -> p :: Print -> Discard; InfiniteSource(b, LIMIT 2) -> p; InfiniteSource(c, LIMIT 2) -> p; InfiniteSource(d, LIMIT 2, STOP true) -> p; Idle -> Discard`,
    [],
  ),
  values(
    "tasks with tickets",
    "ScheduleInfo(a 3, b 1); a :: InfiniteSource(LIMIT 9000, STOP true) -> Discard; b :: InfiniteSource -> Discard",
    ["a.count", "b.count", "*.tickets"],
  ),
  values(
    "tasks with other tickets",
    "ScheduleInfo(a 1, b 0.25, c 7.5); a :: InfiniteSource -> Discard; b :: InfiniteSource -> Discard; c :: InfiniteSource(LIMIT 5000, STOP true) -> Discard",
    ["*.count", "*.tickets"],
  ),
  values(
    "tasks with bursts",
    "a :: InfiniteSource(BURST 5, LIMIT 1000, STOP true) -> Discard; b :: InfiniteSource(BURST 2) -> Discard",
    ["*.count"],
  ),
  values(
    "a pipeline of queues",
    "a :: InfiniteSource(LIMIT 1000, STOP true) -> q :: Queue(10) -> Unqueue(3) -> r :: Queue(7) -> u :: Unqueue -> s :: Queue(100) -> Discard(BURST 2)",
    ["*.length", "*.drops", "*.highwater_length", "*.count", "*.scheduled"],
  ),
  script(
    "tickets are written",
    "a :: InfiniteSource(LIMIT 8000, END_CALL s.run) -> Discard; b :: InfiniteSource -> Discard; s :: Script(TYPE PASSIVE, write b.active false)",
    "write a.tickets 2048, write b.tickets 512, wait 1, print $(a.count) $(b.count) $(a.tickets) $(b.tickets), write a.tickets 0, write b.tickets 100000, write a.tickets x, print $(a.tickets) $(b.tickets)",
  ),
  ...[
    "a 3, a/ 4, a/i 5",
    "a 2",
    "a/ 2",
    "a/i 2",
    "a/i 0.5, a/ 3",
    "b 7",
    "a/i 100",
    "a/i 0",
    "a/i 0.0001",
    "a/i 1e1",
    "a/i 1.9999",
  ].map((given) =>
    quiet(
      `ScheduleInfo(${given})`,
      `ScheduleInfo(${given}); elementclass A { i :: InfiniteSource -> output } a :: A -> Discard; b :: InfiniteSource -> Discard`,
      ["a/i.tickets", "b.tickets"],
    ),
  ),
  quiet(
    "ScheduleInfo inside and outside",
    "ScheduleInfo(a 3, a/ 4, a/i 5, b/ 2); elementclass A { ScheduleInfo(i 2); i :: InfiniteSource -> output } a :: A -> Discard; b :: A -> Discard",
    ["a/i.tickets", "b/i.tickets"],
  ),
  quiet(
    "ScheduleInfo in nested compounds",
    "ScheduleInfo(a/b/ 2, a/b/i 3, a/ 5); elementclass B { ScheduleInfo(i 1.5); i :: InfiniteSource -> output } elementclass A { ScheduleInfo(b/ 7); b :: B -> output } a :: A -> Discard; c :: A -> Discard",
    ["a/b/i.tickets", "c/b/i.tickets"],
  ),
  quiet(
    "ScheduleInfo inside only",
    "elementclass A { ScheduleInfo(i 2); i :: InfiniteSource -> output } a :: A -> Discard; i :: InfiniteSource -> Discard",
    ["a/i.tickets", "i.tickets"],
  ),
  quiet("two ScheduleInfos", "ScheduleInfo(i 2); ScheduleInfo(i 3, i 4); i :: InfiniteSource -> Discard", [
    "i.tickets",
  ]),
  quiet(
    "ScheduleInfo's bad arguments",
    "ScheduleInfo(i, i x, i 1 2, , i -1, i 3000000000); i :: InfiniteSource -> Discard",
    ["i.tickets"],
  ),
  quiet("ScheduleInfo of names that are not there", "ScheduleInfo(nosuch 2); i :: InfiniteSource -> Discard", [
    "i.tickets",
  ]),
  quiet(
    "tickets beyond what there are",
    "ScheduleInfo(i 33, j 32, k 31.9); i :: InfiniteSource -> Discard; j :: InfiniteSource -> Discard; Idle -> k :: Unqueue -> Discard",
    ["*.tickets"],
  ),
  quiet(
    "no tickets are no task",
    "ScheduleInfo(i 0, u 0); i :: InfiniteSource -> Discard; Idle -> u :: Unqueue -> Discard",
    ["*.tickets", "*.scheduled"],
  ),
  quiet(
    "tickets of tasks of all kinds",
    "ScheduleInfo(d 2, r 3, e 4, u 5, z 6); Idle -> d :: DelayUnqueue(1) -> Discard; r :: RatedSource -> Discard; Idle -> e :: RatedUnqueue(1) -> Discard; Idle -> u :: BandwidthRatedUnqueue(1) -> Discard; Idle -> Queue -> z :: Discard",
    ["*.tickets", "*.scheduled"],
  ),

  // Threads
  quiet("StaticThreadSched", "i :: InfiniteSource -> Discard; s :: StaticThreadSched(i 0)", [
    "s.handlers",
    "i.handlers",
    "s.config",
  ]),
  quiet("StaticThreadSched's complaints", "i :: InfiniteSource -> Discard; StaticThreadSched(i 5, i -2, x 0, i -1)", [
    "i.tickets",
  ]),
  quiet(
    "StaticThreadSched of compounds",
    "elementclass A { i :: InfiniteSource -> output } a :: A -> Discard; StaticThreadSched(a 0, a/i 0, a/ 0, b 0)",
    ["a/i.tickets"],
  ),
  { name: "StaticThreadSched without a thread", config: "i :: InfiniteSource -> Discard; StaticThreadSched(i)" },
  {
    name: "StaticThreadSched with too much",
    config: "i :: InfiniteSource -> Discard; StaticThreadSched(i 0 1, FOO 3, i x)",
  },
  {
    name: "StaticThreadSched without anything",
    config: "i :: InfiniteSource -> Discard; StaticThreadSched(, i 0); StaticThreadSched; Script(stop)",
  },
  quiet("AlignmentInfo", "i :: Idle -> d :: Discard; a :: AlignmentInfo(d 4 2, i 4 0 8 1)", ["a.handlers", "a.config"]),
  quiet(
    "AlignmentInfo's complaints",
    "i :: Idle -> d :: Discard; AlignmentInfo(d 4, , nosuch 4 2, d x y, i 4 2 3, d); AlignmentInfo(i 4 3)",
    ["d.class"],
  ),

  // Stopping
  values(
    "a stop leaves packets in queues",
    "InfiniteSource(LIMIT 100, BURST 50, STOP true) -> q :: Queue -> u :: Unqueue -> c :: Counter -> Discard",
    ["q.length", "c.count", "u.scheduled"],
  ),
  values(
    "a stop in the middle of a push",
    "InfiniteSource(BURST 10) -> a :: Counter(COUNT_CALL 5 stop) -> b :: Counter -> Discard",
    ["*.count"],
  ),
  values(
    "two stops",
    "InfiniteSource(LIMIT 5, STOP true) -> a :: Counter -> Discard; InfiniteSource(LIMIT 9, STOP true) -> b :: Counter -> Discard; DriverManager(pause, print $(a.count) $(b.count), pause, print $(a.count) $(b.count))",
    ["*.count"],
  ),
  values(
    "a driver that goes on",
    "i :: InfiniteSource(LIMIT 5, STOP true) -> a :: Counter -> Discard; DriverManager(pause, write i.reset, pause, print $(a.count), stop)",
    ["a.count"],
  ),
  values(
    "stop of a timer",
    "TimedSource(1, LIMIT 3, STOP true) -> c :: Counter -> q :: Queue -> u :: Unqueue -> d :: Counter -> Discard",
    ["*.count", "q.length"],
  ),
  values(
    "stops at the same time",
    "TimedSource(1, LIMIT 1, STOP true) -> c :: Counter -> Discard; TimedSource(1, LIMIT 5) -> d :: Counter -> Discard; TimedSource(2, LIMIT 5) -> e :: Counter -> Discard",
    ["*.count"],
  ),

  // Who sleeps
  script(
    "who pulls from Idle sleeps",
    "Idle -> u :: Unqueue -> Discard; Idle -> d :: DelayUnqueue(1) -> Discard; Idle -> r :: RatedUnqueue(5) -> Discard; i :: Idle; i -> Null -> e :: Discard(ACTIVE true)",
    "print $(u.scheduled) $(d.scheduled) $(r.scheduled), wait 1, print $(u.scheduled) $(d.scheduled) $(r.scheduled)",
  ),
  ...["Queue", "NotifierQueue"].map((queue) =>
    script(
      `who pulls from ${queue} sleeps after ten tries`,
      `i :: InfiniteSource(x, LIMIT 1, ACTIVE false) -> q :: ${queue} -> u :: Unqueue -> SetTimestamp -> ${shown} -> Discard`,
      "wait 1, print $(u.scheduled) $(now), write i.active true, wait 1, print $(u.scheduled)",
    ),
  ),
  values(
    "tries before sleep are counted",
    "i :: InfiniteSource(x, LIMIT 3) -> q :: Queue -> u :: RatedUnqueue(1000000) -> c :: Counter -> Discard; Script(wait 1, write i.reset, wait 1, stop)",
    ["u.calls", "c.count"],
  ),
  values(
    "who pulls through others sleeps",
    "i :: InfiniteSource(x, LIMIT 3) -> q :: Queue -> Null -> c :: Counter -> u :: RatedUnqueue(1000) -> Discard; Script(wait 1, stop)",
    ["u.calls", "u.scheduled"],
  ),
  values(
    "who pulls through a scheduler sleeps",
    "i :: InfiniteSource(x, LIMIT 3) -> q :: Queue -> s :: RoundRobinSched -> u :: RatedUnqueue(1000) -> Discard; InfiniteSource(y, LIMIT 3) -> Queue -> [1] s; Script(wait 1, stop)",
    ["u.calls", "u.scheduled"],
  ),
  values(
    "who pulls through PrioSched sleeps",
    "i :: InfiniteSource(x, LIMIT 3) -> q :: Queue -> s :: PrioSched -> u :: RatedUnqueue(1000) -> Discard; InfiniteSource(y, LIMIT 3) -> Queue -> [1] s; Script(wait 1, stop)",
    ["u.calls", "u.scheduled"],
  ),
  values(
    "who pulls through TimeSortedSched sleeps",
    "i :: InfiniteSource(x, LIMIT 3) -> q :: Queue -> s :: TimeSortedSched -> u :: RatedUnqueue(1000) -> Discard; InfiniteSource(y, LIMIT 3) -> Queue -> [1] s; Script(wait 1, stop)",
    ["u.calls", "u.scheduled"],
  ),
  values(
    "who pulls through PullSwitch sleeps",
    "i :: InfiniteSource(x, LIMIT 3) -> q :: Queue -> s :: PullSwitch(0) -> u :: RatedUnqueue(1000) -> Discard; InfiniteSource(y, LIMIT 3) -> Queue -> [1] s; Script(wait 1, print $(u.scheduled), write s.switch 1, print $(u.scheduled), wait 1, write s.switch -1, print $(u.scheduled), wait 1, stop)",
    ["u.calls", "u.scheduled"],
  ),
  values(
    "who pulls through StaticPullSwitch polls",
    "i :: InfiniteSource(x, LIMIT 3) -> q :: Queue -> s :: StaticPullSwitch(0) -> u :: RatedUnqueue(1000) -> Discard; InfiniteSource(y, LIMIT 3) -> Queue -> [1] s; Script(wait 1, stop)",
    ["u.calls", "u.scheduled"],
    { differs: "while tasks poll time goes on, so that the run ends", seconds: 1 },
  ),
  values(
    "who pulls through PullTee sleeps",
    "i :: InfiniteSource(x, LIMIT 3) -> q :: Queue -> s :: PullTee -> u :: RatedUnqueue(1000) -> Discard; s[1] -> c :: Counter -> Discard; Script(wait 1, stop)",
    ["u.calls", "u.scheduled", "c.count"],
  ),
  values(
    "who pulls from a source sleeps",
    "i :: InfiniteSource(x, LIMIT 3) -> u :: RatedUnqueue(1000) -> Discard; Script(wait 1, stop)",
    ["u.calls", "u.scheduled"],
  ),
  values(
    "who pulls from DelayShaper sleeps",
    "i :: InfiniteSource(x, LIMIT 3) -> Queue -> DelayShaper(0.5) -> u :: RatedUnqueue(1000) -> Discard; Script(wait 1, stop)",
    ["u.calls", "u.scheduled"],
  ),
  script(
    "who pushes to full queues sleeps",
    "i :: InfiniteSource -> t :: Tee; t[0] -> a :: Queue(3) -> TimedSink(1); t[1] -> b :: Queue(5) -> TimedSink(1)",
    "wait 0.5, print $(i.count) $(i.scheduled) $(a.length) $(b.length) $(a.drops), wait 1, print $(i.count) $(a.length) $(b.length) $(a.drops), wait 3, print $(i.count) $(a.length) $(b.length) $(a.drops) $(b.drops)",
  ),
  script(
    "who pushes through others sleeps",
    "i :: InfiniteSource(BURST 3) -> Null -> Counter -> Paint(1) -> a :: FullNoteQueue(5) -> u :: TimedSink(1)",
    "wait 0.5, print $(i.count) $(i.scheduled) $(a.length) $(a.drops), wait 1, print $(i.count) $(a.length) $(a.drops)",
  ),
];
