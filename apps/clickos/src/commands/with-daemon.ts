/** What commands over the daemon share. */
import type { Client } from "@clickos/client";
import { reachDaemon } from "../daemon/reach.ts";

/** Runs something with a connection to the daemon, which is closed afterwards. */
export function withDaemon(run: (client: Client) => Promise<null>): Promise<void>;
export function withDaemon<T>(run: (client: Client) => Promise<T>): Promise<T>;
export async function withDaemon<T>(run: (client: Client) => Promise<T>): Promise<T> {
  const client = await reachDaemon();
  try {
    return await run(client);
  } finally {
    client.close();
  }
}

/** `NAME` or `NAME/ROUTER`: a domain, or one of its routers. */
export function placeOf(text: string): { domain: string; router?: number } {
  const match = /^(.*)\/(\d+)$/.exec(text);
  return match ? { domain: match[1] as string, router: Number(match[2]) } : { domain: text };
}
