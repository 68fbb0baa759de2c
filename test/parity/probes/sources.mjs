// Sources, sinks and counters: how many packets at which time, their arguments, and all their handlers.

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

const everything = (element, handlers) => handlers.map((h) => `${element}.${h}`);
const infinite = ["handlers", "data", "limit", "burst", "active", "count", "length", "burstsize", "datasize"];
const rated = ["handlers", "data", "rate", "limit", "active", "count", "length", "datasize"];
const timed = ["handlers", "data", "limit", "interval", "active", "count", "headroom"];

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  // InfiniteSource
  quiet(
    "InfiniteSource's handlers",
    "i :: InfiniteSource -> Discard; j :: InfiniteSource(abc, 7, 2, false, LENGTH 10) -> Unqueue -> Discard",
    [...everything("i", [...infinite, "scheduled", "tickets"]), ...everything("j", infinite)],
  ),
  quiet("InfiniteSource that is pulled has no task", "i :: InfiniteSource -> Unqueue -> Discard", ["i.scheduled"]),
  values(
    "InfiniteSource repeats and cuts",
    'InfiniteSource("abc", LIMIT 1, LENGTH 10) -> Print -> Null -> Discard; InfiniteSource("abcdef", LIMIT 1, DATASIZE 2) -> Print -> Discard; InfiniteSource("abc", LIMIT 1, LENGTH 0) -> Print -> Discard; InfiniteSource("", LIMIT 1) -> Print -> Discard; Script(wait 1, stop)',
    [],
  ),
  values(
    "InfiniteSource's usual packet",
    "InfiniteSource(LIMIT 1, STOP true) -> Print(MAXLENGTH 0) -> Print(CONTENTS ASCII, MAXLENGTH 100) -> Discard",
    [],
  ),
  values(
    "InfiniteSource of long packets",
    "InfiniteSource(LIMIT 2, LENGTH 60000, STOP true) -> c :: Counter -> Discard",
    ["c.count", "c.byte_count"],
  ),
  values(
    "InfiniteSource's packets and their times",
    "InfiniteSource(x, LIMIT 3, BURST 2, STOP true) -> Print(TIMESTAMP true) -> Discard",
    [],
  ),
  values(
    "InfiniteSource without times",
    "InfiniteSource(x, LIMIT 2, TIMESTAMP false, STOP true) -> Print(TIMESTAMP true) -> Discard",
    [],
  ),
  values(
    "STOP comes a turn after the last packet",
    "i :: InfiniteSource(LIMIT 1000, STOP true) -> q :: Queue -> u :: Unqueue -> c :: Counter -> Discard",
    ["i.count", "c.count", "q.length", "i.scheduled", "u.scheduled"],
  ),
  values(
    "STOP with bursts",
    "i :: InfiniteSource(LIMIT 1001, BURST 10, STOP true) -> q :: Queue -> Unqueue -> c :: Counter -> Discard",
    ["i.count", "c.count", "q.length", "q.drops"],
  ),
  values(
    "STOP of a source that is pulled",
    "i :: InfiniteSource(LIMIT 5, STOP true) -> Unqueue -> c :: Counter -> Discard",
    ["i.count", "c.count"],
  ),
  values("STOP with LIMIT 0", "i :: InfiniteSource(LIMIT 0, STOP true) -> c :: Counter -> Discard", [
    "i.count",
    "c.count",
  ]),
  values(
    "STOP of a source that is not active",
    'i :: InfiniteSource(LIMIT 1, STOP true, ACTIVE false) -> c :: Counter -> Discard; Script(wait 1, print "still here", stop)',
    ["i.count", "i.scheduled"],
  ),
  values(
    "two sources, one of which stops",
    "InfiniteSource(LIMIT 50, STOP true) -> a :: Counter -> Discard; InfiniteSource(LIMIT 100, STOP true) -> b :: Counter -> Discard",
    ["*.count"],
  ),
  values(
    "END_CALL",
    'i :: InfiniteSource(LIMIT 3, END_CALL s.run 7) -> c :: Counter -> Discard; s :: Script(TYPE PASSIVE, print "the end" $(c.count) $args, write stop)',
    ["c.count"],
  ),
  values(
    "END_CALL of a source that is pulled",
    "i :: InfiniteSource(LIMIT 3, END_CALL stop) -> Unqueue -> c :: Counter -> Discard",
    ["c.count"],
  ),
  values(
    "END_CALL starts the source again",
    "i :: InfiniteSource(LIMIT 3, END_CALL i.reset) -> c :: Counter(COUNT_CALL 10 stop) -> Discard",
    ["c.count", "i.count"],
  ),
  values(
    "END_CALL of itself in a compound",
    "elementclass A { i :: InfiniteSource(LIMIT 3, END_CALL c.reset) -> c :: Counter -> output } a :: A -> d :: Counter -> Discard; Script(wait 1, stop)",
    ["*.count"],
  ),
  arguments_("END_CALL and STOP", "i :: InfiniteSource(STOP true, END_CALL stop) -> Discard"),
  arguments_(
    "END_CALL of what is not there",
    "i :: InfiniteSource(END_CALL nosuch.handler) -> Discard; Idle -> c :: Counter -> Discard",
  ),
  arguments_(
    "END_CALL of a handler that is not there",
    "i :: InfiniteSource(END_CALL c.nosuch) -> Discard; Idle -> c :: Counter -> Discard",
  ),
  arguments_(
    "END_CALL of a handler that is only read",
    "i :: InfiniteSource(END_CALL c.count) -> Discard; Idle -> c :: Counter -> Discard",
  ),
  arguments_(
    "END_CALL of nothing",
    'i :: InfiniteSource(END_CALL) -> Discard; j :: InfiniteSource(END_CALL "") -> Discard',
  ),
  arguments_(
    "InfiniteSource's bad arguments",
    "InfiniteSource(a b) -> Discard; InfiniteSource(a, x, y, z) -> Discard; InfiniteSource(LIMIT 99999999999, BURST 0) -> Discard; InfiniteSource(BURST -1) -> Discard; InfiniteSource(LENGTH x, STOP maybe, TIMESTAMP 5) -> Discard; InfiniteSource(1, 2, 3, 4, 5) -> Discard; InfiniteSource(FOO 5) -> Discard; InfiniteSource(LIMIT 99999999999999999999) -> Discard",
  ),
  quiet(
    "InfiniteSource's odd limits",
    "a :: InfiniteSource(LIMIT 99999999999) -> Discard; b :: InfiniteSource(LIMIT -5) -> Discard; c :: InfiniteSource(LIMIT 0x7fffffffffffffff) -> Discard; d :: InfiniteSource(LENGTH -7, BURST 0x10) -> Discard",
    ["*.limit", "*.length", "d.burst"],
  ),
  script(
    "InfiniteSource with a limit beyond 32 bits",
    "i :: InfiniteSource(LIMIT 4294967298, BURST 5) -> c :: Counter(COUNT_CALL 20 s.run) -> Discard; s :: Script(TYPE PASSIVE, write i.active false)",
    "wait 1, print $(i.count) $(i.limit) $(c.count) $(i.scheduled)",
  ),
  script(
    "InfiniteSource's handlers are written",
    "i :: InfiniteSource(LIMIT 3, ACTIVE false) -> c :: Counter -> Discard",
    "write i.limit 5, write i.burst 2, write i.length 4, write i.data abc, write i.active true, wait 1, print $(i.limit) $(i.burst) $(i.length) $(i.data) $(i.active) $(i.count) $(c.count) $(c.byte_count), write i.reset, print $(i.count), wait 1, print $(i.count) $(c.count)",
  ),
  script(
    "InfiniteSource's handlers are written wrongly",
    "i :: InfiniteSource(LIMIT 3) -> Discard",
    'write i.limit x, write i.limit, write i.limit 1 2, write i.burst 0, write i.burst x, write i.length x, write i.datasize y, write i.burstsize -1, write i.active maybe, write i.limit 99999999999, write i.count 5, write i.data, write i.reset now, print $(i.limit) $(i.burst) $(i.length) $(i.datasize) $(i.burstsize) $(i.active) "<$(i.data)>"',
  ),
  script(
    "InfiniteSource goes on where its limit is raised",
    "i :: InfiniteSource(LIMIT 3) -> c :: Counter -> Discard",
    "wait 1, print $(i.count) $(i.scheduled), write i.limit 5, print $(i.scheduled), wait 1, print $(i.count) $(c.count), write i.limit 4, wait 1, print $(i.count), write i.limit -1, write i.active false, wait 1, print $(i.active) $(i.scheduled)",
  ),
  script(
    "InfiniteSource stops again where its limit is raised",
    'i :: InfiniteSource(LIMIT 3, END_CALL m.run) -> c :: Counter -> Discard; m :: Script(TYPE PASSIVE, print "at the limit" $(i.count))',
    "wait 1, write i.limit 5, wait 1, write i.reset, wait 1, write i.active true, wait 1, write i.burst 1, wait 1, print $(c.count)",
  ),
  script(
    "the bytes of InfiniteSource's data",
    "i :: InfiniteSource(DATA \\<61 00 ff 22 5c>, LIMIT 1, ACTIVE false) -> Print -> Discard",
    'write i.active true, wait 1, write i.data "a b", write i.reset, wait 1, write i.data x y  z, write i.reset, wait 1, write i.length 7, write i.reset, wait 1',
  ),
  script(
    "InfiniteSource's configuration is written",
    "i :: InfiniteSource(LIMIT 3) -> c :: Counter -> Discard",
    'wait 1, print $(i.count), write i.config LIMIT 2, print $(i.count) $(i.config), wait 1, print $(i.count) $(c.count), write i.config BURST 0, write i.config LIMIT x, print $(i.config), write i.config, print "<$(i.config)>" $(i.limit), write i.active false',
  ),
  script(
    "InfiniteSource that is pulled sleeps",
    "i :: InfiniteSource(LIMIT 3) -> u :: Unqueue -> c :: Counter -> Discard",
    "wait 1, print $(i.count) $(u.scheduled), write i.reset, print $(u.scheduled), wait 1, print $(i.count) $(c.count), write i.active false, write i.reset, wait 1, print $(c.count), write i.active true, wait 1, print $(c.count) $(u.scheduled)",
  ),
  script(
    "InfiniteSource sleeps while queues are full",
    "i :: InfiniteSource -> q :: Queue(5); q -> t :: TimedSink(1)",
    "wait 0.5, print $(i.count) $(i.scheduled) $(q.length) $(q.drops), wait 1, print $(i.count) $(i.scheduled) $(q.length) $(q.drops), wait 3, print $(i.count) $(q.length) $(q.drops)",
  ),
  script(
    "InfiniteSource's bursts overflow a queue",
    "i :: InfiniteSource(BURST 4) -> q :: Queue(5) -> t :: TimedSink(1)",
    "wait 0.5, print $(i.count) $(q.length) $(q.drops), wait 1, print $(i.count) $(q.length) $(q.drops), wait 3, print $(i.count) $(q.length) $(q.drops)",
  ),
  script(
    "InfiniteSource that is not active has a task",
    "i :: InfiniteSource(ACTIVE false) -> Discard",
    "print $(i.scheduled), wait 1, print $(i.scheduled), write i.burst 2, print $(i.scheduled)",
  ),

  // RatedSource
  quiet(
    "RatedSource's handlers",
    "i :: RatedSource -> Discard; j :: RatedSource(abc, 7, 2, false, LENGTH 10) -> Unqueue -> Discard",
    [...everything("i", [...rated, "scheduled", "tickets"]), ...everything("j", rated), "j.scheduled"],
  ),
  ...[1, 3, 4, 7, 10, 100, 199, 200, 250, 999, 1000, 1001, 33333].map((rate) =>
    script(
      `RatedSource at ${rate} a second`,
      `i :: RatedSource(RATE ${rate}) -> c :: Counter -> Discard`,
      "wait 1, print $(c.count), wait 0.5, print $(c.count), wait 0.25, print $(c.count), wait 1.25, print $(c.count)",
    ),
  ),
  values("RatedSource's times", "RatedSource(x, 4, LIMIT 6, STOP true) -> Print(TIMESTAMP true) -> Discard", []),
  values("RatedSource's times at ten", "RatedSource(x, 10, 5, STOP true) -> Print(TIMESTAMP true) -> Discard", []),
  script(
    "RatedSource at no rate",
    "i :: RatedSource(RATE 0) -> c :: Counter -> Discard",
    "wait 1, print $(c.count) $(i.rate)",
  ),
  script(
    "RatedSource at no rate gets one",
    "i :: RatedSource(RATE 0) -> c :: Counter -> Discard",
    "wait 1, write i.rate 5, wait 1, print $(c.count)",
    { differs: "it goes on; Click's sleeps for as long as its timer was set for at the rate of none, 49 days" },
  ),
  script(
    "RatedSource gets no rate",
    "i :: RatedSource(RATE 10) -> c :: Counter -> Discard",
    "wait 1, write i.rate 0, wait 1, print $(c.count) $(i.rate)",
  ),
  values(
    "RatedSource's bandwidth",
    "i :: RatedSource(BANDWIDTH 1000Bps, LENGTH 100) -> c :: Counter -> Discard; j :: RatedSource(BANDWIDTH 8kbps) -> d :: Counter -> Discard; k :: RatedSource(BANDWIDTH 10, LENGTH 100) -> e :: Counter -> Discard; Script(wait 2, stop)",
    ["*.rate", "*.count", "*.length"],
  ),
  values(
    "RatedSource's STOP",
    "i :: RatedSource(RATE 100, LIMIT 7, STOP true) -> q :: Queue -> Unqueue -> c :: Counter -> Discard",
    ["c.count", "i.count", "q.length", "i.scheduled"],
  ),
  values(
    "RatedSource without packets stops at once",
    "i :: RatedSource(RATE 100, LIMIT 0, STOP true) -> c :: Counter -> Discard",
    ["c.count", "i.limit"],
  ),
  script(
    "RatedSource is pulled",
    "i :: RatedSource(RATE 10) -> t :: TimedSink(0.03)",
    "wait 1, print $(i.count), wait 1, print $(i.count), write i.rate 5, wait 1, print $(i.count)",
  ),
  values(
    "RatedSource's STOP where it is pulled",
    'i :: RatedSource(RATE 10, LIMIT 3, STOP true) -> t :: TimedSink(0.03); Script(wait 100, print "too late", stop)',
    ["i.count"],
  ),
  script(
    "RatedSource's rate is written",
    "i :: RatedSource(RATE 10) -> c :: Counter -> Discard",
    "wait 1, print $(c.count), write i.rate 20, wait 1, print $(c.count) $(i.rate), write i.rate 1000, wait 1, print $(c.count), write i.rate 1, wait 2, print $(c.count) $(i.rate)",
  ),
  script(
    "RatedSource's handlers are written",
    "i :: RatedSource(x, RATE 10, LIMIT 3, ACTIVE false) -> Print(TIMESTAMP true) -> Discard",
    "wait 1, print $(i.count) $(i.scheduled), write i.active true, wait 1, print $(i.count) $(i.scheduled), write i.limit 5, wait 1, print $(i.count) $(i.scheduled), write i.active true, wait 1, print $(i.count), write i.reset, write i.data abc, write i.length 2, wait 1, print $(i.count) $(i.limit) $(i.data) $(i.length) $(i.datasize), write i.limit -3, print $(i.limit), write i.datasize 7, print $(i.length)",
  ),
  script(
    "RatedSource's handlers are written wrongly",
    "i :: RatedSource(RATE 10) -> Discard",
    "write i.rate x, write i.rate -1, write i.limit x, write i.active maybe, write i.length x, write i.datasize, write i.count 1, write i.config RATE 5, print $(i.rate) $(i.limit) $(i.active) $(i.length)",
  ),
  script(
    "RatedSource that was made inactive",
    "i :: RatedSource(RATE 10) -> c :: Counter -> Discard",
    "wait 1.05, write i.active false, wait 1, print $(c.count) $(i.active) $(i.scheduled), write i.active true, wait 1, print $(c.count), write i.reset, print $(i.count), wait 1, print $(i.count)",
  ),
  arguments_(
    "RatedSource's bad arguments",
    "RatedSource(a, x, y, z) -> Discard; RatedSource(RATE -1) -> Discard; RatedSource(RATE 5000000000) -> Discard; RatedSource(LIMIT 5000000000) -> Discard; RatedSource(END_CALL stop) -> Discard; RatedSource(BANDWIDTH x) -> Discard; RatedSource(BANDWIDTH 5GBps) -> Discard; RatedSource(1, 2, 3, 4, 5) -> Discard; RatedSource(TIMESTAMP false) -> Discard",
  ),

  // TimedSource and TimedSink
  quiet(
    "TimedSource's handlers",
    "i :: TimedSource -> Discard; j :: TimedSource(2, abc, LIMIT 5, ACTIVE false, HEADROOM 40) -> Discard",
    [...everything("i", timed), ...everything("j", timed)],
  ),
  quiet(
    "intervals",
    "a :: TimedSource(0) -> Discard; b :: TimedSource(1e-9) -> Discard; c :: TimedSource(0.0001) -> Discard; d :: TimedSource(0.25s) -> Discard; e :: TimedSource(1.5) -> Discard; f :: TimedSource(1h) -> Discard; g :: TimedSource(100ms) -> Discard; h :: TimedSource(1.0000005) -> Discard; i :: TimedSource(0.0010005) -> Discard; j :: TimedSource(2 min) -> Discard; k :: Idle -> TimedSink(1e-3)",
    ["*.interval"],
  ),
  values("TimedSource's times", "TimedSource(0.3, x, LIMIT 3, STOP true) -> Print(TIMESTAMP true) -> Discard", []),
  values(
    "TimedSource stops an interval after its last packet",
    'i :: TimedSource(1, LIMIT 2, STOP true) -> Discard; Script(wait 2.5, print "in between")',
    ["i.count"],
  ),
  script(
    "TimedSource's interval is written",
    "i :: TimedSource(0.1) -> c :: Counter -> Discard",
    "wait 1.05, print $(c.count), write i.interval 0.5, wait 1, print $(c.count) $(i.interval), write i.interval 0.1, wait 1, print $(c.count)",
  ),
  script(
    "TimedSource's handlers are written",
    "i :: TimedSource(0.1, x, LIMIT 3, ACTIVE false) -> Print(TIMESTAMP true) -> Discard",
    "wait 1, write i.active true, wait 1, print $(i.count), write i.limit 5, wait 1, print $(i.count), write i.active true, wait 1, print $(i.count), write i.data abc, write i.headroom 100, write i.reset, wait 0.05, write i.active false, wait 1, print $(i.count) $(i.limit) $(i.data) $(i.headroom) $(i.active)",
  ),
  script(
    "TimedSource's handlers are written wrongly",
    "i :: TimedSource -> Discard",
    "write i.interval 0, write i.interval x, write i.interval -1, write i.limit x, write i.active maybe, write i.headroom -1, write i.headroom x, write i.count 7, write i.config 5, print $(i.interval) $(i.limit) $(i.active) $(i.headroom)",
  ),
  arguments_(
    "TimedSource's bad arguments",
    "TimedSource(x) -> Discard; TimedSource(-1) -> Discard; TimedSource(1, a, b) -> Discard; TimedSource(LIMIT x, ACTIVE y, STOP z, HEADROOM w) -> Discard; TimedSource(LENGTH 5) -> Discard; TimedSource(DATA a b) -> Discard",
  ),
  quiet("TimedSink's handlers", "Idle -> i :: TimedSink; Idle -> j :: TimedSink(2)", ["*.handlers", "*.interval"]),
  script(
    "TimedSink",
    "InfiniteSource(LIMIT 100) -> q :: Queue -> i :: TimedSink(0.1)",
    "wait 1.05, print $(q.length), write i.interval 0.5, wait 1, print $(q.length) $(i.interval), write i.interval 0.01, wait 1, print $(q.length), wait 2, print $(q.length)",
  ),
  script(
    "TimedSink's interval is written wrongly",
    "Idle -> i :: TimedSink",
    "write i.interval 0, write i.interval x, write i.interval -1, write i.interval, write i.interval 1 2, print $(i.interval)",
  ),
  arguments_(
    "TimedSink's bad arguments",
    "Idle -> TimedSink(x); Idle -> TimedSink(1, 2); Idle -> TimedSink(-1); Idle -> TimedSink(FOO 1)",
  ),

  // Discard and Idle
  quiet(
    "Discard's handlers",
    "Idle -> a :: Discard; Idle -> Queue -> b :: Discard(BURST 5); Idle -> Queue -> c :: Discard(ACTIVE false)",
    ["*.handlers", "*.count", "*.active", "*.scheduled", "*.tickets"],
  ),
  arguments_("Discard's ACTIVE where it is given packets", "Idle -> Discard(ACTIVE false)"),
  quiet("Discard's ACTIVE true where it is given packets", "Idle -> d :: Discard(ACTIVE true)", [
    "d.class",
    "d.active",
  ]),
  arguments_(
    "Discard's bad arguments",
    "Idle -> Discard(5); Idle -> Discard(BURST -1); Idle -> Discard(ACTIVE x, BURST y); Idle -> Discard(LIMIT 5)",
  ),
  script(
    "Discard takes all at once",
    "InfiniteSource(LIMIT 100) -> q :: Queue -> d :: Discard(BURST 0, ACTIVE false)",
    "wait 1, print $(d.count) $(d.scheduled), write d.active true, wait 1, print $(d.count) $(d.scheduled) $(q.length), write d.reset_counts, print $(d.count), write d.active false, print $(d.active)",
  ),
  script(
    "Discard's handlers are written wrongly",
    "InfiniteSource(LIMIT 100) -> q :: Queue -> d :: Discard; InfiniteSource(LIMIT 5) -> e :: Discard",
    "wait 1, write d.active x, write d.count 5, write d.reset, write d.config BURST 5, print $(d.active) $(d.count), write e.active false, print $(e.count), write e.reset_counts 7, print $(e.count)",
  ),
  values("Discard pulls a packet a turn", "InfiniteSource(LIMIT 10, STOP true) -> q :: Queue -> d :: Discard", [
    "d.count",
    "q.length",
    "d.scheduled",
  ]),
  values(
    "Discard pulls three packets a turn",
    "InfiniteSource(LIMIT 10, BURST 5, STOP true) -> q :: Queue -> d :: Discard(BURST 2)",
    ["d.count", "q.length"],
  ),
  values(
    "Idle ends packets and has none",
    "i :: Idle; InfiniteSource(LIMIT 10, STOP true) -> c :: Counter -> i; i -> u :: Unqueue -> d :: Discard",
    ["c.count", "d.count", "u.scheduled", "i.handlers", "i.ports"],
  ),
  arguments_("Idle has no arguments", "Idle(5) -> Discard; Idle(X 5) -> Discard"),

  // Counter
  quiet(
    "Counter's handlers",
    "Idle -> c :: Counter -> Discard; Idle -> d :: Counter(COUNT_CALL 5 stop, BYTE_COUNT_CALL 7 stop) -> Discard",
    ["*.handlers", ...everything("*", ["count", "byte_count", "rate", "bit_rate", "byte_rate", "count_call"])],
  ),
  script(
    "Counter's rates",
    "RatedSource(LENGTH 100, RATE 1000) -> c :: Counter -> Discard",
    "wait 0.1, print $(c.rate) $(c.bit_rate) $(c.byte_rate), wait 0.9, print $(c.count) $(c.byte_count) $(c.rate) $(c.bit_rate) $(c.byte_rate), wait 0.003, print $(c.rate), wait 1, print $(c.rate) $(c.byte_rate)",
  ),
  script(
    "Counter's rates go down",
    "s :: RatedSource(LENGTH 100, RATE 1000) -> c :: Counter -> Discard",
    "wait 1, write s.active false, wait 0.002, print $(c.rate) $(c.bit_rate), wait 0.02, print $(c.rate) $(c.byte_rate), wait 0.05, print $(c.rate), wait 0.2, print $(c.rate) $(c.byte_rate)",
  ),
  script(
    "Counter's rate of few packets",
    "TimedSource(0.01, abcdefgh) -> c :: Counter -> Discard",
    "wait 1, print $(c.rate), wait 0.001, print $(c.rate) $(c.byte_rate), wait 0.0041, print $(c.rate) $(c.bit_rate), write c.reset, print $(c.rate) $(c.count)",
  ),
  script(
    "a reading of Counter's rate is one of the clock",
    "Idle -> c :: Counter -> Discard",
    "print $(now), print $(c.rate) $(now), print $(c.bit_rate) $(c.byte_rate) $(now), print $(c.count) $(now), read c.rate, print $(now)",
  ),
  values(
    "Counter reads the clock twice a packet",
    "InfiniteSource(x, LIMIT 3, BURST 2, STOP true) -> Counter -> Print(TIMESTAMP true) -> Counter -> SetTimestamp -> Print(TIMESTAMP true) -> Discard",
    [],
  ),
  values("COUNT_CALL stops", "InfiniteSource(BURST 3) -> c :: Counter(COUNT_CALL 10 stop) -> Discard", [
    "c.count",
    "c.count_call",
  ]),
  values("BYTE_COUNT_CALL stops", "InfiniteSource(LENGTH 7) -> c :: Counter(BYTE_COUNT_CALL 100 stop) -> Discard", [
    "c.count",
    "c.byte_count",
  ]),
  values(
    "COUNT_CALL writes a value",
    'InfiniteSource(LIMIT 20) -> c :: Counter(COUNT_CALL 10 s.run "a b", BYTE_COUNT_CALL 200 s.run x y z) -> Discard; s :: Script(TYPE PASSIVE, print $args $(c.count)); Script(wait 1, stop)',
    ["c.count"],
  ),
  values(
    "COUNT_CALL in a compound",
    "elementclass A { input -> c :: Counter(COUNT_CALL 10 d.reset) -> d :: Counter -> output } InfiniteSource(LIMIT 15, STOP true) -> a :: A -> Discard",
    ["*.count"],
  ),
  arguments_(
    "COUNT_CALL that is no call",
    "Idle -> Counter(COUNT_CALL x stop) -> Counter(COUNT_CALL 5) -> Counter(COUNT_CALL -5 stop) -> Counter(BYTE_COUNT_CALL y) -> Counter(5) -> Counter(COUNT_CALL 5 stop, FOO 7) -> Discard",
  ),
  arguments_("COUNT_CALL of no handler", "Idle -> c :: Counter(COUNT_CALL 5) -> Discard"),
  arguments_("COUNT_CALL of a handler that is not there", "Idle -> c :: Counter(COUNT_CALL 5 nosuch) -> Discard"),
  arguments_("COUNT_CALL of an element that is not there", "Idle -> c :: Counter(COUNT_CALL 5 x.nosuch) -> Discard"),
  arguments_(
    "BYTE_COUNT_CALL of a handler that is only read",
    "Idle -> c :: Counter(BYTE_COUNT_CALL 5 c.count) -> Discard",
  ),
  values(
    "COUNT_CALL beyond what there is",
    "InfiniteSource(LIMIT 3, STOP true) -> c :: Counter(COUNT_CALL 99999999999999999999 stop) -> d :: Counter(BYTE_COUNT_CALL 99999999999999999999 stop) -> Discard",
    ["c.count_call", "c.count"],
  ),
  values(
    "COUNT_CALL that goes wrong",
    "InfiniteSource(LIMIT 3, STOP true) -> c :: Counter(COUNT_CALL 2 q.capacity x) -> q :: Queue -> Discard",
    ["c.count"],
  ),
  script(
    "Counter's calls are written",
    "i :: InfiniteSource(LIMIT 20, ACTIVE false) -> c :: Counter -> Discard; s :: Script(TYPE PASSIVE, print $args $(c.count) $(c.byte_count))",
    'write c.count_call 5 s.run a b, write c.byte_count_call 700 s.run "bytes", print $(c.count_call), write i.active true, wait 1, print $(c.count), write c.count_call 30 s.run again, print $(c.count_call), write i.reset, wait 1, write c.reset, write i.reset, wait 1, print $(c.count) $(c.count_call), write c.reset_counts, print $(c.count)',
  ),
  script(
    "Counter's calls are written wrongly",
    "Idle -> c :: Counter -> Discard",
    'write c.count_call, write c.count_call x stop, write c.count_call 5, write c.count_call 5 nosuch, print "<$(c.count_call)>", write c.count_call 5 c.count, write c.byte_count_call x, write c.byte_count_call 5 x.y, write c.byte_count_call 99999999999999999999 stop, read c.byte_count_call, write c.count 5, write c.rate 5',
  ),
  script(
    "Counter's call that has passed",
    "i :: InfiniteSource(LIMIT 20) -> c :: Counter -> Discard; s :: Script(TYPE PASSIVE, print called $(c.count))",
    "wait 1, write c.count_call 5 s.run, write c.byte_count_call 5 s.run, write i.reset, wait 1, print $(c.count)",
  ),
];
