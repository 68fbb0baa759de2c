/**
 * Captures in files and pipes.
 *
 * @packageDocumentation
 */
export { type CaptureWriter, createCapture, type OpenCaptureOptions, openCapture } from "./capture-file.ts";
export { openSource } from "./file-source.ts";
export { systemReason } from "./system-reason.ts";
