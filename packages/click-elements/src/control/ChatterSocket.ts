/**
 * ChatterSocket(TYPE, PORT or FILENAME [, keywords CHANNEL, QUIET_CHANNEL, GREETING, LOCALHOST, RETRIES, RETRY_WARNINGS]) —
 * sends what elements print to clients.
 *
 * TYPE is TCP or UNIX. Clients that connect get all chatter from then on, after the line
 * `Click::ChatterSocket/1.0` unless GREETING is false. A client that does not read loses lines, and holds up
 * nobody. Only this machine can connect, unless an address is given with the port, `10.0.0.1:7778`, or LOCALHOST is
 * false. A socket that cannot be opened is tried again RETRIES times, once a second. With CHANNEL, clients get what is
 * printed on that channel; nobody else does, unless QUIET_CHANNEL is false. Runs in process only, not in a virtual machine.
 *
 * When a configuration takes another's place, a ChatterSocket of the same name, type and port or file keeps its clients.
 *
 *   ChatterSocket(TCP, 7778)
 */
import { createServer, type Server, type Socket } from "node:net";
import { arg, type ElementClass, element, keyword, positional, required } from "@clickos/click-core/element";
import { everywhere, listenOn, loopback, parseControlAddress } from "../host/control-server.ts";
import { readSocketPlace, refuseUseless, type SocketPlace } from "../host/socket-place.ts";
import { opensAgain } from "../host/socket-retries.ts";

/** Bytes that may wait for a client. */
const maximumBacklog = 256 << 10;
const maximumClients = 64;

/** A socket that listens, and who has connected to it. */
interface Listening {
  readonly server: Server;
  readonly clients: Set<Socket>;
  greeting: boolean;
}

interface Kept {
  readonly place: SocketPlace;
  listening: Listening | undefined;
}

export const ChatterSocket: ElementClass = element({
  name: "ChatterSocket",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 20,
  config: {
    TYPE: required(arg.string),
    WHERE: positional(arg.string, undefined),
    CHANNEL: keyword(arg.string, undefined),
    QUIET_CHANNEL: keyword(arg.bool, true),
    GREETING: keyword(arg.bool, true),
    LOCALHOST: keyword(arg.bool, true),
    RETRIES: keyword(arg.i32, 0),
    RETRY_WARNINGS: keyword(arg.bool, true),
  },
  prepare: ({ config, error, scope }) =>
    readSocketPlace(config, {
      scope,
      error,
      types: ["TCP", "UNIX"],
      search: false,
      saysWhy: true,
      openQuote: "`",
    }),
  service({ config, plan, host, name, landmark, former }) {
    if (!(former as Kept | undefined)?.listening) refuseUseless(plan, config);
    const heading = `${landmark}: While initializing '${name} :: ChatterSocket':`;
    const kept: Kept = { place: plan, listening: undefined };
    let closed = false;
    let cancel: (() => void) | undefined;
    const open = async (): Promise<void> => {
      const local = config.LOCALHOST ? loopback : everywhere;
      const listening = makeServer(config.GREETING);
      const where =
        plan.type === "UNIX"
          ? { path: plan.path }
          : { host: local, ...parseControlAddress(plan.type === "TCP" ? plan.port : "0")! };
      await listenOn(listening.server, where);
      if (closed) close(listening);
      else kept.listening = listening;
    };
    return {
      kept,
      takeOver(other) {
        const { place, listening } = other as Kept;
        if (!listening) return;
        if (JSON.stringify(place) !== JSON.stringify(plan)) {
          host.chatter("incompatible ChatterSockets");
          return;
        }
        listening.greeting = config.GREETING;
        kept.listening = listening;
        (other as Kept).listening = undefined;
      },
      start() {
        cancel = host.onChatter(
          (text) => {
            for (const socket of kept.listening?.clients ?? [])
              if (socket.writableLength < maximumBacklog) socket.write(text, "latin1");
          },
          config.CHANNEL,
          config.QUIET_CHANNEL,
        );
      },
      open: () => (kept.listening ? undefined : opensAgain(open, config, { host, heading })),
      close() {
        closed = true;
        cancel?.();
        if (kept.listening) close(kept.listening);
      },
    };
  },
});

function makeServer(greeting: boolean): Listening {
  const clients = new Set<Socket>();
  const listening: Listening = {
    server: createServer({ allowHalfOpen: true }, (socket) => accept(socket)),
    clients,
    greeting,
  };
  const accept = (socket: Socket): void => {
    if (clients.size >= maximumClients) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    socket.on("close", () => clients.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.resume();
    if (listening.greeting) socket.write("Click::ChatterSocket/1.0\r\n");
  };
  return listening;
}

function close({ server, clients }: Listening): void {
  for (const socket of clients) socket.destroySoon();
  server.close();
}
