/**
 * Real attachments for a switch. In this release: captures that are played into it and recorded from it.
 *
 * @packageDocumentation
 */
export {
  type CaptureInput,
  type CaptureOutput,
  CapturePlayer,
  type PlayOptions,
  readPcap,
  writePcap,
} from "./capture-port.ts";
