/**
 * The compiler of Click configurations, and routers that run in process.
 *
 * `Router.compile` runs a configuration in process, `drive` keeps it running, and its handlers are a `HandlerTree`. `element`
 * defines element classes; what their code is written with is in `@clickos/click-core/element`. For those who bring a
 * platform of their own: the compiler is `@clickos/click-core/compile`, and what a host does with a compiled router's memory
 * `@clickos/click-core/runtime`.
 *
 * @packageDocumentation
 */
export { SimulatedClock } from "@clickos/run-loop";
export { keyword, positional, required, rest } from "./arguments/config-spec.ts";
export { live } from "./arguments/live.ts";
export * as arg from "./arguments/types.ts";
export type { AddedElement } from "./compile/compile.ts";
export { type ElementClass, type ElementSet, element, elementSet } from "./element/element.ts";
export type { HandlerEntry, HandlerReport } from "./element/handler.ts";
export { findHandler, HandlerError, type HandlerTree } from "./element/handler-tree.ts";
export type { RouterDevice, TimedFrame } from "./runtime/device-ring.ts";
export { type DriveOptions, drive } from "./runtime/driver.ts";
export { compileLookup, type LookupOptions, type LookupRouter } from "./runtime/lookup-router.ts";
export { clickVersion } from "./runtime/root-handlers.ts";
export { Router, type RunResult, systemClock } from "./runtime/router.ts";
export type { Drop } from "./runtime/router-handlers.ts";
export type { RouterOptions } from "./runtime/router-options.ts";
export type { Unfinished } from "./runtime/unfinished.ts";
