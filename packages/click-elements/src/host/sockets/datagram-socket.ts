/** A UDP socket: a client's, which sends to one address or to those that packets say, or a server's, which answers the last that came. */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from "node:dgram";
import { annotation, formatIpAddress, type HostPacket } from "@clickos/click-core/element";
import { systemReason } from "@clickos/pcap/node";
import { failure, maximumBacklog, type PacketSocket, pulledBacklog, type SocketUser } from "./packet-socket.ts";
import type { ReceivedDatagrams } from "./received.ts";

export interface DatagramOptions {
  readonly address: string;
  readonly port: number;
  readonly client: boolean;
  /** The address and port of a client's own. */
  readonly local: { readonly address: string; readonly port: number } | undefined;
  readonly sendBuffer: number;
  readonly receiveBuffer: number;
  readonly reads: boolean;
  readonly received: ReceivedDatagrams;
  now(): bigint;
}

/** Addresses here are numbers: they are not looked up, so that packets are sent at once and in their order. */
export const udp: SocketOptions = { type: "udp4", lookup: (name, _options, found) => found(null, name, 4) };

/** The address that stands for each packet's own destination. */
const anywhere = "0.0.0.0";

/** Binds a socket; `address` is any where it is not given. Rejects with Click's words for what is wrong. */
export function bound(socket: Socket, port: number, address?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (e: Error): void => reject(failure("bind", e));
    socket.once("error", failed);
    socket.bind({ port, ...(address === undefined ? {} : { address }) }, () => {
      socket.off("error", failed);
      resolve();
    });
  });
}

/** Sizes of the system's buffers; a number below zero leaves one as it is. */
export function setBuffers(socket: Socket, sizes: { readonly send: number; readonly receive: number }): void {
  try {
    if (sizes.send >= 0) socket.setSendBufferSize(sizes.send);
  } catch (e) {
    throw failure("setsockopt(SO_SNDBUF)", e);
  }
  try {
    if (sizes.receive >= 0) socket.setRecvBufferSize(sizes.receive);
  } catch (e) {
    throw failure("setsockopt(SO_RCVBUF)", e);
  }
}

export function datagramSocket(options: DatagramOptions, user: SocketUser): PacketSocket {
  const { client, local, received } = options;
  const socket = createSocket(udp);
  let closed = false;
  let opened = false;
  let peer: Pick<RemoteInfo, "address" | "port"> | undefined = client ? options : undefined;

  socket.on("error", (e) => {
    if (opened) user.say(systemReason(e));
  });
  socket.on("message", (message, from) => {
    if (!client && !user.allows(from.address)) {
      user.say(`dropped datagram from ${from.address}:${from.port}`);
      return;
    }
    if (!client) peer = from;
    if (!options.reads || message.length === 0) return;
    received.add(message, options.now());
    user.schedule();
  });
  const sent = (e: Error | null): void => {
    if (e && !closed) {
      user.lost();
      user.say(systemReason(e));
    }
    user.schedule();
  };
  const addressOf = ({ annotations }: HostPacket): string =>
    client && options.address === anywhere
      ? formatIpAddress(annotations.getUint32(annotation.dstIp))
      : (peer as RemoteInfo).address;

  return {
    async open() {
      if (!client) await bound(socket, options.port, options.address);
      else await bound(socket, local?.port ?? 0, local?.address);
      if (closed) return;
      opened = true;
      setBuffers(socket, { send: options.sendBuffer, receive: options.receiveBuffer });
    },
    close() {
      closed = true;
      socket.close();
    },
    ready: () => opened && peer !== undefined && socket.getSendQueueSize() < pulledBacklog,
    send(packet) {
      // Click sends nothing where there is nothing to send.
      if (packet.data.length === 0) return true;
      if (!peer || closed || socket.getSendQueueSize() > maximumBacklog) return false;
      socket.send(packet.data.slice(), peer.port, addressOf(packet), sent);
      return true;
    },
    port: () => (opened ? socket.address().port : 0),
  };
}
