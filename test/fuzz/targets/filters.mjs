/** Patterns of the classifiers: `CLASS outputs`, a line end, and the arguments. They are parsed and made decision trees. */

import { diagnose } from "@clickos/click-core/compile";
import { elements, parseFilterRule } from "@clickos/click-elements";
import { Diagnostics } from "@clickos/click-language";
import { bytesOf, mutateText, numbers, textOf } from "../mutate.mjs";

const primitives = [
  "all",
  "any",
  "none",
  "false",
  "-",
  "tcp",
  "udp",
  "icmp",
  "ip proto 47",
  "src 10.0.0.1",
  "dst net 10.0.0.0/8",
  "net 10.0.0.0 mask 255.0.0.255",
  "src or dst host 1.2.3.4",
  "src and dst port 80",
  "tcp dst port >= 1024",
  "port != 53",
  "dst port dns",
  "src tcp port 1-65535",
  "tcp opt syn",
  "icmp type echo",
  "icmp type 8",
  "ip vers 4",
  "ip hl 5",
  "ip tos 0x10",
  "ip dscp 63",
  "ip ttl < 5",
  "ip id 7",
  "ip frag",
  "ip unfrag",
  "tcp win 0",
  "ether host 02:00:00:00:00:01",
  "ip[0] & 0x0f > 5",
  "transp[4:2] = 7",
  "tcp opt constructor",
  "toString",
  "tcp ? udp : icmp",
  "4",
];
const words = [
  ...primitives,
  "(",
  ")",
  "and",
  "or",
  "not",
  "!",
  "&&",
  "||",
  "?",
  ":",
  "=",
  "!=",
  ">=",
  "&",
  "/",
  ",",
  "src",
  "dst",
  "host",
  "net",
  "port",
  "mask",
  "ip",
  "[",
  "]",
  ...numbers,
];

function expression(r, depth) {
  switch (depth <= 0 ? 0 : r.below(6)) {
    case 0:
    case 1:
      return r.pick(primitives);
    case 2:
      return `${expression(r, depth - 1)} and ${expression(r, depth - 1)}`;
    case 3:
      return `${expression(r, depth - 1)} or ${expression(r, depth - 1)}`;
    case 4:
      return `not ${expression(r, depth - 1)}`;
    default:
      return `(${expression(r, depth - 1)})`;
  }
}

function clause(r) {
  const hex = () => Array.from({ length: 2 * (1 + r.below(4)) }, () => r.pick([..."0123456789abcdef??"])).join("");
  const offset = r.once(8) ? r.pick(numbers) : r.below(60);
  return `${r.once(6) ? "!" : ""}${offset}/${hex()}${r.once(4) ? `%${hex()}` : ""}`;
}

const generators = {
  IPFilter: (r) => `${r.pick(["allow", "deny", "drop", "0", "1", "2", "x"])} ${expression(r, r.below(4))}`,
  IPClassifier: (r) => expression(r, r.below(4)),
  Classifier: (r) => (r.once(6) ? "-" : Array.from({ length: 1 + r.below(3) }, () => clause(r)).join(" ")),
  StaticIPLookup: (r) => {
    const prefix = `${r.below(256)}.${r.below(256)}.0.0/${r.once(6) ? r.pick(numbers) : r.below(33)}`;
    return `${prefix} ${r.once(2) ? `${r.below(256)}.0.0.1 ` : ""}${r.once(8) ? r.pick(numbers) : r.below(3)}`;
  },
};
const classes = Object.keys(generators);

export const target = {
  name: "filters",
  errors: ["PatternError"],
  seeds: () =>
    [
      "IPFilter 1\nallow udp port 53, deny all",
      "IPFilter 2\n0 src net 10.0.0.0/8 and tcp dst port 80-90, 1 icmp type echo, drop all",
      "IPClassifier 3\ntcp syn, ip ttl < 5 or ip frag, -",
      "Classifier 3\n12/0806 20/0001, !12/0800%ff00, -",
      "StaticIPLookup 2\n10.0.0.0/8 0, 10.1.0.0/16 1.2.3.4 1, 0.0.0.0/0 1",
    ].map(bytesOf),
  heavy: () =>
    [
      `IPFilter 1\nallow ${"(".repeat(100)}tcp${" ? udp : icmp)".repeat(100)}`,
      `IPFilter 1\nallow ${"(4 or ".repeat(60)}4${")".repeat(60)} and tcp`,
      `IPFilter 1\nallow ${"not ".repeat(10_000)}tcp`,
      `IPFilter 1\nallow ${"(".repeat(10_000)}tcp`,
      `IPFilter 1\nallow ${"x".repeat(100_000)}`,
      `IPClassifier 1\n${"!".repeat(100_000)}`,
      `Classifier 1\n12/${"0".repeat(100_000)}`,
      `Classifier 1\n${"12/08 ".repeat(10_000)}`,
    ].map(bytesOf),
  generate(r) {
    const name = r.pick(classes);
    const count = 1 + r.below(5);
    const rules = Array.from({ length: count }, () => generators[name](r));
    return bytesOf(`${name} ${count}\n${rules.join(", ")}`);
  },
  mutate: (input, r) => mutateText(input, r, words),
  run(input) {
    const text = textOf(input);
    const end = text.indexOf("\n");
    const [, name = "IPFilter", count] = /^(\w+) (\d{1,2})$/.exec(text.slice(0, Math.max(0, end))) ?? [];
    const args = text.slice(end + 1);
    let refused;
    try {
      parseFilterRule(args);
    } catch (e) {
      refused = e;
    }
    const outputs = Array.from({ length: Number(count ?? 1) }, (_, i) => `f[${i}] -> Discard;`).join(" ");
    const known = classes.includes(name) ? name : "IPFilter";
    const diagnostics = new Diagnostics();
    diagnose({ file: "f", text: `Idle -> f :: ${known}(${args}); ${outputs}` }, elements, diagnostics);
    if (refused && refused.name !== "PatternError") throw refused;
    return diagnostics.failed ? "diagnostics" : "a tree";
  },
};
