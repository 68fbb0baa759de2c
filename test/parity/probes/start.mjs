// The least that a program does.
/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  {
    name: "a source with a limit stops the driver",
    config: "InfiniteSource(LIMIT 5, STOP true) -> c :: Counter -> Discard",
    args: ["-h", "c.count"],
  },
  { name: "a script prints and stops", config: 'Script(print "hello", stop)' },
];
