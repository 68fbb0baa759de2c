/**
 * ControlSocket(TYPE, PORT or FILENAME or FD [, keywords READONLY, PROXY, VERBOSE, LOCALHOST, RETRIES, RETRY_WARNINGS]) —
 * lets clients read and write handlers.
 *
 * TYPE is TCP, with a port (`7777+` tries the next ones when it is taken), UNIX, with the name of a socket, or SOCKET,
 * with the number of a file descriptor that a client is connected to. The protocol is Click's, version 1.3. READONLY refuses
 * writes. PROXY names an element whose handlers stand for all others. VERBOSE tells of connections. A socket that cannot be
 * opened is tried again RETRIES times, once a second. Only this machine can connect, unless an address is given with the
 * port, `10.0.0.1:7777`, or LOCALHOST is false, which listens on all addresses. A UNIX socket is for its owner; where there is
 * a file of its name the router does not start. Runs in process only, not in a virtual machine.
 *
 * When a configuration takes another's place, a ControlSocket of the same name, type and port or file keeps its clients. One
 * whose UNIX socket cannot be opened is refused; where a port is taken, it is run without that socket, and says so.
 *
 * Handlers: port (read, TCP), filename (read, UNIX).
 *
 *   ControlSocket(TCP, 7777)
 */
import { arg, type ElementClass, element, keyword, positional, required } from "@clickos/click-core/element";
import {
  type ControlOptions,
  type ControlServer,
  everywhere,
  loopback,
  parseControlAddress,
  serveControl,
  serveControlOn,
} from "../host/control-server.ts";
import { readSocketPlace, refuseUseless, type SocketPlace } from "../host/socket-place.ts";
import { opensAgain } from "../host/socket-retries.ts";

/** What the socket of a configuration that is replaced leaves. */
interface Kept {
  readonly place: SocketPlace;
  server: ControlServer | undefined;
}

export const ControlSocket: ElementClass = element({
  name: "ControlSocket",
  ports: "0/0",
  processing: "a/a",
  config: {
    TYPE: required(arg.string),
    WHERE: positional(arg.string, undefined),
    READONLY: keyword(arg.bool, false),
    PROXY: keyword(arg.elementName(), undefined),
    VERBOSE: keyword(arg.bool, false),
    RETRIES: keyword(arg.i32, 0),
    RETRY_WARNINGS: keyword(arg.bool, true),
    LOCALHOST: keyword(arg.bool, true),
  },
  prepare: ({ config, error, scope }) =>
    readSocketPlace(config, { scope, error, types: ["TCP", "UNIX", "SOCKET"], search: true }),
  service({ config, plan, host, name, landmark, former }) {
    if (!keeps(former, plan)) refuseUseless(plan, config);
    const heading = `${landmark}: While initializing '${name} :: ControlSocket':`;
    const declaration = `${name} :: ControlSocket`;
    const options: ControlOptions = {
      readOnly: config.READONLY,
      ...(config.PROXY ? { proxy: config.PROXY.name } : {}),
      ...(config.VERBOSE ? { verbose: (text: string) => host.chatter(`${declaration}: ${text}`) } : {}),
    };
    const kept: Kept = { place: plan, server: undefined };
    let closed = false;
    const open = async (): Promise<void> => {
      if (plan.type === "SOCKET") {
        kept.server ??= serveControlOn(host.router, plan.fd, options);
        return;
      }
      const local = config.LOCALHOST ? loopback : everywhere;
      const where = plan.type === "UNIX" ? { path: plan.path } : { host: local, ...parseControlAddress(plan.port)! };
      const server = await serveControl(host.router, where, options);
      if (closed) server.close();
      else kept.server = server;
    };
    return {
      kept,
      takeOver(other) {
        const { server } = other as Kept;
        if (!keeps(other, plan)) return;
        server?.configure(options);
        kept.server = server;
        (other as Kept).server = undefined;
      },
      open: () => (kept.server ? undefined : opensAgain(open, config, { host, heading })),
      close() {
        closed = true;
        kept.server?.close();
      },
      handlers:
        plan.type === "TCP"
          ? { port: { read: () => kept.server?.port || plan.port } }
          : plan.type === "UNIX"
            ? { filename: { read: () => plan.path } }
            : {},
    };
  },
});

/** Whether a socket that is open is the one that is asked for. */
function keeps(former: unknown, plan: SocketPlace): boolean {
  const { place, server } = (former ?? {}) as Partial<Kept>;
  return place !== undefined && server !== undefined && isSame(place, plan);
}

/** Whether a place is the one that is asked for; any port is, where the next ones may be tried. */
function isSame(a: SocketPlace, b: SocketPlace): boolean {
  if (a.type === "UNIX" && b.type === "UNIX") return a.path === b.path;
  if (a.type === "TCP" && b.type === "TCP") return a.port === b.port || b.port.endsWith("+");
  return a.type === "SOCKET" && b.type === "SOCKET" && a.fd === b.fd;
}
