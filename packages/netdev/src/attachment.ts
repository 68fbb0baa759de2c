/** What ports with somebody at their far end say besides their frames. */
import type { Port } from "@clickos/vale";

export interface Attachment extends Port {
  /** What is wrong at the moment: nobody is connected, the peer is not there. */
  readonly problem?: string | undefined;
}

/** An IP address and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** As it is written: `[::1]:80` with an IPv6 address. */
export function endpointText({ host, port }: Endpoint): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
