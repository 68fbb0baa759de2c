/**
 * ChatterSocket(TYPE, PORT or FILE [, keywords GREETING, LOCALHOST]) — sends what elements
 * print to clients.
 *
 * TYPE is TCP or UNIX. Clients that connect get all chatter from then on, after the line
 * `Click::ChatterSocket/1.0` unless GREETING is false. A client that does not read loses lines, and holds up
 * nobody. Only this machine can connect, unless an address is given with the port, `10.0.0.1:7778`, or LOCALHOST is
 * false. CHANNEL, QUIET_CHANNEL, RETRIES and RETRY_WARNINGS are accepted with a warning. Runs in process only, not in a virtual
 * machine.
 *
 * Handlers: port, connections (read).
 *
 *   ChatterSocket(TCP, 7778)
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { accepted, arg, type ElementClass, element, keyword, required } from "@clickos/click-core/element";
import { systemReason } from "@clickos/pcap/node";
import { listenUnix } from "@clickos/unix-socket/node";
import { everywhere, loopback, parseControlAddress } from "../host/control-server.ts";
import { unixPathProblem } from "../host/unix-path.ts";

/** Bytes that may wait for a client. */
const maximumBacklog = 256 << 10;
const maximumClients = 64;

export const ChatterSocket: ElementClass = element({
  name: "ChatterSocket",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 20,
  config: {
    TYPE: required(arg.choice("TCP", "UNIX")),
    WHERE: required(arg.string),
    CHANNEL: accepted(arg.string, "there is one channel"),
    QUIET_CHANNEL: accepted(arg.bool, "there is one channel"),
    GREETING: keyword(arg.bool, true),
    LOCALHOST: keyword(arg.bool, true),
    RETRIES: accepted(arg.i32, "a port that is taken stops the router"),
    RETRY_WARNINGS: accepted(arg.bool, "a port that is taken stops the router"),
  },
  prepare({ config, error }) {
    if (config.TYPE === "UNIX") {
      const problem = unixPathProblem(config.WHERE);
      if (problem) error(problem, 1);
      return { path: config.WHERE };
    }
    const address = parseControlAddress(config.WHERE);
    if (!address || address.search) error(`'${config.WHERE}' is not a TCP port`, 1);
    return { port: address?.port ?? 0, host: address?.host ?? (config.LOCALHOST ? loopback : everywhere) };
  },
  service({ config, plan, host, name }) {
    const clients = new Set<Socket>();
    let problem: string | undefined;
    const server = createServer((socket) => {
      if (clients.size >= maximumClients) {
        socket.destroy();
        return;
      }
      clients.add(socket);
      socket.on("close", () => clients.delete(socket));
      socket.on("error", () => socket.destroy());
      socket.resume();
      if (config.GREETING) socket.write("Click::ChatterSocket/1.0\r\n");
    });
    const failed = (message: string): void => {
      problem = message;
      host.chatter(`${name}: ${problem}`);
      host.stop();
    };
    let closed = false;
    let cancel: (() => void) | undefined;
    return {
      start() {
        cancel = host.onChatter((text) => {
          for (const socket of clients) if (socket.writableLength < maximumBacklog) socket.write(text, "latin1");
        });
        if ("path" in plan)
          listenUnix(server, plan.path).then(
            () => closed && server.close(),
            (e: Error) => failed(e.message),
          );
        else {
          server.on("error", (e) => failed(`cannot listen on ${config.WHERE}: ${systemReason(e)}`));
          server.listen(plan);
        }
      },
      close() {
        closed = true;
        cancel?.();
        for (const socket of clients) socket.destroy();
        server.close();
      },
      problem: () => problem,
      handlers: {
        port: { read: () => (server.address() as AddressInfo | null)?.port ?? 0 },
        connections: { read: () => clients.size },
      },
    };
  },
});
