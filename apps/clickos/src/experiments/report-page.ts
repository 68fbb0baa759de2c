/** The report: one page with everything in it, and beside it the data and the pictures as files. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeBytes } from "../files.ts";
import type { Outcome, Report, ResultTable, RunDescription } from "./experiment.ts";
import { cellText, columnTitle, comparisonText, escaped, isNumeric, numberText, reportJson, tableCsv } from "./text.ts";

const style = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #57606a; --line: #d8dee4; --ground: #fefefe; --band: #f4f6f8; --link: #0b62b0; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9ba6b2; --line: #30363d; --ground: #0d1117; --band: #161b22; --link: #6cb6ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.25rem 4rem; color: var(--ink); background: var(--ground);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1rem 0 .25rem; }
h2 { font-size: 1.4rem; margin: 3rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
a { color: var(--link); }
.soft, figcaption, footer { color: var(--soft); font-size: .9rem; }
nav ul { columns: 16rem; padding-left: 1.2rem; }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .35rem 1rem; margin: .75rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid var(--line); }
th { background: var(--band); font-weight: 600; }
td.n, th.n { text-align: right; }
td.n { white-space: nowrap; }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; min-width: 32rem; height: auto; max-width: 45rem; }
.skipped { background: var(--band); padding: .6rem 1rem; border-left: 3px solid var(--soft); }
@media print {
  body { max-width: none; font-size: 10pt; padding: 0; }
  h2, h3 { break-after: avoid; } figure, tr { break-inside: avoid; } nav { display: none; }
  .wide { overflow: visible; } figure svg { min-width: 0; max-width: 17cm; } a { color: inherit; text-decoration: none; }
}`;

/** Files that a report consists of, by name. */
export type ReportFiles = ReadonlyMap<string, string>;

/** The page and the files beside it; nothing in the page is loaded from elsewhere. */
export async function reportFiles(report: Report): Promise<ReportFiles> {
  const { drawChart } = await import("./chart.ts");
  const files = new Map<string, string>();
  const sections = report.outcomes.map((outcome) => {
    const { name } = outcome.experiment;
    const pictures = new Map<string, string>();
    for (const table of outcome.result?.tables ?? []) {
      const stem = `${name}-${table.name}`;
      files.set(`${stem}.csv`, tableCsv(table));
      if (!table.chart) continue;
      files.set(`${stem}.svg`, drawChart(table));
      pictures.set(stem, drawChart(table, { titled: false }));
    }
    files.set(`${name}.json`, reportJson({ run: report.run, outcomes: [outcome] }));
    return section(outcome, pictures);
  });
  files.set("index.html", page(report, sections));
  return files;
}

/** Writes a report into a folder, which is made when it is not there. @returns the page's path. */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const files = await reportFiles(report);
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) writeBytes(join(folder, name), new TextEncoder().encode(content));
  return join(folder, "index.html");
}

const runText = ({ date, cpu, cores, platform, node, size, referenceNs }: RunDescription): string =>
  `${date.slice(0, 16).replace("T", " ")} UTC · ${cpu}, ${cores} cores · ${platform}, Node ${node} · sizes: ${size} · reference: ${numberText(referenceNs)} ns for a copy of 64 bytes`;

function page({ run, outcomes }: Report, sections: readonly string[]): string {
  const entries = outcomes.map(
    ({ experiment: { name, title }, skipped }) =>
      `<li><a href="#${name}">${escaped(name)}</a>: ${escaped(title)}${skipped === undefined ? "" : " (skipped)"}</li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ClickOS experiments</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>ClickOS experiments</h1>
<p class="soft">${escaped(runText(run))}</p>
<p>The measurements of “ClickOS and the Art of Network Function Virtualization” (NSDI ’14), set up anew. Times are of the CPU unless a
table says otherwise: medians of several samples, with half of the distance between the least and the greatest as the spread. Ratios to the
reference tell machines apart less than times do.</p>
</header>
<nav><ul>
${entries.join("\n")}
</ul></nav>
<main>
${sections.join("\n")}
</main>
<footer><p>Made by <code>clickos bench</code>. The tables are beside this page as .csv and .json, the pictures as .svg.</p></footer>
</body>
</html>
`;
}

function section({ experiment, result, skipped, seconds }: Outcome, pictures: ReadonlyMap<string, string>): string {
  const { name, title, paper, setup, differs, reading } = experiment;
  const figures = paper.figures.map(
    ({ text, source }) => `${escaped(text)} <span class="soft">(${escaped(source)})</span>`,
  );
  const head = `<section id="${name}">
<h2>${escaped(name)}: ${escaped(title)}</h2>
<dl>
<dt>The paper measured</dt><dd>${escaped(paper.measured)}</dd>
<dt>It found</dt><dd>${escaped(paper.found)}</dd>
<dt>Figures</dt><dd>${figures.join("<br>") || "none that we could cite"}</dd>
<dt>Ours</dt><dd>${escaped(setup)}</dd>
<dt>What differs</dt><dd>${escaped(differs)}</dd>
<dt>How to read it</dt><dd>${escaped(reading)}</dd>
</dl>`;
  if (!result) return `${head}\n<p class="skipped">Skipped: ${escaped(skipped ?? "")}</p>\n</section>`;
  const comparisons = result.comparisons.map((c) => `<li>${escaped(comparisonText(c))}</li>`);
  const notes = (result.notes ?? []).map((note) => `<li>${escaped(note)}</li>`);
  return [
    head,
    comparisons.length > 0 ? `<h3>Beside the paper</h3>\n<ul>${comparisons.join("")}</ul>` : "",
    ...result.tables.map((table) =>
      tableSection(`${name}-${table.name}`, table, pictures.get(`${name}-${table.name}`)),
    ),
    notes.length > 0 ? `<ul>${notes.join("")}</ul>` : "",
    `<p class="soft">Took ${numberText(seconds, 1)} s. <a href="${name}.json">${name}.json</a></p>`,
    "</section>",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function tableSection(stem: string, table: ResultTable, svg: string | undefined): string {
  const number = table.columns.map((column) => (isNumeric(column, table) ? ' class="n"' : ""));
  const head = table.columns.map((c, i) => `<th scope="col"${number[i]}>${escaped(columnTitle(c))}</th>`).join("");
  const rows = table.rows.map(
    (row) =>
      `<tr>${table.columns.map((c, i) => `<td${number[i]}>${escaped(cellText(row[c.key], c))}</td>`).join("")}</tr>`,
  );
  const links = [`${stem}.csv`, ...(svg ? [`${stem}.svg`] : [])].map((file) => `<a href="${file}">${file}</a>`);
  return `<h3>${escaped(table.title)}</h3>
${svg ? `<figure class="wide">${svg}</figure>` : ""}
<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>
${rows.join("\n")}
</tbody></table></div>
<p class="soft">${links.join(" · ")}</p>`;
}
