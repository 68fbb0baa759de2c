/** Scripts: instructions, one a line, compiled with something to read and write and run for a while. */
import { bytesOf, mutateText, numbers, textOf } from "../mutate.mjs";
import { compiled } from "../router.mjs";

const expressions = [
  ...numbers.slice(0, 8),
  "$x",
  "$(c.count)",
  "$(add $x 1)",
  "$(mul $x $x)",
  "$(lt $x 5)",
  "$(sprintf '%5d' $x)",
  "$(cat $x $x)",
  "\x24{x}",
  "$",
  "$(",
  "$()",
  "$(s.run)",
  '"a b"',
  "'$x'",
  "\\<41>",
  "true",
  "$(if $(ge $x 3) begin end)",
];
const labels = ["a", "b", "begin", "end", "loop", "exit", "stop", "error", "return", "nowhere"];
const handlers = [
  "c.count",
  "c.reset",
  "i.active",
  "s.run",
  "s.goto a",
  "s.step 4294967295",
  "s.set x 1",
  "stop",
  "s.x",
  "nothing",
  "hotconfig",
  "hotconfig Nothing",
  "q.config",
  "q.config 1000000",
];
const instructions = [
  (_r, e) => `set x ${e()}`,
  (_r, e) => `init x ${e()}`,
  (_r, e) => `print ${e()}`,
  (_r, e) => `printn >f ${e()}`,
  (_r, e) => `print >>f ${e()}`,
  (r) => `read ${r.pick(handlers)}`,
  (r, e) => `write ${r.pick(handlers)} ${e()}`,
  (r, e) => `writeq ${r.pick(handlers)} ${e()}`,
  (r) => `save ${r.pick(handlers)} f`,
  (r) => `append ${r.pick(handlers)} -`,
  (r) => `label ${r.pick(["a", "b"])}`,
  (r, e) => `goto ${r.pick(labels)} ${e()}`,
  () => "loop",
  (_r, e) => `return ${e()}`,
  (r, e) => `wait ${r.pick(["1s", "1ms", "0", "1d", e()])}`,
  (_r, e) => `wait_step ${e()}`,
  (_r, e) => `error ${e()}`,
  (r) => r.pick(["end", "exit", "stop", "TYPE PASSIVE", "TYPE PROXY", "TYPE DRIVER", "TYPE SIGNAL INT", "nothing"]),
];
const words = [...expressions, ...labels, ...handlers, "\n", "goto ", "label ", "set ", "wait ", "TYPE "];

export const target = {
  name: "scripts",
  errors: ["ConfigurationError"],
  seeds: () =>
    [
      "label a\ngoto a",
      "label a\nset x $(add $x 1)\ngoto a $(lt $x 1000000000)",
      "TYPE PASSIVE\nreturn $(s.run)",
      "TYPE DRIVER\nwait_step 4294967295\nstop",
      "set x aaaaaaaaaaaaaaaa\nlabel a\nset x $x$x\ngoto a",
      "label a\nset x$(x) 1\nset x $(cat $x 1)\nprint $x\ngoto a",
      "print $(sprintf '%.200f' 1)\nprint $(htonl 1.5)",
      "write s.step 4294967295\nwait 1s\nwrite s.goto begin",
    ].map(bytesOf),
  heavy: () => [`print ${"$(add ".repeat(20_000)}`, `print ${"$(add 1 ".repeat(200)}${")".repeat(200)}`].map(bytesOf),
  generate(r) {
    const expression = () => r.pick(expressions);
    return bytesOf(Array.from({ length: 1 + r.below(8) }, () => r.pick(instructions)(r, expression)).join("\n"));
  },
  mutate: (input, r) => mutateText(input, r, words),
  run(input) {
    const text = textOf(input).split("\n").slice(0, 200).join(", ");
    const { router, run } = compiled(
      `i :: InfiniteSource(LIMIT 5, STOP true) -> c :: Counter -> q :: Queue -> Unqueue -> Discard; s :: Script(${text});`,
      { reconfigurable: true },
    );
    const result = run(20);
    for (const path of ["s.run", "s.get", "c.count"])
      try {
        router.read(path, "x");
      } catch (e) {
        if (e?.name !== "HandlerError") throw e;
      }
    router.close();
    return result;
  },
};
