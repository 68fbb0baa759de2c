/**
 * The application's parts for programs: boot an image between captures, run a configuration in process,
 * say what an element class is.
 *
 * @packageDocumentation
 */
export { type BootOptions, bootImage, type NicCaptures } from "./boot.ts";
export type { BootReport, Hop, NicReport } from "./boot-report.ts";
export { type ElementPage, elementPage } from "./element-page.ts";
export { CommandError } from "./failure.ts";
export { bootLive, type LiveBootOptions, type LiveLane, type RunningVm } from "./live-boot.ts";
export type { Pace } from "./playing.ts";
export type { PortSpecification } from "./port-specifications.ts";
export { type RunOptions, type RunReport, runConfiguration } from "./run.ts";
