// Queues, and what empties them: unqueues, shapers, delays and schedulers; how many packets at which time, and all their handlers.

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
/** What is wrong with arguments. */
const arguments_ = (name, config) => ({ name, config });
/** Without a run. */
const quiet = (name, config, handlers) => ({ name, config, args: ["-q", ...handlers.flatMap((h) => ["-h", h])] });
/** So many packets at once, of these bytes. */
const burst = (count, data = "abcd") => `InfiniteSource("${data}", LIMIT ${count}, BURST ${count})`;
/** Prints each packet with its time. */
const shown = "Print(TIMESTAMP true)";

const queueClasses = ["SimpleQueue", "NotifierQueue", "Queue", "FullNoteQueue"];
const storage = ["handlers", "class", "length", "highwater_length", "capacity", "drops", "config", "ports"];
const everything = (element, handlers) => handlers.map((h) => `${element}.${h}`);

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  // Queues
  ...queueClasses.map((name) =>
    quiet(
      `${name}'s handlers`,
      `Idle -> q :: ${name} -> Discard; Idle -> r :: ${name}(5) -> Discard; r[1] -> Discard`,
      [...everything("q", storage), ...everything("r", storage)],
    ),
  ),
  ...queueClasses.map((name) =>
    values(
      `${name} overflows`,
      `i :: ${burst(8)} -> q :: ${name}(5) -> t :: TimedSink(1); j :: ${burst(8)} -> r :: ${name}(5) -> TimedSink(1); r[1] -> c :: Counter -> Discard; Script(wait 3.5, stop)`,
      ["*.length", "*.highwater_length", "*.drops", "c.count", "i.count"],
    ),
  ),
  ...queueClasses.map((name) =>
    script(
      `${name} is written`,
      `${burst(8)} -> q :: ${name}(5) -> t :: TimedSink(100)`,
      "wait 1, write q.reset_counts, print $(q.length) $(q.drops) $(q.highwater_length), write q.capacity 3, print $(q.length) $(q.capacity) $(q.config) $(q.drops) $(q.highwater_length), write q.capacity 10, print $(q.length) $(q.capacity), write q.config CAPACITY 2, print $(q.length) $(q.config), write q.reset, print $(q.length) $(q.drops), write q.reset_counts, print $(q.highwater_length)",
    ),
  ),
  ...queueClasses.map((name) =>
    script(
      `${name} is written wrongly`,
      `Idle -> q :: ${name}(5) -> Discard`,
      "write q.capacity x, write q.capacity -1, write q.capacity, write q.capacity 1 2, write q.config 1 + 2, write q.config FOO 3, write q.config 1 2, write q.config 3, write q.drops 0, write q.length 0, print $(q.capacity) $(q.config)",
    ),
  ),
  values(
    "queues of no capacity",
    `i :: ${burst(3)} -> q :: Queue(0) -> Unqueue -> c :: Counter -> Discard; ${burst(3)} -> r :: SimpleQueue(CAPACITY 0) -> TimedSink(1); ${burst(3)} -> s :: NotifierQueue(0) -> Unqueue -> Discard; Script(wait 2, stop)`,
    ["*.drops", "*.highwater_length", "*.count", "*.capacity"],
  ),
  quiet("large capacities", "Idle -> a :: Queue(100000) -> Discard; Idle -> b :: SimpleQueue(1_000_000) -> Discard", [
    "*.capacity",
  ]),
  quiet("the largest capacity", "Idle -> a :: Queue(4294967295) -> Discard", ["a.capacity", "a.config"]),
  arguments_(
    "queues' bad arguments",
    "Idle -> Queue(x) -> Discard; Idle -> SimpleQueue(-1) -> Discard; Idle -> NotifierQueue(5, 6) -> Discard; Idle -> FullNoteQueue(FOO 7) -> Discard; Idle -> Queue(4294967296) -> Discard; Idle -> Queue(5 6) -> Discard",
  ),
  arguments_("queues' wrong ports", "Idle -> Queue -> q :: Queue -> Discard; Idle -> [1] q; q [2] -> Discard"),
  arguments_(
    "a queue's second output is push",
    "Idle -> q :: Queue -> Discard; q[1] -> Queue -> Discard; r :: Queue -> Discard; Idle -> r; r[1] -> Unqueue -> Discard",
  ),
  script(
    "a queue that is reset gives its packets to its second output",
    `${burst(5)} -> q :: Queue(5) -> t :: TimedSink(100); q[1] -> c :: Counter -> Discard`,
    "wait 1, print $(q.length) $(c.count), write q.reset, print $(q.length) $(c.count) $(q.drops)",
  ),
  script(
    "a full queue that is reset has room",
    `i :: InfiniteSource -> q :: Queue(5) -> t :: TimedSink(100)`,
    "wait 1, print $(q.length) $(i.count) $(i.scheduled), write q.reset, print $(i.scheduled), wait 1, print $(q.length) $(i.count), write q.capacity 8, wait 1, print $(q.length) $(i.count)",
  ),
  script(
    "a queue is drained once its source sleeps",
    "i :: InfiniteSource(LIMIT 7) -> q :: Queue(5) -> u :: Unqueue -> c :: Counter -> Discard",
    "wait 1, print $(c.count) $(q.length) $(u.scheduled) $(i.scheduled) $(q.highwater_length)",
  ),
  values(
    "a Queue says once that it overflows",
    `${burst(5)} -> q :: Queue(2) -> TimedSink(1); ${burst(5)} -> r :: FullNoteQueue(2) -> TimedSink(1); ${burst(5)} -> s :: NotifierQueue(2) -> TimedSink(1); ${burst(5)} -> t :: SimpleQueue(2) -> TimedSink(1); elementclass A { input -> q :: Queue(1) -> output } ${burst(4)} -> a :: A -> TimedSink(1); Script(wait 1, stop)`,
    ["*.drops"],
  ),
  script(
    "a queue says so again after its counts were reset",
    `i :: ${burst(5)} -> q :: Queue(2) -> TimedSink(10)`,
    "wait 1, write q.reset_counts, write i.reset, wait 1, print $(q.drops)",
  ),
  script(
    "a queue's packets and the capacity that is written",
    `i :: ${burst(1, "a")} -> q :: Queue(9) -> t :: TimedSink(100); ${burst(1, "b")} -> q; ${burst(1, "c")} -> q; q[1] -> Print(over) -> Discard`,
    "wait 1, write q.capacity 2, print $(q.length) $(q.drops), write q.capacity 0, print $(q.length), write i.reset, wait 1, print $(q.drops) $(q.length)",
  ),
  script(
    "a hot swap keeps what is in queues",
    `${burst(5)} -> q :: Queue(5) -> t :: TimedSink(100)`,
    'wait 1, print $(q.length), write hotconfig $(unquote "Idle -> q :: Queue(9) -> Discard(ACTIVE false); Script(print \\$(q.length) \\$(q.highwater_length), stop)")',
    { args: ["--simtime", "-R"] },
  ),
  script(
    "a hot swap from one kind of queue to another",
    `${burst(5)} -> q :: SimpleQueue(5) -> t :: TimedSink(100)`,
    'wait 1, print $(q.length), write hotconfig $(unquote "Idle -> q :: Queue(9) -> Discard(ACTIVE false); Script(print \\$(q.length), stop)")',
    { args: ["--simtime", "-R"], differs: "what an element has goes over where name and class are the same" },
  ),

  // Unqueue
  quiet(
    "Unqueue's handlers",
    "Idle -> u :: Unqueue -> Discard; Idle -> Queue -> v :: Unqueue(5, ACTIVE false, LIMIT 7) -> Discard; Idle -> w :: Unqueue(-1) -> Discard",
    [
      ...everything("u", ["handlers"]),
      ...everything("*", ["burst", "limit", "active", "count", "scheduled", "tickets"]),
    ],
  ),
  {
    name: "Unqueue's burst of none",
    config: `${burst(5)} -> q :: Queue -> u :: Unqueue(0) -> c :: Counter -> Discard; Script(print $(u.burst) $(u.scheduled), stop)`,
    args: ["-h", "c.count"],
  },
  values(
    "Unqueue's burst of all",
    `${burst(50)} -> q :: Queue -> u :: Unqueue(-1) -> c :: Counter -> Discard; Script(wait 1, stop)`,
    ["c.count", "u.count", "u.burst"],
  ),
  values(
    "Unqueue's bursts",
    `InfiniteSource(LIMIT 20, BURST 10, STOP true) -> q :: Queue -> u :: Unqueue(3) -> c :: Counter -> Discard`,
    ["c.count", "u.count", "q.length"],
  ),
  values(
    "Unqueue's limit",
    `${burst(50)} -> q :: Queue -> u :: Unqueue(4, LIMIT 10) -> c :: Counter -> Discard; Script(wait 1, stop)`,
    ["c.count", "u.count", "q.length", "u.scheduled"],
  ),
  values(
    "Unqueue's limit of none",
    `${burst(50)} -> q :: Queue -> u :: Unqueue(LIMIT 0) -> c :: Counter -> Discard; Script(wait 1, stop)`,
    ["c.count", "u.count", "q.length", "u.scheduled"],
  ),
  script(
    "Unqueue is written",
    `i :: ${burst(50)} -> q :: Queue -> u :: Unqueue(4, LIMIT 10) -> c :: Counter -> Discard`,
    "wait 1, write u.limit 14, print $(u.scheduled), wait 1, print $(u.count) $(c.count), write u.reset, wait 1, print $(u.count) $(c.count), write u.burst 1, write u.limit 17, wait 1, print $(u.count), write u.reset_counts, wait 1, print $(u.count) $(u.burst), write u.limit -1, wait 1, print $(u.count) $(c.count) $(u.scheduled), write u.burst -7, print $(u.burst), write u.burst 0, print $(u.burst)",
  ),
  script(
    "Unqueue is made inactive",
    `i :: InfiniteSource -> q :: Queue(10) -> u :: Unqueue(ACTIVE false) -> c :: Counter(COUNT_CALL 5 u.active false) -> Discard`,
    "wait 1, print $(u.scheduled) $(u.active) $(c.count), write u.burst 2, print $(u.scheduled), write u.active true, print $(u.scheduled), wait 1, print $(c.count) $(u.active) $(u.scheduled) $(u.count)",
  ),
  script(
    "Unqueue is written wrongly",
    "Idle -> u :: Unqueue -> Discard",
    "write u.burst x, write u.burst, write u.limit 99999999999, write u.limit y, write u.active maybe, write u.count 5, write u.config BURST 5, write u.scheduled true, print $(u.burst) $(u.limit) $(u.active) $(u.config)",
  ),
  arguments_(
    "Unqueue's bad arguments",
    "Idle -> Unqueue(x) -> Queue -> Unqueue(1, 2) -> Queue -> Unqueue(ACTIVE x, LIMIT y) -> Queue -> Unqueue(BURST 5000000000) -> Queue -> Unqueue(FOO 1) -> Discard",
  ),
  script(
    "Unqueue of a queue that wakes it",
    `i :: ${burst(3)} -> q :: Queue -> u :: Unqueue -> c :: Counter -> Discard`,
    "wait 1, print $(c.count) $(u.scheduled), write i.reset, wait 1, print $(c.count) $(u.scheduled)",
  ),

  // RatedUnqueue and BandwidthRatedUnqueue
  quiet(
    "RatedUnqueue's handlers",
    "Idle -> u :: RatedUnqueue(5) -> Discard; Idle -> v :: BandwidthRatedUnqueue(1000) -> Discard",
    ["*.handlers", "*.rate", "*.calls", "*.active", "*.config", "*.scheduled"],
  ),
  ...[1, 3, 10, 50, 100, 1000, 12345].map((rate) =>
    script(
      `RatedUnqueue at ${rate} a second`,
      `${burst(40000)} -> Queue(40000) -> u :: RatedUnqueue(${rate}) -> c :: Counter -> Discard`,
      "wait 1, print $(c.count), wait 1, print $(c.count), wait 0.5, print $(c.count)",
    ),
  ),
  ...[
    "10, BURST_SIZE 5",
    "1000, BURST_DURATION 1",
    "100, BURST_DURATION 0",
    "100, BURST_SIZE 0",
    "7, BURST_DURATION 500ms",
    "RATE 10, BURST_SIZE 1000000",
    "0",
  ].map((given) =>
    script(
      `RatedUnqueue(${given})`,
      `${burst(5000)} -> Queue(5000) -> u :: RatedUnqueue(${given}) -> c :: Counter -> Discard`,
      "wait 1, print $(c.count) $(u.rate) $(u.config), wait 1, print $(c.count), wait 1, print $(c.count) $(u.calls)",
    ),
  ),
  values(
    "RatedUnqueue's times",
    `${burst(6, "x")} -> Queue -> u :: RatedUnqueue(4) -> SetTimestamp -> ${shown} -> Discard; Script(wait 2, stop)`,
    ["u.calls"],
  ),
  values(
    "RatedUnqueue of packets that come slowly",
    "TimedSource(0.3) -> Queue -> u :: RatedUnqueue(2, BURST_SIZE 3) -> c :: Counter -> Discard; Script(wait 3, stop)",
    ["u.calls", "c.count", "u.scheduled"],
  ),
  script(
    "RatedUnqueue is written",
    `${burst(5000)} -> Queue(5000) -> u :: RatedUnqueue(10) -> c :: Counter -> Discard`,
    'wait 1, print $(c.count), write u.rate 100, print $(u.rate) $(u.config), wait 1, print $(c.count), write u.config 20, wait 1, print $(c.count) $(u.config), write u.config RATE 10 , write u.config "5, BURST_SIZE 30", write u.config 5, print $(u.config), wait 1, print $(c.count), write u.active false, wait 1, print $(c.count) $(u.active) $(u.scheduled), write u.active true, wait 1, print $(c.count) $(u.scheduled)',
  ),
  script(
    "RatedUnqueue with a burst is written",
    `${burst(5000)} -> Queue(5000) -> u :: RatedUnqueue(10, BURST_SIZE 500) -> c :: Counter -> Discard`,
    "wait 1, write u.rate 1000, wait 1, print $(c.count)",
    { differs: "BURST_SIZE stays; Click's loses what `config` does not show" },
  ),
  script(
    "RatedUnqueue at no rate gets one",
    `${burst(5)} -> Queue -> u :: RatedUnqueue(0) -> c :: Counter -> Discard`,
    "wait 1, write u.rate 5, wait 1, print $(c.count)",
    { differs: "it goes on; Click's sleeps for as long as its timer was set for at the rate of none, 49 days" },
  ),
  script(
    "RatedUnqueue is written wrongly",
    "Idle -> u :: RatedUnqueue(10) -> Discard; Idle -> v :: BandwidthRatedUnqueue(10) -> Discard",
    "write u.rate x, write u.rate -1, write u.rate 5000000000, write u.active y, write u.config, write u.config 5 6, write u.config BURST_SIZE 5, write u.calls 5, write v.rate x, write v.rate 1kb, write v.rate 5GBps, print $(u.rate) $(v.rate)",
  ),
  arguments_(
    "RatedUnqueue's bad arguments",
    "Idle -> RatedUnqueue -> Queue -> RatedUnqueue(x) -> Queue -> RatedUnqueue(1, BURST_SIZE x) -> Queue -> RatedUnqueue(1, BURST_DURATION y) -> Queue -> RatedUnqueue(1, BURST_SIZE 5, BURST_DURATION 5) -> Queue -> RatedUnqueue(1, BURST_BYTES 5) -> Queue -> RatedUnqueue(1, 2) -> Queue -> RatedUnqueue(1, ACTIVE true) -> Discard",
  ),
  arguments_(
    "BandwidthRatedUnqueue's bad arguments",
    "Idle -> BandwidthRatedUnqueue -> Queue -> BandwidthRatedUnqueue(x) -> Queue -> BandwidthRatedUnqueue(5GBps) -> Queue -> BandwidthRatedUnqueue(1kb) -> Queue -> BandwidthRatedUnqueue(1, BURST_BYTES 5, BURST_DURATION 5) -> Queue -> BandwidthRatedUnqueue(1, BURST_SIZE 5) -> Discard",
  ),
  ...["1000", "80kbps", "1Mbps", "1000, BURST_BYTES 500", "1000, BURST_DURATION 1s", "0"].map((given) =>
    script(
      `BandwidthRatedUnqueue(${given})`,
      `InfiniteSource(LENGTH 100, LIMIT 5000, BURST 5000) -> Queue(5000) -> u :: BandwidthRatedUnqueue(${given}) -> c :: Counter -> Discard`,
      "wait 1, print $(c.count) $(u.rate) $(u.config), wait 1, print $(c.count), wait 1, print $(c.count) $(u.calls)",
    ),
  ),
  quiet(
    "bandwidths",
    [
      "1",
      "100",
      "125000",
      "1e3",
      "8kbps",
      "80kbps",
      "8Mbps",
      "1Gbps",
      "1GBps",
      "4GBps",
      "1.5Mbps",
      "100baud",
      "3b/s",
      "3B/s",
      "2kB/s",
      "0.5kbps",
      "5e2bps",
      "999999999",
    ]
      .map(
        (rate, i) =>
          `Idle -> u${i} :: BandwidthRatedUnqueue(${rate}) -> Discard; Idle -> s${i} :: BandwidthShaper(${rate}) -> Discard`,
      )
      .join("; "),
    ["*.rate", "*.config"],
  ),

  // Shapers: those who pull do so by a timer, as time stands still while tasks poll.
  quiet("Shaper's handlers", "Idle -> s :: Shaper(5) -> Discard; Idle -> t :: BandwidthShaper(1000) -> Discard", [
    "*.handlers",
    "*.rate",
    "*.config",
  ]),
  ...[1, 3, 10, 50].map((rate) =>
    script(
      `Shaper at ${rate} a second`,
      `${burst(500)} -> q :: Queue -> s :: Shaper(${rate}) -> TimedSink(0.007)`,
      "wait 1, print $(q.length), wait 1, print $(q.length), wait 1.5, print $(q.length)",
    ),
  ),
  script(
    "Shaper of a rate of none",
    `${burst(500)} -> q :: Queue -> s :: Shaper(0) -> TimedSink(0.1)`,
    "wait 1, print $(q.length) $(s.rate), write s.rate 5, wait 1, print $(q.length)",
  ),
  script(
    "Shaper is written",
    `${burst(900)} -> q :: Queue -> s :: Shaper(10) -> TimedSink(0.007)`,
    "wait 1, print $(q.length), write s.rate 50, print $(s.rate) $(s.config), wait 1, print $(q.length), write s.config 20, wait 1, print $(q.length) $(s.config), write s.reset, wait 1, print $(q.length), write s.rate 1, wait 2, print $(q.length)",
  ),
  script(
    "Shaper is written wrongly",
    "Idle -> s :: Shaper(10) -> Discard; Idle -> t :: BandwidthShaper(10) -> Discard",
    "write s.rate x, write s.rate -1, write s.config 5 6, write s.reset now, write t.rate x, write t.rate 1kb, write t.rate 1kbps, print $(s.rate) $(s.config) $(t.rate) $(t.config)",
  ),
  arguments_(
    "Shaper's bad arguments",
    "Idle -> Shaper -> Shaper(x) -> Shaper(-1) -> Shaper(5, BURST_DURATION 1) -> Shaper(5, 6) -> BandwidthShaper -> BandwidthShaper(x) -> BandwidthShaper(1kb) -> BandwidthShaper(5GBps) -> BandwidthShaper(5, BURST_BYTES 6) -> Discard",
  ),
  quiet(
    "rates beyond what a Shaper takes",
    "Idle -> Shaper(4294967295) -> s :: Shaper(5000000) -> Discard; Idle -> t :: BandwidthShaper(4294967295) -> Discard",
    ["*.rate"],
  ),
  script(
    "a Shaper's second output has what is over the rate",
    `${burst(500)} -> q :: Queue -> s :: Shaper(10) -> PullNull -> TimedSink(0.03); s[1] -> u :: TimedSink(0.1)`,
    "wait 1, print $(q.length), wait 2, print $(q.length)",
  ),
  script(
    "a BandwidthShaper's second output",
    `InfiniteSource(LENGTH 100, LIMIT 500, BURST 500) -> q :: Queue -> s :: BandwidthShaper(1000) -> TimedSink(0.03); s[1] -> u :: TimedSink(0.1)`,
    "wait 1, print $(q.length), wait 2, print $(q.length)",
  ),
  ...["1000", "8kbps", "80kbps"].map((rate) =>
    script(
      `BandwidthShaper at ${rate}`,
      `InfiniteSource(LENGTH 100, LIMIT 500, BURST 500) -> q :: Queue -> s :: BandwidthShaper(${rate}) -> TimedSink(0.007)`,
      "wait 1, print $(q.length), wait 1, print $(q.length), wait 1.5, print $(q.length) $(s.rate)",
    ),
  ),

  // Delays
  quiet(
    "delays' handlers",
    "Idle -> d :: DelayShaper(0.5) -> Discard; Idle -> e :: DelayUnqueue(2) -> Discard; Idle -> f :: DelayUnqueue(7us) -> Discard; Idle -> g :: DelayShaper(0) -> Discard",
    ["*.handlers", "*.delay", "e.scheduled"],
  ),
  values(
    "DelayUnqueue of packets without a time",
    `InfiniteSource("x", LIMIT 3, BURST 3, TIMESTAMP false) -> Queue -> d :: DelayUnqueue(0.5) -> ${shown} -> SetTimestamp -> ${shown} -> Discard; Script(wait 3, stop)`,
    ["d.scheduled"],
  ),
  values(
    "DelayUnqueue of packets with a time",
    `InfiniteSource("x", LIMIT 3, BURST 3) -> Queue -> d :: DelayUnqueue(0.5) -> ${shown} -> SetTimestamp -> ${shown} -> Discard; Script(wait 3, stop)`,
    ["d.scheduled"],
  ),
  values(
    "DelayUnqueue of a stream",
    `TimedSource(0.2, x, LIMIT 5) -> Queue -> d :: DelayUnqueue(0.5) -> SetTimestamp -> ${shown} -> Discard; Script(wait 3, stop)`,
    ["d.delay"],
  ),
  script(
    "DelayUnqueue is written",
    `TimedSource(0.2, x) -> Queue -> d :: DelayUnqueue(0.5) -> c :: Counter -> Discard`,
    "wait 2.1, print $(c.count), write d.delay 1, wait 2, print $(c.count) $(d.delay), write d.delay 0, wait 1, print $(c.count) $(d.delay), write d.delay x, write d.delay -1, write d.delay, print $(d.delay), write d.config 5",
  ),
  values(
    "DelayShaper of packets with a time",
    `InfiniteSource("x", LIMIT 3, BURST 3) -> Queue -> d :: DelayShaper(0.5) -> u :: Unqueue -> ${shown} -> SetTimestamp -> ${shown} -> Discard; Script(wait 3, stop)`,
    ["u.scheduled"],
  ),
  values(
    "DelayShaper of packets without a time",
    `InfiniteSource("x", LIMIT 3, BURST 3, TIMESTAMP false) -> Queue -> d :: DelayShaper(0.5) -> u :: Unqueue -> ${shown} -> Discard; Script(wait 3, stop)`,
    ["u.scheduled"],
  ),
  script(
    "DelayShaper is written",
    `TimedSource(0.2, x) -> Queue -> d :: DelayShaper(0.5) -> Unqueue -> c :: Counter -> Discard`,
    "wait 2.1, print $(c.count), write d.delay 1, wait 2, print $(c.count) $(d.delay), write d.delay 0, wait 1, print $(c.count) $(d.delay), write d.delay x, write d.delay -1, write d.delay, print $(d.delay), write d.config 5",
  ),
  arguments_(
    "delays' bad arguments",
    "Idle -> DelayShaper -> DelayShaper(x) -> DelayShaper(-1) -> DelayShaper(1, 2) -> DelayUnqueue -> Queue -> DelayUnqueue(x) -> Queue -> DelayUnqueue(-1) -> Queue -> DelayUnqueue(1, FOO 2) -> Discard",
  ),

  // Schedulers
  quiet(
    "schedulers' handlers",
    "a :: RoundRobinSched -> Discard; b :: PrioSched -> Discard; c :: TimeSortedSched -> Discard; Idle -> a; Idle -> [0] b; Idle -> [1] b",
    ["*.handlers", "*.ports", "c.well_ordered"],
  ),
  values(
    "RoundRobinSched takes from its inputs in turn",
    `${burst(5, "a")} -> Queue -> [0] s :: RoundRobinSched; ${burst(2, "b")} -> Queue -> [1] s; ${burst(3, "c")} -> Queue -> [2] s; s -> PullNull -> Unqueue(2) -> Print -> Discard; Script(wait 1, stop)`,
    [],
  ),
  values(
    "PrioSched takes from its first input",
    `${burst(2, "a")} -> Queue -> [0] s :: PrioSched; ${burst(3, "b")} -> Queue -> [1] s; TimedSource(1, c, LIMIT 2) -> Queue -> [2] s; s -> u :: Unqueue -> Print -> Discard; Script(wait 3, stop)`,
    ["u.scheduled"],
  ),
  values(
    "TimeSortedSched merges by time",
    `TimedSource(0.3, a, LIMIT 4) -> Queue -> [0] s :: TimeSortedSched; TimedSource(0.2, b, LIMIT 6) -> q :: Queue -> [1] s; s -> TimedSink(100); s_ :: TimeSortedSched; InfiniteSource(x, LIMIT 3, BURST 3) -> Queue -> [0] s_; InfiniteSource(y, LIMIT 3, BURST 3) -> Queue -> [1] s_; s_ -> u :: Unqueue -> ${shown} -> Discard; Script(wait 3, stop)`,
    ["u.scheduled", "*.well_ordered"],
  ),
  values(
    "TimeSortedSched of what is out of order",
    `InfiniteSource(x, LIMIT 2) -> SetTimestamp(5) -> q :: Queue -> s :: TimeSortedSched -> u :: Unqueue -> ${shown} -> Discard; TimedSource(1, y, LIMIT 1) -> SetTimestamp(3) -> q; Script(wait 3, stop)`,
    ["s.well_ordered"],
  ),
  values(
    "TimeSortedSched stops",
    `InfiniteSource(x, LIMIT 4) -> SetTimestamp(5) -> Queue -> [0] s :: TimeSortedSched(STOP true); InfiniteSource(y, LIMIT 2) -> SetTimestamp(3) -> Queue -> [1] s; s -> u :: Unqueue -> ${shown} -> Discard`,
    ["s.well_ordered", "u.count"],
  ),
  values(
    "TimeSortedSched's buffer",
    `InfiniteSource(x, LIMIT 2) -> SetTimestamp(5) -> q :: Queue; InfiniteSource(y, LIMIT 2) -> SetTimestamp(3) -> q; q -> s :: TimeSortedSched(BUFFER 10) -> u :: Unqueue -> ${shown} -> Discard; Script(wait 1, write s.well_ordered true, stop)`,
    ["s.well_ordered", "u.count"],
  ),
  arguments_(
    "TimeSortedSched's bad arguments",
    "Idle -> TimeSortedSched(BUFFER 0) -> TimeSortedSched(STOP x) -> TimeSortedSched(BUFFER -1) -> TimeSortedSched(5) -> TimeSortedSched(BUFFER x) -> Discard",
  ),
  arguments_("schedulers' bad arguments", "Idle -> RoundRobinSched(5) -> PrioSched(X 7) -> Discard"),
  values(
    "a scheduler wakes by each of its inputs",
    "TimedSource(0.3, a) -> Queue -> [0] s :: RoundRobinSched; TimedSource(0.5, b) -> Queue -> [1] s; Idle -> [2] s; s -> u :: Unqueue -> c :: Counter -> Discard; Script(wait 3.1, stop)",
    ["c.count", "u.scheduled"],
  ),
];
