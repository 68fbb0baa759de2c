/** What each method does. */
import { readFileSync } from "node:fs";
import {
  apiVersion,
  type DaemonInfo,
  type HandlerInfo,
  type MethodName,
  type Params,
  type Result,
} from "@clickos/client";
import { DaemonError } from "./daemon-error.ts";
import type { Machine } from "./machine.ts";
import { metrics } from "./metrics.ts";

/** Of one that could not be made there is only why. */
const failedConsole = (why: string): { text: string; bytes: number } => ({
  text: `${why}\n`,
  bytes: Buffer.byteLength(why) + 1,
});

/** All but those that are a session's own. */
export type MachineMethods = {
  readonly [M in Exclude<MethodName, "stream.close">]: (params: Params<M>) => Result<M> | Promise<Result<M>>;
};

export function machineMethods(machine: Machine, daemon: { info(): DaemonInfo; stop(): void }): MachineMethods {
  const { domains, switches, reactive } = machine;
  const done = <T>(what: Promise<T>): Promise<null> => what.then(() => null);
  return {
    "daemon.hello": ({ api }) => {
      if (api !== apiVersion)
        throw new DaemonError("VERSION", `the daemon speaks version ${apiVersion} of its interface, the client ${api}`);
      return daemon.info();
    },
    "daemon.stop": () => {
      daemon.stop();
      return null;
    },
    "daemon.metrics": () => metrics(machine),

    "domain.create": (definition) => domains.create(definition),
    "domain.list": () => domains.list(),
    "domain.get": ({ name }) => domains.info(name),
    "domain.destroy": ({ name }) => done(domains.destroy(name)),
    "domain.pause": ({ name }) => done(domains.pause(name)),
    "domain.unpause": ({ name }) => done(domains.unpause(name)),
    "domain.rename": ({ name, to }) => done(domains.rename(name, to)),
    "domain.tag": ({ name, tag }) => done(domains.tag(name, tag)),
    "domain.shutdown": ({ name }) => {
      domains.shutdown(name);
      return null;
    },
    "domain.pin": ({ name, pcpu }) => done(domains.pin(name, pcpu)),
    "domain.share": ({ name, weight, cap }) => domains.share(name, { weight, cap }),
    "domain.console": ({ name }) => {
      const why = domains.failure(name);
      if (why !== undefined) return failedConsole(why);
      const { console, consoleBytes } = domains.get(name).domain;
      return { text: console, bytes: consoleBytes };
    },
    "domain.type": ({ name, text }) => ({ taken: domains.get(name).domain.type(text) }),
    "domain.save": ({ name, path, keep = false }) => domains.save(name, path, keep),
    "domain.restore": ({ path, ...options }) =>
      domains.restore({ bytes: new Uint8Array(readFileSync(path)), ...options }),
    "domain.clone": ({ name, to, vifs }) => domains.clone(name, to, vifs),
    "domain.checkpoint": ({ name }) => domains.checkpoint(name),
    "domain.migrate": (request) => domains.leavings.send(request),

    "router.install": ({ configuration, ...place }) => domains.routers.install(place, configuration),
    "router.remove": (place) => done(domains.routers.remove(place)),
    "router.start": (place) => done(domains.routers.start(place)),
    "router.stop": (place) => done(domains.routers.stop(place)),
    "router.list": ({ domain }) => domains.routers.list(domain),
    "router.configuration": ({ domain, router = 0 }) => ({
      file: `${domain}/${router}`,
      text: domains.get(domain).configuration(router),
    }),

    "handler.list": ({ pattern, ...place }) => {
      const tree = domains.handlers(place);
      return tree.list(pattern).map((path): HandlerInfo => {
        const { access, kind, unit } = tree.describe(path);
        return { path, access, kind, ...(unit === undefined ? {} : { unit }) };
      });
    },
    "handler.read": ({ path, argument, ...place }) => domains.handlers(place).read(path, argument),
    "handler.write": ({ path, value, ...place }) => {
      domains.handlers(place).write(path, value);
      return null;
    },

    "reactive.create": (definition) => done(reactive.create(definition)),
    "reactive.list": () => reactive.list(),
    "reactive.destroy": ({ name }) => done(reactive.destroy(name)),

    "switch.create": (definition) => done(machine.createSwitch(definition)),
    "switch.list": () => switches.list(domains.peers()),
    "switch.destroy": ({ name }) => done(machine.destroySwitch(name)),
    "switch.attach": async (definition) => ({ port: await machine.attach(definition) }),
    "switch.detach": ({ switch: name, port }) => done(machine.detach(name, port)),
  };
}
