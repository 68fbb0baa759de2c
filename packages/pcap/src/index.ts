/**
 * Packet captures, pcap and pcapng, read from bytes and written to bytes. What needs files is in the entry `/node`.
 *
 * @packageDocumentation
 */
export { type ByteSource, PushSource, starved } from "./byte-source.ts";
export { CaptureError, type CaptureErrorCode, type CaptureFault } from "./capture-error.ts";
export { type CaptureReader, captureReader, readCapture } from "./capture-reader.ts";
export type { CaptureFormat, CaptureOptions } from "./encoder.ts";
export { type MemoryCapture, writeCapture } from "./memory-capture.ts";
export { type CapturedFrame, linkTypeEthernet } from "./records.ts";
