/**
 * What an experiment is: one of the paper's measurements, set up anew. It is run by `runExperiments` (run.ts), which gives it a
 * context to measure with; its result is tables, each with a chart that is described, not drawn.
 */
import type { ElementSet } from "@clickos/click-core";

/** How much is measured: `quick` ends in seconds, `full` has the paper's sizes and beyond. */
export type ExperimentSize = "quick" | "normal" | "full";

export interface Column {
  readonly key: string;
  readonly title: string;
  /** As `µs`, `Mpps`; nothing for counts and names. */
  readonly unit?: string;
  /** Decimals of numbers in printed tables; three significant digits when absent. JSON and CSV have the whole numbers. */
  readonly decimals?: number;
}

/** `null` where there is nothing to say. */
export type Cell = number | string | null;
export type Row = Readonly<Record<string, Cell>>;

/** A line across the chart. */
export interface Mark {
  readonly name: string;
  readonly y: number;
}

export interface ChartDescription {
  readonly kind: "line" | "bar";
  /** The column along the x axis: its cells are names, or numbers. */
  readonly x: string;
  /** Columns that are drawn, one series each. They share a unit. */
  readonly y: readonly string[];
  /** A column whose values divide the rows into series. */
  readonly by?: string;
  readonly yTitle: string;
  readonly logX?: boolean;
  readonly logY?: boolean;
  readonly stacked?: boolean;
  readonly marks?: readonly Mark[];
}

export interface ResultTable {
  /** Of files; unique in the result: lower-case letters, digits and dashes. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly chart?: ChartDescription;
}

/** One of our figures beside the paper's, or another one that is named. */
export interface Comparison {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly paper: number;
  /** `ours / paper`. */
  readonly ratio: number;
  readonly better: "less" | "more";
  /** Whose figure it is; the paper's by default. */
  readonly whose?: string;
}

export interface Result {
  readonly tables: readonly ResultTable[];
  readonly comparisons: readonly Comparison[];
  /** What a reader should know of this run, a sentence each. */
  readonly notes?: readonly string[];
}

/** What the paper says, and who says so. */
export interface PaperFinding {
  /** What was measured, in our words. */
  readonly measured: string;
  readonly found: string;
  /** Figures with their sources; none where we know of none that we could cite. */
  readonly figures: readonly { readonly text: string; readonly source: string }[];
}

/** Median, least and greatest of several samples. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface ExperimentContext {
  readonly size: ExperimentSize;
  readonly elements: ElementSet;
  /** CPU nanoseconds of the reference loop in this run: a copy of a frame of 64 bytes between two pools of buffers. */
  readonly referenceNs: number;
  /** One of three, by size. */
  pick<T>(quick: T, normal: T, full: T): T;
  /**
   * CPU nanoseconds of this process for each item. `step` works for a while, some microseconds at least, and returns how many items it
   * has done.
   */
  measure(step: () => number | Promise<number>): Promise<Spread>;
  /** Says what is measured now. @throws the signal's reason when the run is interrupted. */
  progress(what: string): void;
}

export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly paper: PaperFinding;
  /** How ours is set up. */
  readonly setup: string;
  /** What differs from the paper's. */
  readonly differs: string;
  /** How to read the picture. */
  readonly reading: string;
  /** @throws {SkippedError} where it cannot be run here. */
  run(context: ExperimentContext): Promise<Result>;
}

/** An experiment that cannot be run here; the message is the reason. */
export class SkippedError extends Error {
  override readonly name = "SkippedError";
}

/** An experiment with what came of it. */
export interface Outcome {
  readonly experiment: Experiment;
  readonly result?: Result;
  /** Why it was not run. */
  readonly skipped?: string;
  readonly seconds: number;
}

/** The machine and the day of a run. */
export interface RunDescription {
  readonly date: string;
  readonly size: ExperimentSize;
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
  readonly node: string;
  readonly referenceNs: number;
}

export interface Report {
  readonly run: RunDescription;
  readonly outcomes: readonly Outcome[];
}

/** Compares one of our figures with the paper's. */
export function compare(
  what: string,
  unit: string,
  ours: number,
  paper: number,
  better: Comparison["better"],
  whose?: string,
): Comparison {
  return { what, unit, ours, paper, ratio: ours / paper, better, ...(whose === undefined ? {} : { whose }) };
}
