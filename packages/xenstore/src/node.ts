/**
 * Serves a store on a UNIX socket, for `xenstore-ls` and its kin (`XENSTORED_PATH`).
 *
 * @packageDocumentation
 */
import { createServer, type Socket } from "node:net";
import { listenUnix } from "@clickos/unix-socket/node";
import { createSession, type SessionState } from "./protocol.ts";
import type { Quotas, XenStore } from "./store.ts";

export interface StoreServer {
  readonly path: string;
  readonly clients: number;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly path: string;
  /** Clients at once; 256 by default. When others wait, those that have asked nothing for longest lose their place. */
  readonly maximumClients?: number;
  /** How long a client may be idle before its place is another's when there is none left; 10 000 by default. */
  readonly idleMs?: number;
}

/** What a client of the socket may have. It acts for domain 0, but it is not domain 0. */
export const clientQuotas: Partial<Quotas> = {
  watches: 8192,
  transactions: 64,
  transactionOperations: 65536,
  transactionBytes: 1 << 24,
};
/** Bytes that wait for a client that does not read, before its requests wait, too. */
const backlog = 1 << 20;

/**
 * Serves the store to the host's processes; they act for domain 0, so the socket is its owner's only. Each client has a few
 * requests answered, then the next.
 *
 * @throws {UnixSocketError} when something else is at the path.
 */
export async function serve(store: XenStore, options: ServeOptions): Promise<StoreServer> {
  const { path, maximumClients = 256, idleMs = 10_000 } = options;
  /** With when each last asked for something: the one that did so longest ago is the first. */
  const clients = new Map<Socket, number>();
  /** Makes room for one more: whether there is any. */
  const room = (): boolean => {
    if (clients.size < maximumClients) return true;
    const [[idlest, since]] = clients as unknown as [[Socket, number]];
    if (performance.now() - since < idleMs) return false;
    clients.delete(idlest);
    idlest.destroy();
    return true;
  };
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (!room()) {
      socket.destroy();
      return;
    }
    const session = createSession(store, {
      quotas: clientQuotas,
      send(bytes) {
        if (!socket.destroyed) socket.write(bytes);
        return socket.writableLength;
      },
      overrun: () => socket.destroy(),
    });
    const asked = (): void => {
      clients.delete(socket);
      clients.set(socket, performance.now());
    };
    /** Whether it has its next turn already. */
    let waits = false;
    const go = (state: SessionState): void => {
      if (socket.destroyed) return;
      if (state === "broken") socket.destroy();
      else if (socket.writableLength > backlog) socket.pause();
      else if (state === "more") {
        socket.pause();
        if (!waits)
          setImmediate(() => {
            waits = false;
            go(session.resume(socket.writableLength));
          });
        waits = true;
      } else socket.resume();
    };
    asked();
    socket.on("data", (bytes) => {
      asked();
      go(session.receive(bytes));
    });
    socket.on("drain", () => go(session.resume(socket.writableLength)));
    socket.on("close", () => {
      clients.delete(socket);
      session.close();
    });
  });
  await listenUnix(server, path);
  return {
    path,
    get clients() {
      return clients.size;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of clients.keys()) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
