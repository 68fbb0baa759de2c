/**
 * Real attachments for a switch. In this release: pcap and pcapng captures, as files and as ports.
 *
 * @packageDocumentation
 */

export { maximumFrame } from "@clickos/vale";
export { CaptureError, type CaptureErrorCode, systemReason } from "./capture-error.ts";
export {
  type CaptureInput,
  type CaptureOutput,
  CapturePlayer,
  readPcap,
  writePcap,
} from "./capture-port.ts";
export { type CapturedFrame, type CaptureReader, linkTypeEthernet, openCapture } from "./capture-reader.ts";
export { type CaptureWriter, createCapture } from "./capture-writer.ts";
