/** Packets at the border between compiled code and a service element's host side. */

import { annotationBytes, packetDescriptor } from "../element/packet.ts";
import type { HostFrame, HostPacket, HostService } from "../element/service.ts";

const { offsets } = packetDescriptor;

/** A view of the packet whose buffer is at `address`. */
export function viewPacket(memory: ArrayBufferLike, address: number): HostPacket {
  const words = new DataView(memory, address, 128);
  const data = words.getUint32(offsets.data, true);
  const header = (offset: number): number => {
    const at = words.getUint32(offset, true);
    return at === 0 ? -1 : at - data;
  };
  return {
    data: new Uint8Array(memory, data, words.getUint32(offsets.length, true)),
    get timestampNs() {
      return words.getBigUint64(offsets.timestamp, true);
    },
    set timestampNs(value) {
      words.setBigUint64(offsets.timestamp, value, true);
    },
    get network() {
      return header(offsets.network);
    },
    set network(at) {
      words.setUint32(offsets.network, at < 0 ? 0 : data + at, true);
    },
    get transport() {
      return header(offsets.transport);
    },
    set transport(at) {
      words.setUint32(offsets.transport, at < 0 ? 0 : data + at, true);
    },
    get mac() {
      const at = words.getUint32(offsets.mac, true);
      return at === 0 ? undefined : at - data;
    },
    get type() {
      return words.getUint8(offsets.type);
    },
    set type(value) {
      words.setUint8(offsets.type, value);
    },
    get device() {
      const number = words.getUint16(offsets.device, true);
      return number === 0 ? undefined : number - 1;
    },
    annotations: new DataView(memory, address + offsets.annotations, annotationBytes),
  };
}

/** Puts a frame into a packet's buffer, which has room for it. */
function fillPacket(memory: ArrayBufferLike, address: number, frame: HostFrame): void {
  const words = new DataView(memory, address, 128);
  const data = words.getUint32(offsets.data, true);
  new Uint8Array(memory, data, frame.frame.length).set(frame.frame);
  words.setBigUint64(offsets.timestamp, frame.timestampNs, true);
  const header = (at: number | undefined): number => (at === undefined || at < 0 ? 0 : data + at);
  words.setUint32(offsets.network, header(frame.network), true);
  words.setUint32(offsets.transport, header(frame.transport), true);
  words.setUint32(offsets.mac, header(frame.mac), true);
  frame.annotate?.(new DataView(memory, address + offsets.annotations, annotationBytes));
}

/** The imports that service elements' code calls. */
export function serviceImports(
  memory: ArrayBufferLike,
  services: readonly (HostService | undefined)[],
): Record<string, (...args: any[]) => unknown> {
  /** By element: the frame that was too long for the packet it was to fill. */
  const tooLong = new Map<number, HostFrame>();
  /** By element: the output that its last frame was for. */
  const ports: number[] = [];
  return {
    packet: (element: number, address: number, port: number) =>
      services[element]?.packet?.(viewPacket(memory, address >>> 0), port) ?? 0,
    called: (element: number, which: number) => services[element]?.called?.(which),
    asked: (element: number, which: number) => services[element]?.asked?.(which) ?? 0,
    next: (element: number, address: number, limit: number) => {
      const frame = services[element]?.next?.();
      if (frame === null) return -1;
      if (frame === undefined) return services[element]?.waiting?.() ? -3 : -2;
      const { length } = frame.frame;
      ports[element] = frame.port ?? 0;
      if (length > limit) tooLong.set(element, frame);
      else fillPacket(memory, address >>> 0, frame);
      return length;
    },
    port: (element: number) => ports[element] ?? 0,
    again: (element: number, address: number) => {
      const frame = tooLong.get(element);
      tooLong.delete(element);
      if (frame) fillPacket(memory, address >>> 0, frame);
    },
  };
}
