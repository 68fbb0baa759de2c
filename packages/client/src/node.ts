/**
 * A client of the daemon over its UNIX socket.
 *
 * @packageDocumentation
 */
import { connect as connectSocket } from "node:net";
import { type Client, createClient } from "./client.ts";
import { ClientError } from "./error.ts";
import { LineReader } from "./lines.ts";

/** Connects to the daemon that listens on a path. @throws {ClientError} `CONNECT` when none does. */
export async function connect(path: string): Promise<Client> {
  const socket = connectSocket({ path });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (e: NodeJS.ErrnoException) =>
      reject(new ClientError("CONNECT", `no daemon answers on ${path}: ${e.message}`, { cause: e })),
    );
  });
  const lines = new LineReader();
  return createClient({
    send: (line) => void socket.write(`${line}\n`),
    open(line, closed) {
      socket.on("data", (bytes: Uint8Array) => {
        try {
          for (const text of lines.read(bytes)) line(text);
        } catch (e) {
          socket.destroy();
          closed((e as Error).message);
        }
      });
      socket.on("error", (e) => closed(`the connection to the daemon failed: ${e.message}`));
      socket.on("close", () => closed("the daemon closed the connection"));
    },
    close: () => void socket.destroy(),
  });
}
