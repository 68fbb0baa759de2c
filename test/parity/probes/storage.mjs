// Elements that store, schedule and shape packets.

/** Packets of these bytes, in hexadecimal, and then the end. */
const source = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit}, STOP true)`;
/** Packets of so many bytes that come at once, and no end. */
const sized = (length, limit = 1, letter = "a") => `InfiniteSource(DATA "${letter}", LENGTH ${length}, LIMIT ${limit})`;
/** Reads handlers of an element. */
const reads = (name, ...handlers) => handlers.flatMap((handler) => ["-h", `${name}.${handler}`]);
const numbered = (letters) => [...letters].map((letter) => `InfiniteSource(DATA "${letter}", LIMIT 1) -> i;`).join(" ");

const queues = ["MixedQueue", "FrontDropQueue", "QuickNoteQueue", "ThreadSafeQueue"];
const queueHandlers = ["length", "highwater_length", "drops", "capacity", "class"];

/** @type {import("../probe.mjs").Probe[]} */
const all = [
  // Queues
  ...queues.flatMap((name) => {
    const second = name === "MixedQueue" ? "; Idle -> [1] q" : "";
    return [
      {
        name: `${name}'s arguments`,
        config: `Idle -> q :: ${name}(x) -> Discard${second}; Idle -> r :: ${name}(-1) -> Discard${second.replace("q", "r")}; Idle -> s :: ${name}(1, 2) -> Discard${second.replace("q", "s")}`,
      },
      {
        name: `${name}'s handlers`,
        config: `Idle -> q :: ${name} -> Discard${second}; Script(stop)`,
        args: [...reads("q", "handlers", ...queueHandlers)],
      },
      {
        name: `${name} is full`,
        config: `${source("61", 5)} -> q :: ${name}(3) -> u :: Unqueue(ACTIVE false) -> Discard${second}; q[1] -> Print(out) -> Discard`,
        args: reads("q", ...queueHandlers),
      },
      {
        name: `${name} is full, and has one output`,
        config: `${source("61", 5)} -> q :: ${name}(3) -> u :: Unqueue(ACTIVE false) -> Discard${second}`,
        args: reads("q", ...queueHandlers),
      },
      {
        name: `${name} gives what it holds`,
        config: `i :: Null -> q :: ${name}(4) -> u :: Unqueue(ACTIVE false) -> Print -> Discard${second}; ${numbered("abcdef")}
          Script(wait 0.1, write q.capacity 3, read q.length, read q.capacity, write u.active true, wait 0.1, read q.length, write q.reset_counts, read q.drops, read q.highwater_length, stop)`,
        args: ["--simtime"],
      },
      {
        name: `${name} is emptied`,
        config: `i :: Null -> q :: ${name}(4) -> u :: Unqueue(ACTIVE false) -> Print -> Discard${second}; ${numbered("abc")}
          Script(wait 0.1, read q.length, write q.reset, read q.length, write q.capacity x, write q.capacity 0x2, read q.config, stop)`,
        args: ["--simtime"],
      },
      {
        name: `${name} wakes who pulls`,
        config: `TimedSource(0.1, "a", LIMIT 5) -> q :: ${name} -> Unqueue -> c :: Counter -> Discard${second}; Script(wait 1, read c.count, read q.highwater_length, stop)`,
        args: ["--simtime"],
      },
    ];
  }),
  {
    name: "QuickNoteQueue lets sources sleep",
    config: `InfiniteSource(LIMIT 1000) -> q :: QuickNoteQueue(5) -> Unqueue -> c :: Counter -> Discard; Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("q", "drops"), ...reads("c", "count")],
  },
  {
    name: "MixedQueue takes packets of its second input first",
    config: `i :: Null -> q :: MixedQueue(5) -> u :: Unqueue(ACTIVE false) -> Print -> Discard; j :: Null -> [1] q; q[1] -> Print(out) -> Discard;
      ${numbered("abcd")} InfiniteSource(DATA "1", LIMIT 1) -> j; InfiniteSource(DATA "2", LIMIT 1) -> j; InfiniteSource(DATA "3", LIMIT 1) -> j;
      Script(wait 0.1, read q.length, read q.drops, write u.active true, wait 0.1, stop)`,
    args: ["--simtime"],
  },
  { name: "MixedQueue needs both inputs", config: "Idle -> q :: MixedQueue -> Discard" },
  {
    name: "a queue that holds none",
    config: `${source("61", 3)} -> q :: QuickNoteQueue(0) -> Discard`,
    args: reads("q", ...queueHandlers),
  },

  // Ways
  {
    name: "Bypass sends to its second output while it is active",
    config: `${sized(1, 2)} -> b :: Bypass; b[0] -> Print(a) -> Discard; b[1] -> Print(b) -> Discard;
      Script(wait 0.1, read b.active, write b.active true, read b.active, write b.active x, write b.active false, stop)`,
    args: ["--simtime", "-h", "b.handlers"],
  },
  {
    name: "an active Bypass",
    config: `${source("61", 2)} -> b :: Bypass(true); b[0] -> Print(a) -> [1] b; b[1] -> Print(b) -> Discard`,
  },
  {
    name: "Bypass around an element",
    config: `TimedSource(0.1, "a", LIMIT 6) -> b :: Bypass(ACTIVE true) -> Print(x) -> c :: Counter; b[1] -> c -> Discard;
      Script(wait 0.25, read c.count, write b.active false, wait 0.2, read c.count, stop)`,
    args: ["--simtime"],
  },
  {
    name: "an active Bypass with one output",
    config: `${source("61", 2)} -> b :: Bypass(true) -> Print(a) -> Discard`,
  },
  {
    name: "Bypass pulls from its second input while it is active",
    config: `${sized(1, 3, "a")} -> Queue -> b :: Bypass(true) -> Unqueue -> Print -> Discard; ${sized(1, 2, "b")} -> Queue -> [1] b;
      Script(wait 0.05, write b.active false, wait 0.05, stop)`,
  },
  {
    name: "Bypass's arguments",
    config: "Idle -> b :: Bypass(x) -> Bypass(false, false) -> Bypass(INLINE x) -> Discard",
  },
  {
    name: "Block compares the rate annotation",
    config: `${source("61", 1)} -> b :: Block(5); b[0] -> Print(a) -> Discard; b[1] -> Print(b) -> Discard;
      ${source("62", 1)} -> Paint(6, 20) -> b; ${source("63", 1)} -> Paint(5, 20) -> b; ${source("64", 1)} -> Paint(255, 23) -> b; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "Block's threshold may be written",
    config: `Idle -> b :: Block(0x10); b[0] -> Discard; b[1] -> Discard;
      Script(read b.thresh, write b.thresh -7, read b.thresh, write b.thresh x, write b.thresh, write b.thresh 0, read b.thresh, stop)`,
    args: ["-h", "b.handlers", "-h", "b.config"],
  },
  {
    name: "Block of 0 lets all pass",
    config: `${source("64", 1)} -> Paint(25, 22) -> b :: Block(0); b[0] -> Print(a) -> Discard; b[1] -> Print(b) -> Discard`,
  },
  {
    name: "Block's arguments",
    config:
      "Idle -> b :: Block; b[0] -> Discard; b[1] -> Discard; Idle -> c :: Block(x); c[0] -> Discard; c[1] -> Discard",
  },
  {
    name: "Suppressor stops ports",
    config: `TimedSource(0.1, "a", LIMIT 4) -> s :: Suppressor -> Print(a) -> Discard; TimedSource(0.1, "b", LIMIT 4) -> [1] s; s[1] -> Print(b) -> Discard;
      Script(wait 0.15, write s.active0 false, read s.active0, read s.active1, wait 0.1, write s.reset, read s.active0, wait 0.1, write s.active1 x, write s.active1 0, wait 0.1, stop)`,
    args: ["--simtime", "-h", "s.handlers"],
  },
  {
    name: "Suppressor pulls",
    config: `${sized(1, 2)} -> Queue -> s :: Suppressor(whatever) -> Unqueue -> Print(a) -> Discard;
      Script(write s.active0 false, wait 0.1, write s.active0 true, wait 0.1, stop)`,
    args: ["--simtime"],
  },
  { name: "Suppressor has as many outputs as inputs", config: "Idle -> s :: Suppressor -> Discard; s[1] -> Discard" },

  // Schedulers
  {
    name: "StrideSched takes packets by tickets",
    config: `${sized(1, 20, "a")} -> Queue -> [0] s :: StrideSched(1, 3, 2); ${sized(1, 20, "b")} -> Queue -> [1] s; ${sized(1, 20, "c")} -> Queue -> [2] s;
      s -> u :: Unqueue(LIMIT 24, ACTIVE false) -> Print -> Discard; Script(wait 0.1, write u.active true, wait 0.1, stop)`,
    args: ["--simtime", "-h", "s.handlers", "-h", "s.config"],
  },
  {
    name: "StrideSched passes over inputs without packets",
    config: `${sized(1, 3, "a")} -> Queue -> [0] s :: StrideSched(5, 1); ${sized(1, 6, "b")} -> Queue -> [1] s;
      s -> u :: Unqueue(ACTIVE false) -> Print -> Discard; Script(wait 0.1, write u.active true, wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "StrideSched's tickets may be written",
    config: `${sized(1, 50, "a")} -> Queue -> [0] s :: StrideSched(1, 0); ${sized(1, 50, "b")} -> Queue -> [1] s;
      s -> u :: RatedUnqueue(10) -> Print -> Discard;
      Script(wait 0.35, write s.tickets1 2, read s.tickets1, read s.config, wait 0.6, write s.tickets0 0, wait 0.3, write s.tickets0 x, write s.tickets0 -1, write s.tickets0 40000, read s.tickets0, wait 0.4, stop)`,
    args: ["--simtime"],
  },
  {
    name: "StrideSched's arguments",
    config:
      "Idle -> [0] s :: StrideSched(1); Idle -> [1] s; s -> Discard; Idle -> t :: StrideSched(x) -> Discard; Idle -> u :: StrideSched(-1) -> Discard; Idle -> v :: StrideSched -> Discard",
  },
  {
    name: "StrideSched has many tickets",
    config: "Idle -> [0] s :: StrideSched(32768, 50000); Idle -> [1] s; s -> Discard; Script(stop)",
    args: ["-h", "s.config", "-h", "s.tickets1"],
  },
  {
    name: "StrideSched's configuration may be written",
    config:
      "Idle -> [0] s :: StrideSched(1, 2); Idle -> [1] s; s -> Discard; Script(write s.config 3 , write s.config '3, 4', read s.config, read s.tickets0, stop)",
  },
  {
    name: "StrideSwitch gives packets by tickets",
    config: `${source("61", 12)} -> s :: StrideSwitch(1, 3, 2); s[0] -> Print(a) -> Discard; s[1] -> Print(b) -> Discard; s[2] -> Print(c) -> Discard`,
    args: ["-h", "s.handlers", "-h", "s.config"],
  },
  {
    name: "StrideSwitch's tickets may be written",
    config: `TimedSource(0.1, "a") -> s :: StrideSwitch(1, 0, 1); s[0] -> Print(a) -> Discard; s[1] -> Print(b) -> Discard; s[2] -> Print(c) -> Discard;
      Script(wait 0.35, write s.tickets1 5, wait 0.5, write s.tickets1 0, write s.tickets2 0, wait 0.3, write s.tickets0 0, wait 0.3, write s.tickets1 7, wait 0.2, read s.config, stop)`,
    args: ["--simtime"],
  },
  {
    name: "StrideSwitch's arguments",
    config:
      "Idle -> s :: StrideSwitch(1); s[0] -> Discard; s[1] -> Discard; Idle -> t :: StrideSwitch(99999) -> Discard",
  },
  {
    name: "DRRSched gives each input the same bandwidth",
    config: `${sized(400, 20, "a")} -> Queue -> [0] s :: DRRSched; ${sized(100, 40, "b")} -> Queue -> [1] s; ${sized(1400, 10, "c")} -> Queue -> [2] s;
      s -> u :: Unqueue(LIMIT 50, ACTIVE false) -> Print(MAXLENGTH 1) -> Discard; Script(wait 0.1, write u.active true, wait 0.1, stop)`,
    args: ["--simtime", "-h", "s.handlers"],
  },
  {
    name: "DRRSched of a small quantum",
    config: `${sized(40, 4, "a")} -> Queue -> [0] s :: DRRSched(QUANTUM 30); ${sized(10, 9, "b")} -> Queue -> [1] s;
      s -> u :: Unqueue(ACTIVE false) -> Print(MAXLENGTH 1) -> Discard; Script(wait 0.1, write u.active true, wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "DRRSched wakes who pulls",
    config: `TimedSource(0.1, "aaaaaaaaaaaaaaa", LIMIT 5) -> Queue -> [0] s :: DRRSched(4); Idle -> [1] s; s -> Unqueue -> c :: Counter -> Discard; Script(wait 1, read c.count, stop)`,
    args: ["--simtime"],
  },
  {
    name: "DRRSched's arguments",
    config: "Idle -> DRRSched(0) -> Discard; Idle -> DRRSched(-4) -> Discard; Idle -> DRRSched(x) -> Discard",
  },
  { name: "DRRSched without inputs", config: "s :: DRRSched -> Discard; Script(stop)" },
  {
    name: "SimplePrioSched takes the first input first",
    config: `${sized(1, 2, "a")} -> Queue -> [1] s :: SimplePrioSched; ${sized(1, 2, "b")} -> Queue -> [0] s; s -> u :: Unqueue(ACTIVE false) -> Print -> Discard;
      Script(wait 0.1, write u.active true, wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "SimpleRoundRobinSched takes its inputs in turn",
    config: `${sized(1, 2, "a")} -> Queue -> [1] s :: SimpleRoundRobinSched; ${sized(1, 3, "b")} -> Queue -> [0] s; s -> u :: Unqueue(ACTIVE false) -> Print -> Discard;
      Script(wait 0.1, write u.active true, wait 0.1, stop)`,
    args: ["--simtime", "-h", "s.handlers"],
  },
  {
    name: "SimpleIdle ends packets and gives none",
    config: `${source("61", 2)} -> i :: SimpleIdle; SimpleIdle -> u :: Unqueue -> c :: Counter -> Discard; Script(wait 0.02, stop)`,
    args: ["-h", "c.count", "-h", "i.handlers"],
  },
  {
    name: "SimplePullSwitch takes from its input",
    config: `${sized(1, 2, "a")} -> Queue -> [1] s :: SimplePullSwitch; ${sized(1, 2, "b")} -> Queue -> [0] s; s -> Unqueue -> Print -> Discard;
      Script(wait 0.05, read s.switch, write s.switch 1, wait 0.05, write s.switch 9, read s.switch, read s.config, write s.switch x, stop)`,
    args: ["-h", "s.handlers"],
  },

  // Early detection
  {
    name: "AdaptiveRED's handlers",
    config:
      "Idle -> r :: AdaptiveRED(20, 0.02) -> q :: Queue -> Discard; Script(write r.max_p 0.1, write r.min_thresh 4, stop)",
    args: reads(
      "r",
      "handlers",
      "config",
      "min_thresh",
      "max_thresh",
      "max_p",
      "stats",
      "queues",
      "avg_queue_size",
      "drops",
    ),
  },
  {
    name: "AdaptiveRED's arguments",
    config:
      "Idle -> AdaptiveRED -> AdaptiveRED(5, 2) -> AdaptiveRED(x, y) -> AdaptiveRED(5, 0.1, STABILITY 17) -> AdaptiveRED(5, 0.1, GENTLE false) -> AdaptiveRED(5, 0.1, QUEUES x) -> Queue -> Discard",
  },
  {
    name: "AdaptiveRED's target is at least 10",
    config: "Idle -> r :: AdaptiveRED(5, 0.02, STABILITY 2) -> q :: Queue -> Discard; Script(stop)",
    args: reads("r", "config"),
  },
  { name: "AdaptiveRED needs a queue", config: "Idle -> AdaptiveRED(5, 0.02) -> Discard" },
  {
    name: "AdaptiveRED lowers the probability while the queue is short",
    config:
      "Idle -> r :: AdaptiveRED(20, 0.5) -> q :: Queue -> Discard; Script(wait 0.6, read r.max_p, wait 2, read r.max_p, wait 60, read r.max_p, read r.config, stop)",
    args: ["--simtime"],
  },
  {
    name: "AdaptiveRED raises it while the queue is long",
    config: `${sized(1, 18)} -> q :: Queue -> r :: AdaptiveRED(10, 0.001, STABILITY 0) -> u :: Unqueue(ACTIVE false) -> Discard; Script(wait 0.6, read r.max_p, wait 2, read r.max_p, wait 60, read r.max_p, stop)`,
    args: ["--simtime"],
  },
  {
    name: "AdaptiveRED's configuration may be written",
    config:
      "Idle -> r :: AdaptiveRED(20, 0.5) -> q :: Queue -> Discard; Script(write r.config '30, 0.1', read r.config, write r.config 7, read r.config, stop)",
  },
  {
    name: "RED's configuration",
    config:
      "Idle -> r :: RED(5, 50, 0.02, GENTLE false, STABILITY 3) -> q :: Queue -> Discard; Script(read r.config, write r.config '6, 60, 0.5', read r.config, read r.max_p, stop)",
    args: ["-h", "r.handlers"],
  },
  {
    name: "CoDel's handlers",
    config: "Idle -> q :: Queue -> c :: CoDel -> Discard; Script(stop)",
    args: reads("c", "handlers", "config", "drops", "codel_interval", "codel_target", "stats", "queues"),
  },
  {
    name: "CoDel's arguments",
    config:
      "Idle -> Queue -> CoDel(x) -> CoDel(1, y) -> CoDel(1, 2, 3) -> CoDel(TARGET 5ms, INTERVAL 0.1, QUEUES a b) -> Discard",
  },
  { name: "CoDel needs a queue", config: "Idle -> CoDel -> Discard" },
  {
    name: "CoDel's arguments may be written",
    config:
      "Idle -> q :: Queue -> c :: CoDel(10ms, INTERVAL 0.2) -> Discard; Script(read c.codel_target, read c.codel_interval, write c.codel_target 1ms, write c.codel_interval 50ms, read c.codel_target, read c.config, write c.codel_target x, stop)",
  },
  {
    name: "CoDel drops packets that waited",
    config: `RatedSource(RATE 1000, LIMIT 3000) -> SetTimestamp(FIRST true) -> q :: Queue(5000) -> c :: CoDel -> r :: RatedUnqueue(500) -> d :: Counter -> Discard;
      Script(wait 0.5, read c.drops, wait 1, read c.drops, wait 1, read c.drops, wait 4, read c.drops, read d.count, read c.stats, stop)`,
    args: ["--simtime"],
  },
  {
    name: "CoDel with other arguments",
    config: `RatedSource(RATE 1000, LIMIT 2000) -> SetTimestamp(FIRST true) -> q :: Queue(5000) -> c :: CoDel(20ms, 500ms, QUEUES q) -> r :: RatedUnqueue(100) -> d :: Counter -> Discard;
      Script(wait 0.5, read c.drops, wait 1, read c.drops, wait 3, read c.drops, wait 9, read c.drops, read d.count, read c.stats, stop)`,
    args: ["--simtime"],
  },
  {
    name: "CoDel lets packets without a time pass",
    config: `${sized(1, 50)} -> q :: Queue -> c :: CoDel(1ms, 1ms) -> RatedUnqueue(10) -> d :: Counter -> Discard; Script(wait 6, read c.drops, read d.count, stop)`,
    args: ["--simtime"],
  },

  // Links, splitters, meters
  {
    name: "LinkUnqueue's handlers",
    config: "Idle -> Queue -> l :: LinkUnqueue(20ms, 1Mbps) -> Discard; Script(stop)",
    args: reads("l", "handlers", "latency", "bandwidth", "size", "config"),
  },
  {
    name: "LinkUnqueue's arguments",
    config:
      "Idle -> Queue -> LinkUnqueue -> Queue -> LinkUnqueue(1, 50Bps) -> Queue -> LinkUnqueue(x, y) -> Queue -> LinkUnqueue(1, 800bps) -> Discard",
  },
  {
    name: "LinkUnqueue takes its time",
    config: `${sized(125, 5)} -> Queue -> l :: LinkUnqueue(100ms, 10kbps) -> Print(TIMESTAMP true, MAXLENGTH 1) -> Discard;
      Script(wait 0.05, read l.size, wait 0.1, read l.size, wait 1, read l.size, stop)`,
    args: ["--simtime"],
  },
  {
    name: "LinkUnqueue's packets are not back to back",
    config: `TimedSource(0.3, "aaaaaaaaaaaaaaaaaaaaaaaaa", LIMIT 4) -> Queue -> l :: LinkUnqueue(0.5, 1kbps) -> Print(TIMESTAMP true, MAXLENGTH 1) -> Discard; Script(wait 3, read l.size, stop)`,
    args: ["--simtime"],
  },
  {
    name: "LinkUnqueue counts the extra length",
    config: `${sized(125, 3)} -> Truncate(25) -> Queue -> l :: LinkUnqueue(0, 10kbps) -> Print(TIMESTAMP true, MAXLENGTH 1) -> Discard; Script(wait 1, read l.size, stop)`,
    args: ["--simtime"],
  },
  {
    name: "LinkUnqueue is emptied",
    config: `${sized(125, 50)} -> q :: Queue -> l :: LinkUnqueue(1s, 10kbps) -> c :: Counter -> Discard;
      Script(wait 0.55, read l.size, write l.reset, read l.size, wait 0.1, read l.size, write l.latency 2s, read l.size, read l.latency, write l.bandwidth 8kbps, read l.bandwidth, wait 1,
        write l.latency x, write l.bandwidth x, write l.bandwidth 9Bps, read l.latency, wait 2, read c.count, read q.length, stop)`,
    args: ["--simtime"],
  },
  ...["RatedSplitter", "BandwidthRatedSplitter"].flatMap((name) => [
    {
      name: `${name}'s handlers`,
      config: `Idle -> s :: ${name}(1000) -> Discard; Script(stop)`,
      args: reads("s", "handlers", "rate", "config"),
    },
    {
      name: `${name}'s arguments`,
      config: `Idle -> ${name} -> ${name}(x) -> ${name}(1000, BURST_SIZE 5, BURST_DURATION 1) -> ${name}(1000, BURST_BYTES 5, BURST_DURATION 1) -> ${name}(1000, BURST_DURATION x) -> Discard`,
    },
    {
      name: `${name} splits`,
      config: `RatedSource(RATE 1000, LENGTH 1000, LIMIT 3000) -> s :: ${name}(${name === "RatedSplitter" ? "250" : "250000Bps"}) -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard;
        Script(wait 1, read a.count, read b.count, write s.rate ${name === "RatedSplitter" ? "500" : "4Mbps"}, read s.rate, wait 1, read a.count, read b.count, write s.rate x, wait 2, read a.count, read b.count, stop)`,
      args: ["--simtime"],
    },
    {
      name: `${name} has bursts`,
      config: `RatedSource(RATE 1000, LENGTH 1000, LIMIT 3000) -> s :: ${name}(${name === "RatedSplitter" ? "250, BURST_SIZE 100" : "250kBps, BURST_BYTES 300000"}) -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard;
        Script(wait 1, read a.count, read b.count, wait 3, read a.count, read b.count, read s.config, stop)`,
      args: ["--simtime"],
    },
    {
      name: `${name}'s configuration may be written`,
      config: `Idle -> s :: ${name}(1000Bps) -> Discard; Idle -> t :: ${name}(77) -> Discard; Script(write t.config 90, read t.config, read t.rate, stop)`,
    },
  ]),
  ...["Meter", "BandwidthMeter"].flatMap((name) => [
    {
      name: `${name}'s handlers`,
      config: `Idle -> m :: ${name}(1000Bps) -> Discard; m[1] -> Discard; Script(stop)`,
      args: reads("m", "handlers", "rate", "meters", "config"),
    },
    {
      name: `${name}'s arguments`,
      config: `Idle -> a :: ${name} -> Discard; a[1] -> Discard; Idle -> b :: ${name}(x) -> Discard; b[1] -> Discard; Idle -> c :: ${name}(1000, 1kBps) -> Discard; c[1] -> Discard; c[2] -> Discard; Idle -> d :: ${name}(1, 2) -> Discard; d[1] -> Discard; Idle -> e :: ${name}(5000000Bps) -> Discard; e[1] -> Discard`,
    },
    {
      name: `${name} warns of rates without units`,
      config: `Idle -> m :: ${name}(1000, 2000Bps, 1e4) -> Discard; m[1] -> Discard; m[2] -> Discard; m[3] -> Discard; Script(stop)`,
      args: reads("m", "meters"),
    },
    {
      name: `${name} chooses by the rate`,
      config: `RatedSource(RATE 1000, LENGTH 100, LIMIT 3000) -> m :: ${name}(${name === "Meter" ? "500Bps, 900Bps" : "50kBps, 90kBps"}) -> a :: Counter -> Discard; m[1] -> b :: Counter -> Discard; m[2] -> c :: Counter -> Discard;
        Script(wait 0.01, read a.count, read b.count, read c.count, wait 0.02, read a.count, read b.count, read c.count, wait 0.5, read a.count, read b.count, read c.count, stop)`,
      args: ["--simtime"],
    },
    {
      name: `${name}'s rate sinks`,
      config: `RatedSource(RATE 1000, LENGTH 100, LIMIT 100) -> m :: ${name}(1Bps) -> Discard; m[1] -> Discard; Script(wait 0.1, read m.rate, wait 0.01, read m.rate, wait 0.02, read m.rate, wait 1, read m.rate, stop)`,
      args: ["--simtime"],
    },
  ]),
];

// Differences that are known and not closed yet: sources that sleep because a queue is full wake when it is made smaller.
const notYet = ["QuickNoteQueue gives what it holds", "ThreadSafeQueue gives what it holds"];
export const open = all.filter(({ name }) => notYet.includes(name));

/** @type {import("../probe.mjs").Probe[]} */
export const probes = all.filter((probe) => !open.includes(probe));
