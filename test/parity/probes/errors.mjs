// How errors are printed: form, place, stages, order.
const mistakes = (count) => Array.from({ length: count }, (_, i) => `Idle -> p${i} :: Paint(x) -> Discard;`).join("\n");

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  { name: "any number of errors", config: mistakes(500), args: [] },
  { name: "an unknown class ends it without a closing line", config: "Idle -> x :: Foo -> Discard; Idle -> Null" },
  {
    name: "the file's name is as given",
    args: ["./a.click"],
    files: { "a.click": "Idle\n-> Paint(\n  x)\n-> Discard;\np ::\nPaint(x);\nIdle -> p -> Discard" },
  },
  { name: "standard input has a name", stdin: "\nIdle -> Paint(x) -> Discard" },
  { name: "an element's messages are under its name", config: "Idle -> Paint(x, 5, FOO 3) -> Strip -> Discard" },
  { name: "a port out of range", config: "Idle -> [1]n :: Null [2] -> Discard; n -> [3]Null -> Discard" },
  { name: "push meets pull", config: "s :: InfiniteSource -> RatedUnqueue(5) -> Discard; Idle -> Null" },
  {
    name: "push meets pull behind agnostic elements",
    config: "InfiniteSource -> Null -> c :: Counter -> u :: Unqueue -> Discard",
  },
  {
    name: "an agnostic element in a mixed context",
    config: "c :: Counter; InfiniteSource(LIMIT 1) -> Queue -> c; c -> Queue -> Discard",
  },
  {
    name: "several conflicts",
    config:
      "RatedSource -> a :: Null -> b :: Null -> Unqueue -> Discard; RatedSource -> Null -> Null -> x :: Tee -> Unqueue -> Discard; x[1] -> Shaper(5) -> Discard",
  },
  {
    name: "ports used again, then unused inputs, then unused outputs",
    config:
      "i :: InfiniteSource -> Discard; i -> Discard; q :: Queue; Idle -> q -> u :: Unqueue -> Discard; q2 :: Queue -> u; Idle -> q2; n :: Null; m :: Null; t :: Tee; t[1] -> Discard",
  },
  {
    name: "two may pull from one output",
    config: "Idle -> q :: Queue; q -> u :: Unqueue -> Discard; q -> v :: Unqueue -> Discard",
    args: ["-qh", "u.class"],
  },
  {
    name: "initialization stops at the first that fails",
    config: "Idle -> ToDump(/nonexistent/a) ; Idle -> ToDump(/nonexistent/b)",
    mask: (text) => text.replace(/: No such.*|cannot write (.*): no such file/, "$1"),
  },
  { name: "Error says nothing of its own", config: 'Idle -> Error("no", 5) -> Discard' },
  { name: "Error comes after what is configured", config: 'Idle -> Error("no") -> Paint(x) -> Discard' },
  { name: "a requirement that is not there", config: "require(nosuch); Idle -> Discard" },
  ...[3, 6, 7, 8, 9, 20, 40, 41, 100].map((count) => ({
    name: `the order of ${count} elements`,
    config: Array.from({ length: count }, (_, i) =>
      `x${i} :: Paint(x); Idle -> x${i} -> Discard;`.replace(/Idle -> |-> Discard/g, (part) => part),
    ).join("\n"),
  })),
  ...[7, 9, 12, 41].map((count) => ({
    name: `the order of ${count} elements, with others of other phases`,
    config:
      `${Array.from({ length: count }, (_, i) => (i % 5 === 2 ? `AddressInfo(x${i});` : i % 7 === 3 ? `ScheduleInfo(x y);` : i % 11 === 5 ? `Idle -> ToDump;` : `Message(a, FOO ${i}, BAR x);`)).join("\n")}`.replace(
        /Message\(a, FOO (\d+), BAR x\)/g,
        "Idle -> x$1 :: Strip(a) -> Discard",
      ),
    mask: (text) => text.replace(/^ {2}.*\n/gm, ""),
  })),
  {
    name: "tasks run in the order of initialization",
    config: `${Array.from({ length: 7 }, (_, i) => `InfiniteSource(DATA "${i}", LIMIT 2, BURST 1) -> Print("${i}", CONTENTS NONE) -> Discard;`).join("\n")} DriverManager(wait 0.1s, stop)`,
  },
];
