/**
 * Real attachments for a switch: kernels' devices, QEMU guests, tunnels, WebSockets, captures, links in memory, and faults.
 *
 * @packageDocumentation
 */

export type { Attachment, Endpoint } from "./attachment.ts";
export {
  type CaptureInput,
  type CaptureOutput,
  CapturePlayer,
  type PlayOptions,
  type RecordOptions,
  readPcap,
  writePcap,
} from "./capture-port.ts";
export type { DatagramOptions, DatagramPort } from "./datagram-port.ts";
export { NetdevError, type NetdevErrorCode } from "./error.ts";
export { type FaultOptions, withFaults } from "./faults.ts";
export { createLoopback, createPair, type LinkOptions } from "./link.ts";
export type { InterfaceSettings } from "./native/interface-request.ts";
export { openPacketSocket, type PacketSocketOptions } from "./native/packet-socket.ts";
export { openTap, type TapOptions } from "./native/tap.ts";
export { openUnixDatagrams, type UnixDatagramOptions } from "./native/unix-datagram.ts";
export { type OpenOptions, openAttachment } from "./open-attachment.ts";
export {
  isSpecification,
  parseSpecification,
  type Specification,
  type SpecificationKind,
  specificationKinds,
} from "./specification.ts";
export { openStream, type StreamOptions, type StreamPlace, type StreamPort } from "./stream-port.ts";
export { openUdp, openVxlan, type VxlanOptions, vxlanPort } from "./tunnels.ts";
export { createUplink } from "./uplink.ts";
export { connectWebSocket, listenWebSocket, type WebSocketListenOptions, type WebSocketPort } from "./websocket.ts";
export { serveWebSockets, type WebSocketGuests, type WebSocketGuestsOptions } from "./websocket-guests.ts";
export type { WebSocketOptions } from "./websocket-line.ts";
