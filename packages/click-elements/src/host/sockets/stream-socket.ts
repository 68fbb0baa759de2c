/**
 * A TCP or UNIX stream: a client's connection, or those to a server, which talks to one peer at a time. Others wait for their
 * turn, unread, and are turned away when there are too many.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { systemReason } from "@clickos/pcap/node";
import { ListenError, listenOn } from "../control-server.ts";
import {
  descriptorOf,
  failure,
  maximumBacklog,
  type PacketSocket,
  pulledBacklog,
  type SocketUser,
} from "./packet-socket.ts";
import type { ReceivedStream } from "./received.ts";

export type StreamPlace = { readonly host: string; readonly port: number } | { readonly path: string };

export interface StreamOptions {
  readonly place: StreamPlace;
  readonly client: boolean;
  /** The address and port of a client's own. */
  readonly local: { readonly address: string; readonly port: number } | undefined;
  readonly noDelay: boolean;
  /** Whether what comes is read; a server that reads nothing takes no connection, as in Click. */
  readonly reads: boolean;
  readonly received: ReceivedStream;
  now(): bigint;
}

/** Connections that wait for their turn. */
const maximumPending = 2;
/** What the system says when a socket cannot have the address that it asks for. */
const noAddress = new Set(["EADDRINUSE", "EADDRNOTAVAIL"]);

const shown = (place: StreamPlace): string => ("path" in place ? place.path : `${place.host}:${place.port}`);

export interface StreamSocket extends PacketSocket {
  /** The router has asked for what was received; what it got before has gone through it. */
  asked(): void;
}

export function streamSocket(options: StreamOptions, user: SocketUser): StreamSocket {
  const { place, client, local, received } = options;
  const pending: Socket[] = [];
  const server = client ? undefined : createServer({ pauseOnConnect: true, allowHalfOpen: true }, arrived);
  let peer: Socket | undefined;
  /** Whether the peer has said all that it has to say. */
  let ended = false;
  let closed = false;

  function arrived(socket: Socket): void {
    socket.on("error", (e) => {
      if (peer === socket && !closed) user.say(systemReason(e));
    });
    if (pending.length >= maximumPending) {
      socket.destroy();
      return;
    }
    pending.push(socket);
    takeNext();
  }

  /** Talks to the next that may. */
  function takeNext(): void {
    while (!peer && options.reads && !closed) {
      const next = pending.shift();
      if (!next) return;
      if (next.destroyed) continue;
      const { remoteAddress, remotePort } = next;
      const allowed = "path" in place || user.allows(remoteAddress ?? "");
      const from = "path" in place ? "" : `${remoteAddress}:${remotePort}`;
      user.say(`${allowed ? "opened" : "denied"} connection ${descriptorOf(next)} from ${from}`);
      if (allowed) attach(next);
      else next.destroy();
    }
  }

  function attach(socket: Socket): void {
    const number = descriptorOf(socket);
    peer = socket;
    ended = false;
    if (!("path" in place)) socket.setNoDelay(options.noDelay);
    if (options.reads)
      socket.on("data", (data) => {
        received.add(data, options.now());
        if (received.full) socket.pause();
        user.schedule();
      });
    // What came before is to be answered first.
    socket.on("end", () => {
      if (received.empty) socket.end();
      else ended = true;
    });
    socket.on("drain", () => user.schedule());
    socket.on("close", () => {
      if (peer !== socket) return;
      peer = undefined;
      if (closed) return;
      user.say(`closed connection ${number}`);
      takeNext();
    });
    socket.resume();
    user.schedule();
  }

  function open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const own = local ? { localAddress: local.address, localPort: local.port } : {};
      const socket = connect({ ...place, ...own, allowHalfOpen: true });
      peer = socket;
      const refused = (e: NodeJS.ErrnoException): void => {
        peer = undefined;
        reject(failure(local && noAddress.has(e.code ?? "") ? "bind" : "connect", e));
      };
      socket.once("error", refused);
      // It was closed before it was there.
      socket.once("close", () => resolve());
      socket.once("connect", () => {
        socket.off("error", refused);
        socket.on("error", (e) => {
          if (!closed) user.say(systemReason(e));
        });
        user.say(`opened connection ${descriptorOf(socket)} to ${shown(place)}`);
        attach(socket);
        resolve();
      });
    });
  }

  return {
    async open() {
      if (!server) return open();
      try {
        await listenOn(server, place, { stays: true });
      } catch (e) {
        if (e instanceof ListenError) throw e.message;
        throw e;
      }
      if (closed) server.close();
      else user.say(`listening for connections on ${shown(place)} (${descriptorOf(server)})`);
    },
    close() {
      closed = true;
      for (const socket of pending) socket.destroy();
      // What was sent goes out first.
      if (peer?.connecting) peer.destroy();
      peer?.end();
      peer?.unref();
      server?.close();
    },
    ready: () => peer !== undefined && !peer.connecting && peer.writableLength < pulledBacklog,
    send({ data }) {
      if (!peer?.writable || peer.writableLength > maximumBacklog) return false;
      peer.write(data.slice());
      return true;
    },
    port: () => (server?.address() as AddressInfo | null)?.port ?? ("path" in place ? 0 : place.port),
    asked() {
      if (ended && received.empty) peer?.end();
      if (peer?.isPaused() && received.low) peer.resume();
    },
  };
}
