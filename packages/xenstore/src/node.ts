/**
 * Serves a store on a UNIX socket, for `xenstore-ls` and its kin (`XENSTORED_PATH`).
 *
 * @packageDocumentation
 */
import { chmodSync, unlinkSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { createSession } from "./protocol.ts";
import type { XenStore } from "./store.ts";

export interface StoreServer {
  readonly path: string;
  readonly clients: number;
  close(): Promise<void>;
}

/** A socket that cannot be opened. */
export class StoreServerError extends Error {
  override readonly name = "StoreServerError";
  readonly code = "CANNOT_LISTEN";
}

const maximumClients = 1024;

/** Serves the store to the host's processes; they act for domain 0, so the socket is its owner's only. @throws {StoreServerError} */
export async function serve(store: XenStore, options: { readonly path: string }): Promise<StoreServer> {
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    if (clients.size >= maximumClients) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    const session = createSession(store, {
      send(bytes) {
        socket.write(bytes);
        return socket.writableLength;
      },
      overrun: () => socket.destroy(),
    });
    socket.on("data", (bytes) => {
      if (!session.receive(bytes)) socket.destroy();
      else if (socket.writableLength > 1 << 20) socket.pause();
    });
    socket.on("drain", () => {
      session.resume();
      socket.resume();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clients.delete(socket);
      session.close();
    });
  });
  if (await answers(options.path))
    throw new StoreServerError(`cannot listen on ${options.path}: somebody serves it already`);
  try {
    unlinkSync(options.path);
  } catch {
    // Nothing is in the way.
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", (e) => reject(new StoreServerError(`cannot listen on ${options.path}: ${e.message}`)));
    server.listen(options.path, resolve);
  });
  chmodSync(options.path, 0o600);
  return {
    path: options.path,
    get clients() {
      return clients.size;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of clients) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Whether somebody serves a socket's file. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
