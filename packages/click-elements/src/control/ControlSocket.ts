/**
 * ControlSocket(TYPE, PORT or FILE [, READONLY, keywords VERBOSE, LOCALHOST, RETRIES, RETRY_WARNINGS]) —
 * lets clients read and write handlers.
 *
 * TYPE is TCP, with a port (`7777+` tries the next ones when it is taken), or UNIX, with the name of a socket. The
 * protocol is Click's, version 1.3. READONLY refuses writes. Only this machine can connect, unless an address is
 * given with the port, `10.0.0.1:7777`, or LOCALHOST is false, which listens on all addresses. A UNIX socket is for
 * its owner; a file or another server's socket of that name is left alone, and the router does not start. Runs in
 * process only, not in a virtual machine.
 *
 * Handlers: port, connections (read).
 *
 *   ControlSocket(TCP, 7777)
 */
import { arg, type ElementClass, element, keyword, positional, required } from "@clickos/click-core/element";
import { type ControlServer, everywhere, loopback, parseControlAddress, serveControl } from "../host/control-server.ts";
import { unixPathProblem } from "../host/unix-path.ts";

export const ControlSocket: ElementClass = element({
  name: "ControlSocket",
  ports: "0/0",
  processing: "a/a",
  config: {
    TYPE: required(arg.choice("TCP", "UNIX")),
    WHERE: required(arg.string),
    READONLY: positional(arg.bool, false),
    PROXY: keyword(arg.string, ""),
    VERBOSE: keyword(arg.bool, false),
    LOCALHOST: keyword(arg.bool, true),
    RETRIES: keyword(arg.i32, 0),
    RETRY_WARNINGS: keyword(arg.bool, true),
  },
  prepare({ config, error }) {
    if (config.PROXY) error("PROXY is not supported: clients reach the router's handlers directly");
    if (config.TYPE === "UNIX") {
      const problem = unixPathProblem(config.WHERE);
      if (problem) error(problem, 1);
      return { path: config.WHERE };
    }
    const address = parseControlAddress(config.WHERE);
    if (!address) error(`'${config.WHERE}' is not a TCP port`, 1);
    return { host: config.LOCALHOST ? loopback : everywhere, ...(address ?? { port: 0 }) };
  },
  service({ config, plan, host, name }) {
    let server: ControlServer | undefined;
    let closed = false;
    let problem: string | undefined;
    const open = async (retries: number): Promise<void> => {
      try {
        const opened = await serveControl(host.handlers, plan, {
          readOnly: config.READONLY,
          ...(config.VERBOSE ? { verbose: (text) => host.chatter(`${name}: ${text}`) } : {}),
        });
        if (closed) opened.close();
        else server = opened;
      } catch (e) {
        if (config.RETRY_WARNINGS || retries === 0) host.chatter(`${name}: ${(e as Error).message}`);
        if (retries === 0) {
          problem = (e as Error).message;
          host.stop();
        } else host.at(host.now() + 1_000_000_000n, () => void open(retries - 1));
      }
    };
    return {
      start: () => void open(Math.max(0, config.RETRIES)),
      close() {
        closed = true;
        server?.close();
      },
      problem: () => problem,
      handlers: { port: { read: () => server?.port ?? 0 }, connections: { read: () => server?.clients ?? 0 } },
    };
  },
});
