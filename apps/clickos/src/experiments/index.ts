/** All experiments, in the order of the paper; and how they are run and written. A file of its own when built: loaded on demand. */
import { boot } from "./boot.ts";
import { bottlenecks } from "./bottlenecks.ts";
import { chain } from "./chain.ts";
import { delay } from "./delay.ts";
import type { Experiment } from "./experiment.ts";
import { future } from "./future.ts";
import { rx, tx } from "./guest-ends.ts";
import { linux } from "./linux.ts";
import { memory } from "./memory.ts";
import { middleboxes } from "./middleboxes.ts";
import { nics } from "./nics.ts";
import { scale } from "./scale.ts";
import { state } from "./state.ts";
import { switchAlone } from "./switch.ts";

export const experiments: readonly Experiment[] = [
  boot,
  state,
  delay,
  memory,
  switchAlone,
  tx,
  rx,
  bottlenecks,
  chain,
  scale,
  nics,
  middleboxes,
  linux,
  future,
];

export type { Experiment, ExperimentSize, Outcome, Report } from "./experiment.ts";
export { writeReport } from "./report-page.ts";
export { type RunExperimentsOptions, runExperiments } from "./run.ts";
export { outcomeText, reportJson } from "./text.ts";
