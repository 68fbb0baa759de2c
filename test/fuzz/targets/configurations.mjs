/**
 * Configurations: from the language's grammar, with the classes of the element library and arguments of the kinds that
 * they take; and others changed. Small ones that are right are compiled and run for a while, and their handlers read.
 */
import { readdirSync, readFileSync } from "node:fs";
import { diagnose } from "@clickos/click-core/compile";
import { emptyScope, Mistake, readText } from "@clickos/click-core/element";
import { elements as portable } from "@clickos/click-elements";
import { elements } from "@clickos/click-elements/node";
import { linkImage } from "@clickos/click-image";
import { Diagnostics, formatConfiguration, formatDiagnostic, graphText, lint, parse } from "@clickos/click-language";
import { printConfiguration } from "@clickos/click-language/syntax";
import { bytesOf, mutateText, numbers, textOf } from "../mutate.mjs";
import { compiled } from "../router.mjs";

const classes = Object.keys(elements);
const here = (path) => new URL(`../../../${path}`, import.meta.url);

/** Values by what an argument's type says it expects. */
const kinds = [
  [/integer|number/, numbers],
  [/IP address/, ["1.2.3.4", "0.0.0.0", "255.255.255.255", "host", "1.2.3"]],
  [/IP prefix/, ["10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/33", "10.0.0.0/255.0.255.0"]],
  [/Ethernet/, ["02:00:00:00:00:01", "ff-ff-ff-ff-ff-ff", "1:2:3:4:5"]],
  [/true or false/, ["true", "false", "1", "maybe"]],
  [/between 0 and 1/, ["0", "1", "0.5", "50%", "1.1"]],
  [/a time/, ["1s", "0", "1ms", "1ns", "1000000d", "99999999999s", "1h"]],
  [/bandwidth/, ["1Mbps", "1", "0", "10GBps", "999999999999G", "1k"]],
  [/file name/, ["f", '"a b"', "-", "/x"]],
  [/one of/, ["NONE", "HEX", "ASCII", "SOURCE", "none"]],
];
const texts = [
  ...numbers,
  '"a"',
  "'b'",
  "\\<41 42>",
  "a b",
  "$x",
  "c.count",
  "allow all",
  "12/0800",
  "-",
  "udp port 53",
  "0.0.0.0/0 0",
  "pattern 1.0.0.1 1024-65535 - - 0 0",
  "drop",
  "1.2.3.4 02:00:00:00:00:01",
  "set x 1",
  "print $x",
  "TYPE PASSIVE",
  "ip_src ip_dst",
  "host 1.2.3.4",
  "2 0",
  "/* */",
  "src 1",
]; // prettier-ignore

const scope = { ...emptyScope, ninputs: 3, noutputs: 3 };

/** A value, and if it is to fit one that the type takes, if any is found. */
function value(r, type, fits) {
  const list = kinds.find(([pattern]) => pattern.test(type.expects))?.[1] ?? texts;
  for (let tries = fits ? 8 : 0; tries > 0; tries--) {
    const found = r.pick(list);
    if (!(readText(type, found, scope) instanceof Mistake)) return found;
  }
  return r.pick(r.once(8) ? texts : list);
}

function args(r, name, fits = false) {
  const spec = Object.entries(elements[name]?.config ?? {});
  const list = [];
  for (const [key, { kind, type }] of spec) {
    if (kind === "required" && (fits || !r.once(10))) list.push(value(r, type, fits));
    else if (kind === "positional" && r.once(2)) list.push(value(r, type, fits));
    else if (kind === "rest") for (let n = r.below(4); n > 0; n--) list.push(value(r, type, fits));
    else if (kind === "keyword" && r.once(4)) list.push(`${key} ${value(r, type, fits)}`);
  }
  if (!fits && r.once(30)) list.push(r.pick(texts));
  return list.length === 0 && r.once(2) ? "" : `(${list.join(!fits && r.once(40) ? " " : ", ")})`;
}

function use(r, names) {
  if (names.length > 0 && r.once(3)) return r.pick(names);
  const name = r.once(50) ? "Nothing" : r.pick(classes);
  return `${name}${args(r, name)}`;
}

function statements(r, depth) {
  const names = [];
  let text = "";
  for (let n = 1 + r.below(5); n > 0; n--) {
    const port = () => (r.once(4) ? ` [${r.once(10) ? r.pick(numbers) : r.below(3)}] ` : " ");
    switch (r.below(8)) {
      case 0: {
        const name = r.pick(["a", "b", "c", "d/e", "x1"]);
        const cls = r.pick(classes);
        names.push(name);
        text += `${name} :: ${cls}${args(r, cls)};\n`;
        break;
      }
      case 1:
        if (depth > 0)
          text += `elementclass C${r.below(3)} { ${r.pick(["", "$x |", "$x, K $y |", "... |"])} ${statements(r, depth - 1)} };\n`;
        break;
      case 2:
        text += `C${r.below(3)}(${r.pick(texts)}) -> ${use(r, names)};\n`;
        break;
      case 3:
        text += r.pick(["require(ip);\n", "define($x 5);\n", "// x\n", "/* x */\n", '# 5 "f"\n', "require(x);\n"]);
        break;
      case 4:
        if (depth > 0) text += `{ ${statements(r, depth - 1)} } -> ${use(r, names)};\n`;
        break;
      default: {
        // Chains that work are wanted too.
        const start = r.pick(["Idle", "InfiniteSource(LIMIT 5)", "FromDevice(0)", "input", use(r, names)]);
        const middle = Array.from({ length: r.below(4) }, () => `${port()}${use(r, names)}${port()}`);
        text += `${[start, ...middle, r.pick(["Discard", "ToDevice(0)", "output", use(r, names)])].join(" -> ")};\n`;
      }
    }
  }
  return text;
}

/** Classes that packets pass through, pushed or pulled. */
const passing = classes.filter(
  (name) => /^1\/(?:1|-|1-2)$/.test(elements[name].ports) && /^a\/ah?$/.test(elements[name].processing),
);
const sources = [
  "InfiniteSource(LIMIT 5)",
  "RatedSource(RATE 1000, LIMIT 5)",
  "TimedSource(1ms)",
  "FromIPSummaryDump(f)",
];
const rests = [
  " -> Queue -> Unqueue",
  " -> Queue(5) -> RatedUnqueue(100)",
  " -> Queue -> Shaper(100) -> Unqueue",
  " -> MarkIPHeader(0)",
];

/** A configuration whose parts fit together; most arguments too. */
function sound(r) {
  let text = "";
  for (let n = 1 + r.below(2); n > 0; n--) {
    text += r.pick(sources);
    for (let m = 1 + r.below(4); m > 0; m--) {
      const name = r.pick(passing);
      text += r.once(4) ? r.pick(rests) : ` -> ${name}${args(r, name, true)}`;
    }
    text += " -> Discard;\n";
  }
  return text;
}

const words = [
  ...classes,
  "->",
  "=>",
  "::",
  ";",
  "{",
  "}",
  "(",
  ")",
  "[",
  "]",
  "|",
  "||",
  ",",
  "...",
  "$x",
  "input",
  "output",
  "elementclass",
  "require",
  "define",
  "/*",
  "*/",
  "//",
  '"',
  "\\",
  "#",
  "a",
  "b",
  "/",
  "@",
  "<",
  ">",
  ...numbers,
]; // prettier-ignore

/** Elements of a configuration that is compiled. */
const small = 12;

export const target = {
  name: "configurations",
  errors: ["ConfigurationError", "ImageError"],
  seeds() {
    const examples = readdirSync(here("examples"))
      .filter((f) => f.endsWith(".click"))
      .map((f) => readFileSync(here(`examples/${f}`), "utf8"));
    const corpus = readFileSync(here("packages/click-language/test/corpus/language.txt"), "utf8")
      .split(/^=== .*\n/m)
      .slice(1)
      .map((entry) => entry.split(/^---$/m)[0]);
    return [
      ...examples,
      ...corpus,
      "Idle -> MarkIPHeader(4294967295) -> Discard;",
      "Idle -> Queue(4294967295) -> Discard;",
      "InfiniteSource(BURST 4294967295) -> Discard;",
      "InfiniteSource(LENGTH 4294967295) -> Discard;",
    ].map(bytesOf);
  },
  heavy: () =>
    [
      "/*".repeat(150_000),
      "{".repeat(50_000),
      "Idle -> ".repeat(10_000),
      `Idle${"(".repeat(50_000)}`,
      `a :: Idle(${'"'.repeat(100_001)});`,
      `a${"/a".repeat(20_000)} :: Idle;`,
      `elementclass A { ${"A -> ".repeat(1000)} A }; A;`,
      `elementclass A0 { input -> output };${Array.from({ length: 40 }, (_, i) => `elementclass A${i + 1} { input -> A${i} -> A${i} -> output };`).join("")} Idle -> A40 -> Discard;`,
      `define($x ${"$x".repeat(5000)}); Idle($x);`,
      `# 99999999999999999999 "f"\n`.repeat(2000),
    ].map(bytesOf),
  generate: (r) => bytesOf(r.once(2) ? sound(r) : statements(r, 2)),
  mutate: (input, r) => mutateText(input, r, words),
  async run(input) {
    const source = { file: "f", text: textOf(input) };
    const diagnostics = new Diagnostics();
    const { checked, graph } = diagnose(source, elements, diagnostics);
    for (const d of diagnostics.list.slice(0, 1000)) formatDiagnostic(d);
    const parsed = new Diagnostics();
    const tree = parse(source, parsed);
    if (!parsed.failed) {
      printConfiguration(tree);
      formatConfiguration(source);
    }
    lint(tree, parsed);
    if (diagnostics.failed) return "diagnostics";
    graphText(graph);
    if (checked.elements.length > small || !checked.elements.every((e) => Object.hasOwn(portable, e.class.name)))
      return "checked";
    const { router, run } = compiled(source.text);
    run(10);
    for (const path of router.list("*.*"))
      try {
        router.read(path);
      } catch (e) {
        if (e?.name !== "HandlerError") throw e;
      }
    router.drops();
    router.close();
    // A virtual machine has no room for some of what a process has.
    await linkImage(source, { elements: portable, name: "vm" });
    return "run and linked";
  },
};
