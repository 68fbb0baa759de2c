/** Configuration archives: `ar` files, damaged in their headers. */
import { archiveMember } from "@clickos/click-elements/node";
import { bytesOf, bytesOfLatin1, mutateBytes, numbers } from "../mutate.mjs";

const header = (name, size, end = "`\n") =>
  `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"644".padEnd(8)}${size.padEnd(10)}${end}`;
const names = [
  "config",
  "config/",
  "#1/6",
  "#1/60",
  "/0",
  "/6",
  "//",
  "/",
  "",
  "config\0",
  "#1/",
  "/99999",
  "#1/999999999",
];

export const target = {
  name: "archives",
  errors: ["ArchiveError"],
  seeds: () => [
    bytesOf(`!<arch>\n${header("config", "6")}Idle;\n`),
    bytesOf(`!<arch>\n${header("//", "7")}config\n\n${header("/0", "5")}Idle;`),
    bytesOf(`!<arch>\n${header("#1/6", "11")}configIdle;`),
    bytesOf("Idle -> Discard;"),
  ],
  heavy: () => [bytesOf(`!<arch>\n${header("a", "0").repeat(20_000)}`)],
  generate(r) {
    let text = "!<arch>\n";
    for (let n = r.below(5); n >= 0; n--) {
      const content = r.pick(["", "config\n", "Idle;", "config\0\0Idle;", "\n".repeat(r.below(40))]);
      const size = r.once(4) ? r.pick(numbers).slice(0, 10) : String(content.length);
      text += header(r.pick(names), size, r.once(20) ? "``" : "`\n") + content + (content.length % 2 === 1 ? "\n" : "");
    }
    return bytesOfLatin1(text);
  },
  mutate: mutateBytes,
  run: (input) => {
    archiveMember(Buffer.from(input), "config");
  },
};
