/**
 * The Click control plane in the store, as ClickOS has it: what is written under `/local/domain/<id>/data/clickos/<router>/` starts,
 * stops and steers the routers of a domain. `data/clickos` is there as soon as the domain takes routers.
 *
 *   config_name             what messages call the configuration; `clickos/<router>` without it
 *   config/<i>              parts of the configuration, put together in the order of their numbers
 *   status                  `Running` starts the router (or starts it anew when its configuration is another one),
 *                           `Halted` ends it; says what is the case, `Error` when it did not start or has crashed
 *   error                   why the last thing asked for did not happen
 *   elements/<e>/<h>        what is written here goes to a handler; an element `a/b` has its slash. Nothing, the empty value, goes to
 *                           handlers that cannot be read only: programs write it where they have taken a value
 *   control/read/<e>/<h>    written to, with anything: the handler is read, its value put here and in elements/<e>/<h>, and
 *                           elements/<e>/<h>/lock is written after it
 *
 * A value too long for a node goes on in its children `1`, `2`, and so on. `/local/domain/<id>/control/shutdown` ends
 * the domain: `poweroff`, `halt`, `reboot` or `suspend`; it is emptied to say that it was understood.
 *
 * Sources: minios/click.cc of ClickOS (the guest's side), clickos-ctl and cosmos (the tools').
 */
import type { HandlerTree } from "@clickos/click-core";
import type { ShutdownReason } from "@clickos/hypervisor";
import { type StoreConnection, StoreError } from "@clickos/xenstore";
import { ToolstackError } from "./error.ts";
import type { Takeover } from "./interface.ts";
import { fromBytes, toBytes } from "./store-text.ts";

/** Routers of one domain. */
export const maximumRouters = 64;
/** Bytes of a value in one node. */
const chunk = 2048;

/** Where the routers of a domain are. */
export function clickosPath(domain: number): string {
  return `/local/domain/${domain}/data/clickos`;
}

/** A router that was started, and how it took the place of another. */
export interface Started {
  readonly handlers: HandlerTree;
  readonly takeover: Takeover | undefined;
}

/** Who runs routers in the domain. */
export interface RouterHost {
  /**
   * Starts a router, in place of one that runs; what is wrong with the configuration is thrown, and that one goes on. Messages call
   * the configuration `name`.
   */
  start(router: number, configuration: string, name: string): Promise<Started>;
  runs(router: number): boolean;
  halt(router: number): Promise<void>;
  /** Prints to the domain's console. */
  print(text: string): void;
  shutdown(reason: ShutdownReason): void;
  /** Hears of a router that was started, or has ended. */
  changed(router: number, runs: boolean): void;
}

export interface ClickControl {
  /** A path of the domain's part of the store has changed. */
  changed(path: string): void;
  /** Shows a router that was started otherwise. */
  adopt(router: number, name: string, configuration: string, handlers: HandlerTree): void;
  /** Says in the store that a router has ended by itself, or has crashed. */
  ended(router: number, why: string, crashed: boolean): void;
  /**
   * Runs a configuration as a router, as if it had been written to the store, after all that was asked for before. What is wrong
   * with it is thrown, and one that was to be replaced goes on. `name` is what messages call it. `undefined` when there was none.
   */
  install(router: number, configuration: string, name?: string): Promise<Takeover | undefined>;
  /** Has another of the same configuration run in a router's place, after all that was asked for before. @throws {ToolstackError} NOT_RUNNING */
  exchange<T extends { readonly handlers: HandlerTree }>(router: number, task: () => Promise<T>): Promise<T>;
  /** Ends a router; its configuration stays in the store. */
  halt(router: number): Promise<void>;
  /** The configurations of routers that run. */
  readonly running: ReadonlyMap<number, { readonly configuration: string }>;
  /** Resolves when everything asked for so far is done. */
  settled(): Promise<void>;
  close(): void;
}

interface Running {
  readonly configuration: string;
  readonly handlers: HandlerTree;
}

const shutdownRequests: Readonly<Record<string, ShutdownReason>> = {
  poweroff: "poweroff",
  halt: "poweroff",
  reboot: "reboot",
  suspend: "suspend",
};

/** Serves a domain's part of the store, over a connection that others have too: `changed` is told what they hear of it. */
export function serveClickControl(options: { store: StoreConnection; domain: number; host: RouterHost }): ClickControl {
  const { host, store } = options;
  const home = `/local/domain/${options.domain}`;
  const clickos = clickosPath(options.domain);
  const shutdownPath = `${home}/control/shutdown`;
  const routers = new Map<number, Running>();
  /** What was written from here, so that it is not taken for a request. */
  const written = new Map<string, string>();
  let last: Promise<void> = Promise.resolve();
  let open = true;

  const put = (path: string, value: string): void => {
    if (!open) return;
    written.set(path, value);
    try {
      store.write(path, value);
    } finally {
      written.delete(path);
    }
  };
  const putLong = (path: string, value: string): void => {
    const before = store.exists(path) ? store.directory(path) : [];
    put(path, value.slice(0, chunk));
    let n = 1;
    for (; n * chunk < value.length; n++) put(`${path}/${n}`, value.slice(n * chunk, (n + 1) * chunk));
    for (const child of before) if (Number(child) >= n) store.rm(`${path}/${child}`);
  };
  const get = (path: string): string | undefined => {
    try {
      return store.read(path);
    } catch (e) {
      if (e instanceof StoreError) return undefined;
      throw e;
    }
  };
  const fail = (router: number, problem: unknown): void => {
    if (!open) return;
    const text = problem instanceof Error ? problem.message : String(problem);
    // A router that was removed is not made again.
    if (store.exists(`${clickos}/${router}`)) putLong(`${clickos}/${router}/error`, toBytes(text));
    host.print(`clickos/${router}: ${text}\n`);
  };
  const succeed = (router: number): void => {
    const path = `${clickos}/${router}/error`;
    if (open && store.exists(path)) store.rm(path);
  };

  const configurationOf = (router: number): string => {
    const at = `${clickos}/${router}/config`;
    const parts = store.exists(at) ? store.directory(at).filter((n) => /^\d+$/.test(n)) : [];
    if (parts.length === 0) throw new Error(`there is no configuration in ${at}/0`);
    return fromBytes(
      parts
        .sort((a, b) => Number(a) - Number(b))
        .map((n) => store.read(`${at}/${n}`))
        .join(""),
    );
  };
  /** Puts a configuration into the store, in place of what is there. */
  const putConfiguration = (router: number, name: string, configuration: string): void => {
    const at = `${clickos}/${router}`;
    if (open && store.exists(`${at}/config`)) store.rm(`${at}/config`);
    const bytes = toBytes(configuration);
    put(`${at}/config_name`, toBytes(name));
    for (let n = 0; n === 0 || n * chunk < bytes.length; n++)
      put(`${at}/config/${n}`, bytes.slice(n * chunk, (n + 1) * chunk));
  };
  /** Runs what `configured` gives, and says in the store how that went. @throws why it did not. */
  const run = async (router: number, configured: () => string): Promise<Takeover | undefined> => {
    try {
      if (router >= maximumRouters)
        throw new Error(`a domain has at most ${maximumRouters} routers, 0 to ${maximumRouters - 1}`);
      const configuration = configured();
      let takeover: Takeover | undefined;
      if (routers.get(router)?.configuration !== configuration) {
        const name = fromBytes(get(`${clickos}/${router}/config_name`) || `clickos/${router}`);
        const started = await host.start(router, configuration, name);
        takeover = started.takeover;
        routers.set(router, { configuration, handlers: started.handlers });
        host.changed(router, true);
      }
      succeed(router);
      put(`${clickos}/${router}/status`, "Running");
      return takeover;
    } catch (e) {
      fail(router, e);
      // One that was to be replaced goes on.
      if (!host.runs(router) && routers.delete(router)) host.changed(router, false);
      put(`${clickos}/${router}/status`, routers.has(router) ? "Running" : "Error");
      throw e;
    }
  };
  const start = (router: number): Promise<unknown> => run(router, () => configurationOf(router)).catch(() => {});
  /** Has something done after all that was asked for before. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const done = last.then(task);
    last = done.then(
      () => {},
      () => {},
    );
    return done;
  };
  const halt = async (router: number): Promise<void> => {
    if (!routers.delete(router)) return;
    await host.halt(router);
    host.changed(router, false);
    if (open && store.exists(`${clickos}/${router}`)) put(`${clickos}/${router}/status`, "Halted");
  };
  const handlersOf = (router: number): HandlerTree => {
    const running = routers.get(router);
    if (!running) throw new Error(`router ${router} does not run`);
    return running.handlers;
  };
  const handler = (router: number, kind: "elements" | "control", parts: readonly string[], value: string): void => {
    const [name, element] = [parts.at(-1), parts.slice(0, -1).join("/")];
    if (!name || !element || name === "lock") return;
    try {
      const handlers = handlersOf(router);
      const path = `${element}.${name}`;
      if (kind === "elements") {
        if (value !== "" || !handlers.describe(path).access.includes("r")) handlers.write(path, fromBytes(value));
      } else {
        const text = toBytes(handlers.read(path));
        const node = `${clickos}/${router}/elements/${element}/${name}`;
        putLong(node, text);
        putLong(`${clickos}/${router}/control/read/${element}/${name}`, text);
        put(`${node}/lock`, "0");
      }
      succeed(router);
    } catch (e) {
      fail(router, e);
    }
  };

  const changed = (path: string): void => {
    if (!open) return;
    if (path === shutdownPath) shutdown(path);
    if (!path.startsWith(`${clickos}/`)) return;
    const value = get(path);
    if (value !== undefined && written.get(path) === value) return;
    const [number = "", what, ...rest] = path.slice(clickos.length + 1).split("/");
    if (!/^\d{1,9}$/.test(number)) return;
    const router = Number(number);
    const later = (task: () => Promise<unknown> | void): void => {
      last = last.then(async () => {
        // The domain may be gone by now.
        if (!open) return;
        try {
          await task();
        } catch (e) {
          fail(router, e);
        }
      });
    };
    if (value === undefined) {
      // The router's directory, or its status, was removed.
      if (what === undefined || (what === "status" && rest.length === 0)) later(() => halt(router));
    } else if (what === "status" && rest.length === 0) {
      if (value === "Running") later(() => start(router));
      else if (value === "Halted") later(() => halt(router));
      else later(() => fail(router, new Error(`status '${value}': it is Running or Halted`)));
    } else if (what === "elements") later(() => handler(router, "elements", rest, value));
    else if (what === "control" && rest[0] === "read") later(() => handler(router, "control", rest.slice(1), value));
  };
  const shutdown = (path: string): void => {
    const value = get(path);
    if (!open || !value || written.has(path)) return;
    const reason = Object.hasOwn(shutdownRequests, value) ? shutdownRequests[value] : undefined;
    if (!reason) {
      host.print(`control/shutdown: '${value}' is not known: ${Object.keys(shutdownRequests).join(", ")}\n`);
      return;
    }
    put(path, "");
    host.shutdown(reason);
  };

  return {
    changed,
    adopt(router, name, configuration, handlers) {
      routers.set(router, { configuration, handlers });
      putConfiguration(router, name, configuration);
      put(`${clickos}/${router}/status`, "Running");
    },
    ended(router, why, crashed) {
      if (!routers.delete(router)) return;
      fail(router, why);
      put(`${clickos}/${router}/status`, crashed ? "Error" : "Halted");
      host.changed(router, false);
    },
    install: (router, configuration, name = `clickos/${router}`) =>
      inTurn(() =>
        run(router, () => {
          putConfiguration(router, name, configuration);
          return configuration;
        }),
      ),
    exchange: (router, task) =>
      inTurn(async () => {
        const running = routers.get(router);
        if (!running) throw new ToolstackError("NOT_RUNNING", `router ${router} does not run`);
        const done = await task();
        routers.set(router, { ...running, handlers: done.handlers });
        return done;
      }),
    halt: (router) => inTurn(() => halt(router)),
    running: routers,
    async settled() {
      let before: Promise<void>;
      do {
        before = last;
        await before;
      } while (before !== last);
    },
    close() {
      open = false;
    },
  };
}
