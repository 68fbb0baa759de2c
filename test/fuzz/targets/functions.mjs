/** Functions of the script language, by the handlers of a script: `name arguments`. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { bytesOf, mutateText, numbers, textOf } from "../mutate.mjs";

const names =
  "add mul sub div idiv mod rem neg abs eq ne lt gt le ge not and or nand nor if in first min max shift random sprintf cat catq htons ntohs htonl ntohl length unquote now readable writable get run set goto step".split(
    " ",
  );
const formats = [
  "%d",
  "%5d",
  "%-08.3f",
  "%x",
  "%#o",
  "%c",
  "%s",
  "%.200f",
  "%*d",
  "%*.*e",
  "%g",
  "%.0g",
  "%%",
  "%",
  "%llu",
  "%E",
];
const words = [
  ...names,
  ...formats,
  ...numbers,
  "true",
  "false",
  '"',
  "'",
  "\\",
  "\\<6869>",
  "<",
  ">",
  "(",
  ")",
  "$",
  "$x",
  "$(",
  " ",
  ",",
  "s.run",
  "nan",
  "inf",
];

const router = Router.compileSync('s :: Script(TYPE PASSIVE, set x "$args", return "$args$1$#"); Idle -> Discard;', {
  elements,
});

export const target = {
  name: "functions",
  errors: ["HandlerError"],
  seeds: () =>
    [
      'sprintf "%.200f" 1',
      "htonl 1.5",
      'sprintf "%-8s|%5.2f|%x" a 2.5 255',
      "add 1 2 3",
      "if true a b",
      "in a b c a",
    ].map(bytesOf),
  heavy: () =>
    [
      `add ${"9".repeat(100_000)} 1`,
      `neg ${"1".repeat(100_000)}.`,
      `abs .${"0".repeat(100_000)}e`,
      `eq ${"-".repeat(100_000)} 1`,
      `unquote ${'"'.repeat(100_000)}`,
      `length ${"\\<".repeat(50_000)}`,
      `sprintf "${"%4096d".repeat(1000)}" ${"1 ".repeat(1000)}`,
      `cat ${"(".repeat(100_000)}`,
    ].map(bytesOf),
  generate(r) {
    const name = r.pick(names);
    const count = r.below(6);
    const args = Array.from({ length: count }, () => r.pick(r.once(3) ? words : numbers));
    if (name === "sprintf")
      args.unshift(`"${Array.from({ length: 1 + r.below(4) }, () => r.pick(formats)).join(r.pick(["", " "]))}"`);
    return bytesOf(`${name} ${args.join(r.once(10) ? "" : " ")}`);
  },
  mutate: (input, r) => mutateText(input, r, words),
  run(input) {
    const text = textOf(input);
    const space = text.indexOf(" ");
    const [name, parameter] = space < 0 ? [text, ""] : [text.slice(0, space), text.slice(space + 1)];
    if (["set", "goto", "step"].includes(name)) router.write(`s.${name}`, parameter);
    else if (router.read(`s.${name}`, parameter).length > 4 << 20) throw new Error("a result of more than 4 MiB");
  },
};
