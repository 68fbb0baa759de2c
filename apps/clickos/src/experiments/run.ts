/** Runs experiments one after another. */

import { availableParallelism, cpus } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import type { ElementSet } from "@clickos/click-core";
import {
  type Experiment,
  type ExperimentContext,
  type ExperimentSize,
  type Outcome,
  type Report,
  SkippedError,
} from "./experiment.ts";
import { measureSteps, referenceStep } from "./measure.ts";

export interface RunExperimentsOptions {
  readonly elements: ElementSet;
  readonly size: ExperimentSize;
  /** Length of each sample, as a part of what the size has; 1 by default. Tests have less. */
  readonly scale?: number;
  /** What is measured at the moment. */
  readonly onProgress?: (experiment: Experiment, done: number, of: number, what: string) => void;
  /** Called with each experiment's outcome. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** Ends the run where it is; the report has the experiments that were done. */
  readonly signal?: AbortSignal;
}

/** @throws what an experiment throws, except that it cannot be run here. */
export async function runExperiments(
  experiments: readonly Experiment[],
  options: RunExperimentsOptions,
): Promise<Report> {
  const { elements, size, scale = 1, signal } = options;
  const { median: referenceNs } = await measureSteps(referenceStep(), size, scale);
  const outcomes: Outcome[] = [];
  for (const [done, experiment] of experiments.entries()) {
    const context: ExperimentContext = {
      size,
      elements,
      referenceNs,
      pick: (quick, normal, full) => ({ quick, normal, full })[size],
      measure: (step) => measureSteps(step, size, scale),
      progress(what) {
        signal?.throwIfAborted();
        options.onProgress?.(experiment, done, experiments.length, what);
      },
    };
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1000;
    let outcome: Outcome;
    try {
      context.progress("setting up");
      outcome = { experiment, result: await experiment.run(context), seconds: seconds() };
    } catch (e) {
      if (signal?.aborted) break;
      if (!(e instanceof SkippedError)) throw e;
      outcome = { experiment, skipped: e.message, seconds: seconds() };
    }
    outcomes.push(outcome);
    options.onOutcome?.(outcome);
    // Signals are heard, and what the last one left behind goes.
    await turn();
  }
  return {
    run: {
      date: new Date().toISOString(),
      size,
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
      referenceNs,
    },
    outcomes,
  };
}
