/** What Click's socket elements work with: a socket that packets go into and come out of. */
import type { HostPacket } from "@clickos/click-core/element";
import { systemReason } from "@clickos/pcap/node";

export interface PacketSocket {
  /** Opens it; rejects with Click's words for what is wrong. */
  open(): Promise<void>;
  close(): void;
  /** Whether a packet can be sent now: somebody is there, and what was sent before does not wait. */
  ready(): boolean;
  /** Sends a packet; `false` where it is lost. */
  send(packet: HostPacket): boolean;
  /** The local port; 0 where it has none. */
  port(): number;
}

/** What sockets tell the element that they are of. */
export interface SocketUser {
  /** Something came, or may be sent again. */
  schedule(): void;
  /** A packet that `send` took could not be sent. */
  lost(): void;
  /** Says something to who wants to know of connections. */
  say(text: string): void;
  /** Whether an IP address may talk to it. */
  allows(address: string): boolean;
}

/** Bytes that may wait for the peer before no more packets are pulled. */
export const pulledBacklog: number = 256 << 10;
/** Bytes that may wait for the peer; packets that are pushed beyond are lost. */
export const maximumBacklog: number = 4 << 20;

/** What a system call says that failed. */
export const failure = (call: string, e: unknown): string => `${call}: ${systemReason(e)}`;

/** The descriptor of a socket or server, as Click's messages have it; -1 where it has none. */
export function descriptorOf(socket: object): number {
  return (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
}
