// What `$?` is after a handler has refused what is written to it: Click's elements do not agree on it.
const lookups = ["RadixIPLookup", "DirectIPLookup", "LinearIPLookup", "RangeIPLookup"];

/** By configuration: what is written. */
const writes = {
  "Idle -> e :: ARPQuerier(1.0.0.1, 1:1:1:1:1:1) -> Discard; Idle -> [1] e": [
    "insert foo",
    "insert 1.2.3.4 foo",
    "delete foo",
    "delete 1.2.3.9",
  ],
  "e :: ARPTable": ["insert foo", "insert 1.2.3.4", "delete foo"],
  "Idle -> e :: ARPResponder(1.0.0.1 1:1:1:1:1:1) -> Discard": [
    "add foo",
    "add 1.2.3.4",
    "remove foo",
    "remove 1.2.3.4",
    "config foo",
  ],
  "Idle -> e :: RED(5, 50, 0.02) -> Queue -> Discard": [
    "min_thresh 60",
    "min_thresh x",
    "min_thresh -1",
    "max_thresh 3",
    "max_thresh 70000",
    "max_p 3",
    "max_p x",
    "max_p -1",
    "config x",
  ],
  "Idle -> Queue -> e :: RatedUnqueue(5) -> Discard": ["rate x", "rate -1", "active x"],
  "Idle -> Queue -> e :: BandwidthRatedUnqueue(500) -> Discard": ["rate x"],
  "Idle -> e :: RatedSplitter(5) -> Discard; e [1] -> Discard": ["rate x"],
  "Idle -> Queue -> e :: Shaper(5) -> Unqueue -> Discard": ["rate x"],
  "Idle -> e :: Counter -> Discard": [
    "count_call x",
    "count_call 5 foo.bar",
    "count_call 5 e.count",
    "count_call 5",
    "byte_count_call 5 foo",
    "config 'FOO 2'",
  ],
  "e :: RandomSeed(1)": ["seed x"],
  "Idle -> e :: Queue -> Discard": ["capacity x", "config x", "config '1, 2'"],
  "Idle -> e :: Switch -> Discard": ["config 7", "config x", "config '1, 2'", "switch x", "switch 7"],
  "Idle -> e :: SetIPDSCP(1) -> Discard": ["config 77", "config x"],
  "Idle -> e :: SetIPECN(1) -> Discard": ["config 77"],
  "Idle -> e :: RandomSample(0.5) -> Discard": ["config 7"],
  "Idle -> e :: RandomBitErrors(0.5) -> Discard": ["config 7", "config '0.5, x'"],
  "Idle -> e :: SetPacketType(HOST) -> Discard": ["config foo"],
  "Idle -> e :: Classifier(-) -> Discard": ["config foo"],
  "Idle -> e :: IPFilter(allow all) -> Discard": ["config foo"],
  "e :: RandomSource(10, LIMIT 0) -> Discard": ["config 100000", "config -1"],
  ...Object.fromEntries(
    lookups.map((name) => [
      `Idle -> e :: ${name}(1.0.0.0/8 0) -> Discard`,
      [
        "remove 2.0.0.0/8",
        "remove foo",
        "add 1.0.0.0/8 0",
        "add foo",
        "add 2.0.0.0/8 7",
        "ctrl 'remove 2.0.0.0/8'",
        "ctrl foo",
      ],
    ]),
  ),
};

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  ...Object.entries(writes).map(([config, values]) => ({
    name: config,
    config: `${config}; Script(${values.map((value) => `write e.${value}, print $?`).join(", ")}, stop)`,
  })),
  {
    name: "RED's thresholds in its config",
    config: "Idle -> e :: RED(5, 50, 0.02) -> Queue -> Discard; Script(write e.config '60, 50, 0.02', print $?, stop)",
    differs: "Click has -1 here and -22 for other elements' arguments that can be read; ours has -22 for all of them",
  },
];
