/**
 * Real attachments for a switch: captures that are played into it and recorded from it, and links in memory.
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
export { NetdevError, type NetdevErrorCode } from "./error.ts";
export { type FaultOptions, withFaults } from "./faults.ts";
export { createLoopback, createPair, type LinkOptions } from "./link.ts";
export type { InterfaceSettings } from "./native/interface-request.ts";
export { openPacketSocket, type PacketSocketOptions } from "./native/packet-socket.ts";
export { openTap, type TapOptions } from "./native/tap.ts";
