/** The paper's experiments: `clickos bench`. */
import { mkdirSync } from "node:fs";
import { closest } from "@clickos/click-language/closest";
import { type Command, Option } from "commander";
import type { Experiment, ExperimentSize } from "../experiments/index.ts";
import { loadExperiments } from "../experiments/load.ts";
import { UsageError } from "../failure.ts";
import { writeBytes } from "../files.ts";
import { checkOutputs } from "../output-files.ts";
import { print } from "../print.ts";
import { interruptible } from "../shutdown.ts";
import { table } from "../table.ts";

interface BenchOptions {
  readonly list?: boolean;
  readonly quick?: boolean;
  readonly full?: boolean;
  readonly json?: string;
  readonly report?: string;
}

/** The experiments that are named, each once; `all` is all of them. @throws {UsageError} */
export function chosenExperiments(names: readonly string[], all: readonly Experiment[]): Experiment[] {
  for (const name of names) {
    if (name === "all" || all.some((e) => e.name === name)) continue;
    const near = closest(name, ["all", ...all.map((e) => e.name)]);
    throw new UsageError(
      `there is no experiment '${name}'${near ? `; did you mean '${near}'?` : "; clickos bench --list shows all"}`,
    );
  }
  return all.filter(({ name }) => names.includes("all") || names.includes(name));
}

/** A line at the terminal that says what is measured now, and how far it is. */
function progressLine(): { show(done: number, of: number, text: string): void; clear(): void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { show() {}, clear() {} };
  const width = 20;
  return {
    show(done, of, text) {
      const full = Math.round((done / of) * width);
      const line = `${"█".repeat(full)}${"░".repeat(width - full)} ${done}/${of} ${text}`;
      stderr.write(`\r\x1b[K${line.slice(0, Math.max(10, (stderr.columns ?? 80) - 1))}`);
    },
    clear: () => void stderr.write("\r\x1b[K"),
  };
}

export function addBench(program: Command): void {
  program
    .command("bench")
    .description("run the experiments of the ClickOS paper, and compare with its figures")
    .argument("[EXPERIMENT...]", "their names, or all")
    .option("--list", "list the experiments")
    .addOption(new Option("--quick", "small sizes: seconds each").conflicts(["full"]))
    .option("--full", "the paper's sizes and beyond: minutes each")
    .option("--json <FILE>", "write the results as JSON")
    .option("--report <DIR>", "write a page with tables and pictures, and .json, .csv and .svg files beside it")
    .action(async (names: string[], options: BenchOptions) => {
      const { experiments, outcomeText, reportJson, runExperiments, writeReport } = await loadExperiments();
      if (options.list) {
        print(table(experiments.map(({ name, title }) => [name, title])));
        return;
      }
      if (names.length === 0) throw new UsageError("name the experiments, or all; clickos bench --list shows them");
      const chosen = chosenExperiments(names, experiments);
      const { json } = options;
      if (json !== undefined) checkOutputs([], [{ path: json, what: "--json" }]);
      // Before minutes of measuring.
      if (options.report !== undefined) mkdirSync(options.report, { recursive: true });
      const size: ExperimentSize = options.quick ? "quick" : options.full ? "full" : "normal";
      const { elements } = await import("@clickos/click-elements/node");
      const progress = progressLine();
      const report = await interruptible((signal) =>
        runExperiments(chosen, {
          elements,
          size,
          signal,
          onProgress: ({ name }, done, of, what) => progress.show(done, of, `${name}: ${what}`),
          onOutcome(outcome) {
            progress.clear();
            print(`${outcomeText(outcome)}\n`);
          },
        }),
      );
      print(`reference: a copy of 64 bytes between pools of buffers, ${report.run.referenceNs.toFixed(2)} ns`);
      if (json !== undefined) writeBytes(json, new TextEncoder().encode(reportJson(report)));
      if (options.report !== undefined) print(`report: ${await writeReport(options.report, report)}`);
    });
}
