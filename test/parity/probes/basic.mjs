// Elements that change packets, annotations and timestamps, and those that decide by chance: seeded, they draw what Click's draw.

/** Packets of these bytes, in hexadecimal, and then the end. */
const source = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit}, STOP true)`;
/** Packets of these bytes, and no end. */
const some = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit})`;
const reads = (name, ...handlers) => handlers.flatMap((handler) => ["-h", `${name}.${handler}`]);
const udp = "4500001c00010000401166ce 0a000001 0a000002 0401003500080000";
const outputs = (n) => Array.from({ length: n }, (_, i) => `s[${i}] -> o${i} :: Counter -> Discard;`).join(" ");
const counts = (n) => Array.from({ length: n }, (_, i) => ["-h", `o${i}.count`]).flat();
/** A packet at each of some times, in seconds. */
const timed = (times) =>
  times.map((time) => `InfiniteSource(DATA a, LIMIT 1) -> SetTimestamp(${time}) -> t;`).join(" ");

/** @type {import("../probe.mjs").Probe[]} */
const all = [
  // Lengths and data
  {
    name: "Align keeps packets as they are",
    config: `${source("616263")} -> a :: Align(4, 2) -> Print -> Align(8, 5) -> Print -> Align(2, 0) -> Align(4, -1) -> Print -> Discard`,
    args: reads("a", "handlers", "config"),
  },
  {
    name: "marks move with an aligned packet",
    config: `${source(`01 ${udp}`)} -> CheckIPHeader(1) -> Align(4, 1) -> Align(4, 0) -> Align(4, 3) -> IPPrint(TIMESTAMP false) -> StripToNetworkHeader -> Print(MAXLENGTH 99) -> Discard`,
  },
  { name: "Align's arguments", config: "Idle -> Align -> Align(3, 0) -> Align(4, 4) -> Align(x, y) -> Discard" },
  {
    name: "Resize",
    config: `${source("616263646566")} -> Resize(-2, -1) -> Print(a) -> Resize(1, 1) -> Print(b) -> Resize(-9) -> Print(c) -> Unstrip(4) -> Resize(TAIL -3) -> Resize(TAIL 2) -> Print(d) -> Discard`,
  },
  {
    name: "Resize's numbers may be written",
    config: `TimedSource(0.1, "abcdefgh") -> r :: Resize -> Print -> Discard; Script(wait 0.15, write r.head -3, read r.head, wait 0.1, write r.tail -2, read r.tail, wait 0.1, write r.head x, write r.tail x, stop)`,
    args: ["--simtime", ...reads("r", "handlers", "config")],
  },
  {
    name: "Resize's arguments",
    config: "Idle -> Resize(x, y) -> Resize(1, 2, 3) -> Resize(HEAD 99999999999) -> Discard",
  },
  {
    name: "CheckLength",
    config: `${some("616263")} -> c :: CheckLength(3) -> Print(short) -> Discard; c[1] -> Print(long) -> Discard; ${some("61626364")} -> c; Script(wait 0.1, write c.length 2, read c.length, write c.length x, write c.length -1, stop)`,
    args: ["--simtime", ...reads("c", "handlers", "length")],
  },
  {
    name: "CheckLength without a second output",
    config: `${source("61626364", 2)} -> c :: CheckLength(3) -> Print -> Discard`,
  },
  {
    name: "CheckLength pulls",
    config: `${source("61626364", 2)} -> Queue -> c :: CheckLength(3) -> Unqueue -> Print -> Discard`,
  },
  { name: "CheckLength's arguments", config: "Idle -> CheckLength -> CheckLength(x) -> CheckLength(-1) -> Discard" },
  {
    name: "StoreData",
    config: `${source("616263646566")} -> s :: StoreData(2, \\<ffee>) -> Print -> StoreData(5, "xyz") -> Print -> StoreData(6, "q") -> StoreData(0, "") -> Print -> Discard`,
    args: reads("s", "handlers", "config"),
  },
  {
    name: "StoreData's arguments",
    config: "Idle -> StoreData -> StoreData(x, y) -> StoreData(-1, a) -> StoreData(1) -> StoreData(1, a b) -> Discard",
  },
  {
    name: "Clipboard",
    config: `${some("414243444546")} -> [0] c :: Clipboard(0/2, 4/1) -> Print(a) -> Discard; InfiniteSource(DATA "abcdefgh", LIMIT 2) -> Queue -> d :: Unqueue(ACTIVE false) -> [1] c; c[1] -> Print(b) -> Discard; ${some("4a")} -> Null -> Print -> Discard; Script(wait 0.1, write d.active true, wait 0.1, stop)`,
    args: ["--simtime", ...reads("c", "handlers", "config")],
  },
  {
    name: "Clipboard and a short packet",
    config: `${some("414243444546")} -> [0] c :: Clipboard(2/3) -> Discard; InfiniteSource(DATA "abcd", LIMIT 1) -> [1] c; c[1] -> Print(b) -> Discard; Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  {
    name: "Clipboard pulls",
    config: `${some("414243444546")} -> Queue -> [0] c :: Clipboard(0/2) -> Unqueue -> Print(a) -> Discard; InfiniteSource(DATA "abcdefgh", LIMIT 2) -> Queue -> [1] c; c[1] -> Unqueue -> Print(b) -> Discard; Script(wait 0.05, stop)`,
  },
  {
    name: "Clipboard's arguments",
    config:
      "Idle -> [0] c :: Clipboard(5) -> Discard; Idle -> [1] c; c[1] -> Discard; Idle -> [0] d :: Clipboard(x/5, 6) -> Discard; Idle -> [1] d; d[1] -> Discard; Idle -> [0] e :: Clipboard(/5) -> Discard; Idle -> [1] e; e[1] -> Discard; Idle -> [0] f :: Clipboard(5/-1) -> Discard; Idle -> [1] f; f[1] -> Discard",
  },

  // Switches
  {
    name: "HashSwitch of 2, 3, 4 and 8 outputs",
    config:
      [2, 3, 4, 8]
        .map(
          (n) =>
            `h${n} :: HashSwitch(1, 3); ${Array.from({ length: n }, (_, i) => `h${n}[${i}] -> Print(${n}-${i}) -> Discard;`).join(" ")} ${["00010203", "00ff00ff", "00ffffff", "0a0b0c0d", "112233445566", "0001", "00800001"].map((hex) => `${some(hex)} -> h${n};`).join(" ")}`,
        )
        .join(" ") + " Script(wait 0.1, stop)",
    args: ["--simtime", "-h", "h2.handlers"],
  },
  {
    name: "HashSwitch of many bytes",
    config: `s :: HashSwitch(2, 21); ${outputs(5)} ${Array.from({ length: 12 }, (_, i) => `InfiniteSource(DATA \\<${(i * 37).toString(16).padStart(4, "0")}ff00${"a7".repeat(i)}${"13".repeat(30)}>, LIMIT 1) -> s;`).join(" ")} Script(wait 0.1, stop)`,
    args: ["--simtime", ...counts(5)],
  },
  {
    name: "HashSwitch's arguments",
    config:
      "Idle -> HashSwitch -> Discard; Idle -> HashSwitch(1, 0) -> Discard; Idle -> HashSwitch(x, y) -> Discard; Idle -> HashSwitch(1) -> Discard",
  },
  {
    name: "InputSwitch",
    config: `${some("61", 2)} -> [0] s :: InputSwitch(1) -> Print -> Discard; ${some("62", 2)} -> [1] s; TimedSource(0.1, "c") -> [2] s; Script(wait 0.15, write s.switch 2, read s.switch, read s.config, wait 0.1, write s.switch 3, read s.switch, wait 0.1, write s.switch x, write s.switch -5, read s.switch, write s.config 1, read s.config, stop)`,
    args: ["--simtime", ...reads("s", "handlers")],
  },
  {
    name: "InputSwitch's arguments",
    config:
      "Idle -> InputSwitch(1) -> Discard; Idle -> InputSwitch(x) -> Discard; Idle -> s :: InputSwitch(-1) -> Discard",
  },

  // Chance
  {
    name: "RandomSwitch of two outputs",
    config: `RandomSeed(5); ${source("61", 1000)} -> s :: RandomSwitch; ${outputs(2)}`,
    args: counts(2),
  },
  {
    name: "RandomSwitch of three outputs",
    config: `RandomSeed(77); ${source("61", 1000)} -> s :: RandomSwitch; ${outputs(3)}`,
    args: [...counts(3), "-h", "s.handlers"],
  },
  {
    name: "RandomSwitch of seven outputs",
    config: `RandomSeed(4294967295); ${source("61", 3000)} -> s :: RandomSwitch; ${outputs(7)}`,
    args: counts(7),
  },
  {
    name: "RandomSwitch of one output",
    config: `${source("61", 10)} -> s :: RandomSwitch; ${outputs(1)}`,
    args: counts(1),
  },
  {
    name: "RandomSeed",
    config:
      "r :: RandomSeed(5); s :: RandomSeed; RandomSource(12, LIMIT 2) -> Print -> Discard; Script(wait 0.1, read r.seed, read s.seed, write r.seed x, read r.config, stop)",
    args: ["--simtime", "-h", "r.handlers"],
    mask: (text) => text.replace(/\| [0-9a-f ]+/g, "| bytes"),
  },
  {
    name: "RandomSeed of 0 and of 1",
    config: "RandomSeed(0); RandomSource(24, LIMIT 2, STOP true) -> Print(a) -> Discard",
  },
  {
    name: "RandomSeed may be written",
    config: `r :: RandomSeed(5); RandomSource(8, LIMIT 2, BURST 2) -> Print -> q :: Queue -> Unqueue -> Discard; TimedSource(0.1, "x", LIMIT 4) -> s :: RandomSwitch; s[0] -> Print(0) -> Discard; s[1] -> Print(1) -> Discard; Script(wait 0.25, write r.seed 9, read r.seed, wait 0.3, stop)`,
    args: ["--simtime"],
  },
  { name: "RandomSeed's arguments", config: "RandomSeed(x); RandomSeed(-1); RandomSeed(1, 2)" },
  {
    name: "RandomSource",
    config: "RandomSeed(1); r :: RandomSource(10, LIMIT 3, STOP true) -> Print -> c :: Counter -> Discard",
    args: reads("r", "handlers", "count", "limit", "burst", "active", "length", "config"),
  },
  {
    name: "RandomSource pulls",
    config: "RandomSeed(1); r :: RandomSource(7, 3, STOP true) -> Unqueue -> Print -> Discard",
  },
  {
    name: "RandomSource's length may be written",
    config: "r :: RandomSource(4, ACTIVE false) -> Discard; Script(write r.length 9, read r.length, stop)",
    differs: "Click never comes back: it fills up the data of InfiniteSource, of which there is none",
  },
  {
    name: "RandomSource's parameters may be written",
    config:
      "RandomSeed(3); r :: RandomSource(4, LIMIT 2) -> Print -> Discard; Script(wait 0.1, write r.length x, write r.limit x, write r.burst x, write r.active x, write r.active false, read r.active, stop)",
    args: ["--simtime"],
  },
  {
    name: "RandomSource writes a handler at its end",
    config:
      "RandomSeed(3); r :: RandomSource(4, LIMIT 2, END_CALL s.run) -> Discard; s :: Script(TYPE PASSIVE, print $(r.count), stop)",
  },
  {
    name: "RandomSource's arguments",
    config:
      "RandomSource -> Discard; RandomSource(-1) -> Discard; RandomSource(65536) -> Discard; RandomSource(5, BURST 0) -> Discard; RandomSource(5, STOP true, END_CALL stop) -> Discard; RandomSource(x, y, z, w) -> Discard",
  },
  ...["0.3", "SAMPLE 0.9", "DROP 0.99", "1", "0"].map((args) => ({
    name: `RandomSample(${args})`,
    config: `RandomSeed(11); ${source("61", 2000)} -> s :: RandomSample(${args}) -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard`,
    args: reads("s", "handlers", "sampling_prob", "drop_prob", "active", "drops", "config").concat([
      "-h",
      "a.count",
      "-h",
      "b.count",
    ]),
  })),
  {
    name: "RandomSample pulls",
    config: `RandomSeed(11); ${source("61", 200)} -> Queue -> s :: RandomSample(0.5) -> Unqueue -> a :: Counter -> Discard`,
    args: ["-h", "a.count", "-h", "s.drops"],
  },
  {
    name: "RandomSample may be written",
    config:
      "Idle -> s :: RandomSample(0.5) -> Discard; Script(write s.sampling_prob 0.25, read s.drop_prob, write s.drop_prob 0.125, read s.sampling_prob, write s.active false, read s.config, write s.sampling_prob 2, write s.drop_prob x, write s.sampling_prob -1, write s.active x, read s.config, stop)",
  },
  {
    name: "an inactive RandomSample lets all pass",
    config: `${source("61", 100)} -> s :: RandomSample(0.1, ACTIVE false) -> a :: Counter -> Discard`,
    args: ["-h", "a.count", "-h", "s.config"],
  },
  {
    name: "RandomSample's arguments",
    config:
      "Idle -> RandomSample -> RandomSample(2) -> RandomSample(SAMPLE 0.5, DROP 0.5) -> RandomSample(x) -> RandomSample(DROP 1.5) -> RandomSample(-0.5) -> Discard",
  },
  ...["0.1", "0.02, set", "0.3, clear", "0.5, flip", "1e-3"].map((args) => ({
    name: `RandomBitErrors(${args})`,
    config: `RandomSeed(21); ${source("00ff55aa0f1e2d3c4b5a6978", 6)} -> r :: RandomBitErrors(${args}) -> Print -> Discard`,
    args: reads("r", "p_bit_error", "error_kind", "active"),
  })),
  {
    name: "RandomBitErrors may be written",
    config:
      "Idle -> r :: RandomBitErrors(0.25) -> Discard; Script(write r.p_bit_error 0.5, read r.p_bit_error, write r.error_kind set, read r.error_kind, write r.error_kind x, write r.p_bit_error 2, write r.active false, read r.active, write r.active x, read r.config, stop)",
    args: reads("r", "handlers"),
  },
  {
    name: "an inactive RandomBitErrors changes nothing",
    config: `${source("00000000", 2)} -> r :: RandomBitErrors(0.9, ACTIVE false) -> Print -> RandomBitErrors(0) -> Print -> Discard`,
  },
  {
    name: "RandomBitErrors's arguments",
    config:
      "Idle -> RandomBitErrors -> RandomBitErrors(2) -> RandomBitErrors(0.5, foo) -> RandomBitErrors(x) -> RandomBitErrors(0.5, flip, x) -> Discard",
  },
  {
    name: "RED by chance",
    config: `RandomSeed(8); InfiniteSource(LIMIT 4000, BURST 40) -> r :: RED(5, 50, 0.3, STABILITY 2) -> q :: Queue(200) -> u :: Unqueue(BURST 36) -> Discard; Script(wait 1, stop)`,
    args: ["--simtime", ...reads("r", "drops"), ...reads("q", "drops")],
  },

  // Annotations and times
  {
    name: "SetAnnoByte",
    config: `${source("61")} -> s :: SetAnnoByte(3, 7) -> SetAnnoByte(PAINT, 255) -> Print(PRINTANNO true) -> Discard; Script(write s.value 9, read s.value, write s.value 256, read s.anno, stop)`,
    args: reads("s", "handlers"),
  },
  {
    name: "SetAnnoByte's arguments",
    config: "Idle -> SetAnnoByte -> SetAnnoByte(48, 1) -> SetAnnoByte(1, 256) -> SetAnnoByte(x, y) -> Discard",
    differs: "Click warns before it reads the arguments",
  },
  {
    name: "SetTimestampDelta",
    config: `t :: Null -> s :: SetTimestampDelta -> Print(TIMESTAMP true) -> Discard; ${timed([5, 7.5, 9.000000001])} Script(wait 0.1, read s.first, write s.reset, read s.first, stop)`,
    args: ["--simtime", ...reads("s", "handlers")],
  },
  {
    name: "SetTimestampDelta since now and the first timestamp",
    config: `${source("61")} -> SetTimestamp(3) -> SetTimestamp(2.5, FIRST true) -> SetTimestampDelta(TYPE FIRST) -> Print(TIMESTAMP true) -> SetTimestamp -> SetTimestampDelta(TYPE NOW) -> Print(TIMESTAMP true) -> Discard`,
    args: ["--simtime"],
  },
  {
    name: "SetTimestampDelta without timestamps",
    config:
      "InfiniteSource(DATA a, LIMIT 2, STOP true, TIMESTAMP false) -> SetTimestampDelta -> Print(TIMESTAMP true) -> Discard",
  },
  {
    name: "SetTimestampDelta's arguments",
    config:
      "Idle -> SetTimestampDelta(TYPE foo) -> SetTimestampDelta(RANGE) -> SetTimestampDelta(TYPE range) -> Discard",
  },
  {
    name: "AdjustTimestamp",
    config: `t :: Null -> s :: AdjustTimestamp(10) -> Print(TIMESTAMP true) -> AdjustTimestamp(-3) -> Print(TIMESTAMP true) -> Discard; ${timed([5, 0])} Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("s", "handlers", "time")],
  },
  {
    name: "AdjustTimestamp of a negative fraction",
    config: "Idle -> s :: AdjustTimestamp(-5.5) -> Discard; Script(read s.time, stop)",
    differs: "Click takes -5.5 as -4.5",
  },
  {
    name: "AdjustTimestamp of all, and of the first timestamp",
    config: `${source("61")} -> SetTimestamp(0) -> AdjustTimestamp(2.25, ALL true) -> Print(TIMESTAMP true) -> AdjustTimestamp(1, FIRST true, ALL true) -> AdjustTimestamp(5, FIRST true) -> Print(TIMESTAMP true, PRINTANNO true) -> Discard`,
  },
  {
    name: "AdjustTimestamp may be written",
    config:
      "Idle -> s :: AdjustTimestamp -> Discard; Script(read s.time, write s.time 0.25, read s.time, write s.time -7, read s.time, write s.time x, stop)",
  },
  {
    name: "AdjustTimestamp's arguments",
    config: "Idle -> AdjustTimestamp(x) -> AdjustTimestamp(1, FIRST x) -> AdjustTimestamp(1, 2) -> Discard",
  },
  {
    name: "TimeRange",
    config: `t :: TimeRange -> s :: TimeRange(SIMPLE true) -> Discard; ${timed([5, 7.5, 3.25, 6])} Script(wait 0.1, read t.range, read s.range, read t.interval, read s.interval, read t.first, read t.last, write t.reset, read t.range, stop)`,
    args: ["--simtime", ...reads("t", "handlers")],
  },
  { name: "TimeRange's arguments", config: "Idle -> TimeRange(5) -> TimeRange(SIMPLE x) -> Discard" },
  ...["5, 8", "START_AFTER 1, END_AFTER 3", "6, INTERVAL 2", "INTERVAL 3", "START_AFTER 1", "END 7", ""].map(
    (args) => ({
      name: `TimeFilter(${args})`,
      config: `t :: TimeFilter(${args}) -> Print(in, TIMESTAMP true) -> Discard; t[1] -> Print(out, TIMESTAMP true) -> Discard; ${timed([5, 6, 7, 8, 9, 5.5])} Script(wait 0.1, stop)`,
      args: ["--simtime", ...reads("t", "handlers", "start", "end", "interval")],
    }),
  ),
  {
    name: "TimeFilter counts from the start of the router",
    config: `TimedSource(1, a) -> SetTimestamp -> t :: TimeFilter(START_DELAY 1.5, END_DELAY 3.5) -> Print(in, TIMESTAMP true) -> Discard; t[1] -> Print(out, TIMESTAMP true) -> Discard; Script(wait 5, stop)`,
    args: ["--simtime"],
    mask: (text) => text.replace(/(\d{10})\.\d+/g, "$1"),
  },
  {
    name: "TimeFilter stops the driver",
    config: `t :: TimeFilter(END 6, STOP true) -> Print(in, TIMESTAMP true) -> Discard; t[1] -> Print(out, TIMESTAMP true) -> Discard; ${timed([5, 6, 7])}`,
    args: ["--simtime"],
  },
  {
    name: "TimeFilter writes a handler, which may put the end off",
    config: `t :: TimeFilter(END 6, END_CALL s.run $t) -> Print(in, TIMESTAMP true) -> Discard; t[1] -> Print(out, TIMESTAMP true) -> Discard; s :: Script(TYPE PASSIVE, print "end $args", write t.extend_interval 1.5); ${timed([5, 6, 7, 11, 12])} Script(wait 0.1, read t.end, stop)`,
    args: ["--simtime"],
  },
  {
    name: "TimeFilter may be written",
    config:
      "Idle -> t :: TimeFilter(5, 9) -> Discard; Script(write t.start 2, read t.start, write t.end 3, read t.end, read t.interval, write t.extend_interval 0.5, read t.end, write t.start x, write t.end x, write t.extend_interval x, stop)",
  },
  {
    name: "TimeFilter's arguments",
    config:
      "Idle -> TimeFilter(x) -> TimeFilter(1, START_AFTER 5) -> TimeFilter(END 1, INTERVAL 5) -> TimeFilter(STOP true, END_CALL stop) -> Discard",
  },
  {
    name: "AverageCounter",
    config:
      "RatedSource(RATE 100, LENGTH 100, LIMIT 200) -> c :: AverageCounter -> Discard; Script(wait 1, read c.count, read c.byte_count, read c.rate, read c.byte_rate, wait 2, read c.rate, write c.reset, read c.count, read c.rate, stop)",
    args: ["--simtime", ...reads("c", "handlers")],
  },
  {
    name: "AverageCounter ignores the first seconds",
    config:
      "RatedSource(RATE 100, LENGTH 100, LIMIT 300) -> c :: AverageCounter(1) -> Discard; Script(wait 0.5, read c.count, read c.rate, wait 2, read c.count, read c.rate, read c.byte_rate, stop)",
    args: ["--simtime"],
  },
  {
    name: "AverageCounter's arguments",
    config: "Idle -> AverageCounter(x) -> AverageCounter(-1) -> AverageCounter(1, 2) -> Discard",
  },

  // Packets that look like those of protocols
  {
    name: "ForceIP",
    config: `f :: ForceIP -> Print(MAXLENGTH 99) -> CheckIPHeader -> IPPrint(TIMESTAMP false) -> Discard; ${["00".repeat(24), `ff${"11".repeat(30)}`, `45${"22".repeat(40)}`, `0f${"33".repeat(70)}`, `42${"44".repeat(19)}`].map((hex) => `${some(hex, 3)} -> f;`).join(" ")} Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("f", "handlers")],
  },
  {
    name: "ForceICMP",
    config: `f :: ForceICMP(echo, 0) -> Print(MAXLENGTH 99) -> Discard; ${some(udp, 2)} -> CheckIPHeader -> f; ${some("4500")} -> f; ${some(`${udp.replace("001c", "0018")}`)} -> MarkIPHeader -> f; ${some(`${udp.replace("001c", "0017")}`)} -> MarkIPHeader -> f; ${some(`${udp.replace("001c", "001d")}`)} -> MarkIPHeader -> f; Script(wait 0.1, stop)`,
    args: ["--simtime", ...reads("f", "handlers")],
  },
  {
    name: "ForceICMP's arguments",
    config:
      "Idle -> ForceICMP -> ForceICMP(foo, 0) -> ForceICMP(3, foo) -> ForceICMP(unreachable, net) -> ForceICMP(256, 0) -> ForceICMP(3, 300) -> Discard",
  },
  ...["", "80", "RANDOM_DPORT true", "0, false, 2", "443, FLAGS 255"].map((args) => ({
    name: `ForceTCP(${args})`,
    config: `RandomSeed(5); ${source(`450000340001000040061234 0a0000010a000002 0001000200000003000000040000ffff00000000 ${"41".repeat(12)}`, 9)} -> MarkIPHeader -> ForceTCP(${args}) -> Print(MAXLENGTH 99) -> Discard`,
  })),
  {
    name: "ForceTCP of a right data offset, of options and of bad lengths",
    config: `f :: ForceTCP -> Print(MAXLENGTH 99) -> Discard; ${["450000290001000040061234 0a0000010a000002 0001000200000003000000045000ffff00000000 41", "4600002c0001000040061234 0a0000010a000002 01020304 0001000200000003000000045000ffff00000000", "450000270001000040061234 0a0000010a000002 0001000200000003000000045000ffff000000", "4500", "430000270001000040061234 0a0000010a000002 0001000200000003000000045000ffff000000"].map((hex) => `${some(hex)} -> MarkIPHeader -> f;`).join(" ")} Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  { name: "ForceTCP's arguments", config: "Idle -> ForceTCP(x, y, z) -> ForceTCP(http) -> ForceTCP(70000) -> Discard" },
  ...["", "-1", "53", "DPORT domain"].map((args) => ({
    name: `ForceUDP(${args})`,
    config: `RandomSeed(5); ${source(`${udp.replace("001c", "0020")}41424344`, 4)} -> MarkIPHeader -> ForceUDP(${args}) -> Print(MAXLENGTH 99) -> Discard`,
  })),
  {
    name: "ForceUDP of bad lengths",
    config: `f :: ForceUDP(5) -> Print(MAXLENGTH 99) -> Discard; ${[udp.replace("001c", "001b"), "4500", udp.replace("4500", "4300")].map((hex) => `${some(hex)} -> MarkIPHeader -> f;`).join(" ")} Script(wait 0.1, stop)`,
    args: ["--simtime"],
  },
  { name: "ForceUDP's arguments", config: "Idle -> ForceUDP(x) -> ForceUDP(70000) -> ForceUDP(1, 2) -> Discard" },
];

// Differences that are known and not closed yet.
export const open = all.filter(({ name }) => [].includes(name));

/** @type {import("../probe.mjs").Probe[]} */
export const probes = all.filter((probe) => !open.includes(probe));
