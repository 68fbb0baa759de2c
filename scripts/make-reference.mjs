// Writes the element reference, a document for each category, for the API site.
// Usage: node scripts/make-reference.mjs FOLDER
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { elementPage } from "../apps/clickos/dist/index.js";
import { elements } from "../packages/click-elements/dist/node.js";

/** Categories by their folders. */
const titles = {
  analysis: "analysis",
  annotations: "annotations",
  aqm: "active queue management",
  arp: "ARP",
  basicmod: "changes of packets",
  basicsources: "sources and sinks",
  basictransfer: "ways of packets",
  classification: "classification",
  control: "control",
  counters: "counters",
  debugging: "debugging",
  ethernet: "Ethernet",
  icmp: "ICMP",
  information: "information",
  ip: "IP",
  ip6: "IPv6",
  iproute: "IP routing",
  nat: "address translation",
  netdevices: "devices and sockets",
  paint: "paint",
  scheduling: "scheduling",
  shaping: "shaping",
  storage: "storage",
  tcpudp: "TCP and UDP",
  threads: "threads",
  traces: "traces",
};

const folder = process.argv[2];
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const prose = (text) => text.replace(/(`[^`]*`)|[<*]/g, (all, code) => code ?? `\\${all}`);
const cell = (text) => prose(text).replaceAll("|", "\\|");
const access = { r: "read", w: "write", rw: "read, write" };

/** A page's text; lines that are set in are code. */
function body(page) {
  const paragraphs = page.split(/\n{2,}/).map((paragraph) => {
    const lines = paragraph.split("\n");
    if (!lines.some((line) => line.startsWith("  "))) return prose(paragraph);
    return `\`\`\`txt\n${lines.map((line) => line.replace(/^ {2}/, "").replace(/^ /, "")).join("\n")}\n\`\`\``;
  });
  return paragraphs.join("\n\n");
}

function table(head, rows) {
  if (rows.length === 0) return [];
  return [
    `| ${head.join(" | ")} |`,
    `| ${head.map(() => "---").join(" | ")} |`,
    ...rows.map((r) => `| ${r.join(" | ")} |`),
    "",
  ];
}

function section({ name, page, inputs, outputs, flow, arguments: args, handlers }) {
  const [first, ...others] = page.split("\n\n");
  const [signature, summary = ""] = first.split(/\s+—\s+/s);
  const ports = [`Inputs: ${inputs}. Outputs: ${outputs}.${flow === undefined ? "" : ` Flow: \`${flow}\`.`}`, ""];
  return [
    `## ${name}`,
    "",
    `\`${signature.replace(/\s+/g, " ")}\` ${prose(summary)}`,
    "",
    body(others.join("\n\n")),
    "",
    ...ports,
    ...table(
      ["argument", "what"],
      args.map(({ name, text }) => [`\`${name}\``, cell(text)]),
    ),
    ...table(
      ["handler", "access", "kind"],
      handlers.map((h) => [`\`${h.name}\``, access[h.access], cell(h.text)]),
    ),
  ].join("\n");
}

const categories = new Map();
for (const name of Object.keys(elements).sort()) {
  const page = elementPage(elements[name]);
  categories.set(page.category, [...(categories.get(page.category) ?? []), page]);
}
const titleOf = (category) => {
  const title = titles[category] ?? category;
  return title[0].toUpperCase() + title.slice(1);
};
const sorted = [...categories].sort(([a], [b]) => titleOf(a).localeCompare(titleOf(b), "en", { sensitivity: "base" }));
for (const [category, pages] of sorted) {
  const title = `Elements: ${titleOf(category)}`;
  const list = pages.map(({ name, summary }) => `- [${name}](#${name.toLowerCase()}): ${prose(summary)}`);
  const text = [
    "---",
    `title: "${titleOf(category)}"`,
    "---",
    "",
    `# ${title}`,
    "",
    ...list,
    "",
    ...pages.map(section),
  ];
  writeFileSync(join(folder, `elements-${category}.md`), `${text.join("\n")}\n`);
}
const index = [
  "---",
  "title: Element reference",
  "children:",
  ...sorted.map(([category]) => `  - ./elements-${category}.md`),
  "---",
  "",
  "# Element reference",
  "",
  "`clickos explain NAME` prints what is said here of an element.",
  "",
  ...sorted.flatMap(([category, pages]) => [
    `## ${titleOf(category)}`,
    "",
    pages.map(({ name }) => `[${name}](elements-${category}.md#${name.toLowerCase()})`).join(", "),
    "",
  ]),
];
writeFileSync(join(folder, "index.md"), `${index.join("\n")}\n`);
console.log(`${Object.keys(elements).length} elements in ${categories.size} categories: ${folder}`);
