// Writes the list of classes of packages/click-elements from the files that are there, after an element was added or where two branches
// have added some: the imports and the list in src/index.ts, without those of src/node.ts, and all of them in README.md, by category.
// Usage: node scripts/make-element-list.mjs
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Categories whose folders' names do not say it. */
const titles = {
  aqm: "active queue management",
  arp: "ARP",
  balancing: "load balancing",
  basicmod: "changes of packets",
  basicsources: "sources and sinks",
  basictransfer: "ways of packets",
  dhcp: "addresses of hosts",
  ethernet: "Ethernet",
  icmp: "ICMP",
  ip: "IP",
  ip6: "IPv6",
  iproute: "IP routing",
  nat: "address translation",
  ppp: "PPP",
  netdevices: "devices and sockets",
  tcpudp: "TCP and UDP",
  tunnel: "tunnels",
};

const folder = new URL("../packages/click-elements/src/", import.meta.url);
const index = new URL("index.ts", folder);
const read = (path) => readFileSync(new URL(path, folder), "utf8");

const ofHost = new Set([...read("node.ts").matchAll(/from "\.\/(\w+\/\w+\.ts)"/g)].map(([, path]) => path));

/** Classes, each with its file: `export const Name: ElementClass = ...` in the folder of a category. */
const all = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "lib")
  .flatMap(({ name }) => readdirSync(new URL(`${name}/`, folder)).map((file) => `${name}/${file}`))
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path) =>
    [...read(path).matchAll(/^export const (\w+): ElementClass\b/gm)].map(([, name]) => ({ name, path })),
  );
const sorted = (classes) =>
  classes.map(({ name }) => name).sort((a, b) => a.localeCompare(b, "en", { sensitivity: "base", numeric: true }));
const classes = all.filter(({ path }) => !ofHost.has(path));
const names = sorted(classes);

const isImport = (line) => /^import \{ \w+ \} from "\.\/\w+\/\w+\.ts";$/.test(line);
const lines = readFileSync(index, "utf8").split("\n");
const first = lines.findIndex((line) => /^import .*"@clickos\/click-core\/element";$/.test(line));
const imports = classes.map(({ name, path }) => `import { ${name} } from "./${path}";`);
const rest = lines.slice(first + 1).filter((line) => !isImport(line));
const text = [...lines.slice(0, first + 1), ...imports, ...rest].join("\n");
const list = `elementSet(\n${names.map((name) => `  ${name},\n`).join("")});`;
writeFileSync(
  index,
  text.replace(/elementSet\(\n[^)]*\);/, () => list),
);
execFileSync("npx", ["biome", "check", "--fix", fileURLToPath(index)], { stdio: ["ignore", "ignore", "inherit"] });

/** The class of errors has another name where it is defined: its own is that of its file. */
const shown = (name) => name.replace(/^ErrorElement$/, "Error");
const readme = new URL("../packages/click-elements/README.md", import.meta.url);
const categories = [...new Set(all.map(({ path }) => path.split("/")[0]))].sort();
const entries = categories.map((category) => {
  const own = sorted(all.filter(({ path }) => path.startsWith(`${category}/`)));
  return `- ${titles[category] ?? category}: ${own.map(shown).join(", ")}.\n`;
});
const section = /(<!-- classes: [^>]* -->\n)[\s\S]*?(<!-- \/classes -->)/;
writeFileSync(
  readme,
  readFileSync(readme, "utf8").replace(section, (_, from, to) => from + entries.join("") + to),
);
console.log(`${all.length} classes`);
