/**
 * A server that gives each guest that connects a port of its own on a switch, so that guests reach each other as well: browsers that
 * run v86 with the server's URL as `network_relay_url`, and whoever else sends frames as binary messages.
 */
import { longestFrame, type PortOptions, SwitchError, type ValeSwitch } from "@clickos/vale";
import { type Attachment, type Endpoint, endpointText } from "./attachment.ts";
import { openServer, type WebSocketListenOptions } from "./websocket.ts";
import { WebSocketLine } from "./websocket-line.ts";

export interface WebSocketGuestsOptions extends WebSocketListenOptions {
  /** How many may be connected at a time, 64 by default; the connections of others are ended. */
  readonly guests?: number | undefined;
  /** What holds for the port of each. */
  readonly port?: PortOptions | undefined;
}

export interface WebSocketGuests extends Disposable {
  /** Where it listens: with the port that the system chose for 0. */
  readonly place: Endpoint;
  /** The URL that guests connect to. */
  readonly url: string;
  /** Ports of the guests that are connected; they are called NAME.1, NAME.2 and so on. */
  readonly ports: readonly Attachment[];
  /** What is wrong with the server, if anything is. */
  readonly problem: string | undefined;
  /** Ends all connections and listens no more. */
  close(): void;
}

const mostGuests = 64;

/** Listens for guests of a switch. @throws {NetdevError} @throws {RangeError} for an MTU that is none. */
export async function serveWebSockets(
  sw: ValeSwitch,
  at: Endpoint,
  options: WebSocketGuestsOptions = {},
): Promise<WebSocketGuests> {
  const { guests = mostGuests, name = `ws:${endpointText(at)}`, mtu } = options;
  longestFrame(mtu);
  const server = await openServer(at, options.path);
  const ports: WebSocketLine[] = [];
  let problem: string | undefined;
  server.onError((e) => {
    problem = e.message;
  });
  const freeName = (): string => {
    for (let n = 1; ; n++) if (!ports.some((port) => port.name === `${name}.${n}`)) return `${name}.${n}`;
  };
  const leave = (port: WebSocketLine): void => {
    const index = ports.indexOf(port);
    if (index < 0) return;
    ports.splice(index, 1);
    sw.detach(port);
  };
  let open = true;
  server.onPeer((peer) => {
    if (!open || ports.length >= guests) {
      peer.terminate();
      return;
    }
    const port = new WebSocketLine(freeName(), options);
    try {
      sw.attach(port, options.port);
    } catch (e) {
      if (!(e instanceof SwitchError)) throw e;
      problem = e.message;
      peer.terminate();
      return;
    }
    problem = undefined;
    ports.push(port);
    port.attach(peer, "the guest has gone");
    peer.on("close", () => leave(port));
  });
  const close = (): void => {
    open = false;
    server.close();
    for (const port of [...ports]) leave(port);
  };
  return {
    place: server.place,
    url: server.url,
    ports,
    get problem() {
      return problem;
    },
    close,
    [Symbol.dispose]: close,
  };
}
