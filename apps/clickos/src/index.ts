/**
 * The application's parts for programs: boot an image between captures, run a configuration in process,
 * say what an element class is.
 *
 * @packageDocumentation
 */
export { type BootOptions, type BootReport, bootImage, type Hop, type NicCaptures, type NicReport } from "./boot.ts";
export { type ElementPage, elementPage } from "./element-page.ts";
export { CommandError } from "./failure.ts";
export type { Pace } from "./playing.ts";
export { type RunOptions, type RunReport, runConfiguration } from "./run.ts";
