/**
 * The Click control plane in the store: what is written under `/local/domain/<id>/clickos/<router>/` starts, stops and
 * steers the routers of a domain.
 *
 *   config/<i>              parts of the configuration, put together in the order of their numbers
 *   status                  `Running` starts the router (or starts it anew when its configuration is another one),
 *                           `Halted` ends it; says what is the case
 *   error                   why the last thing asked for did not happen
 *   elements/<e>/<h>        what is written here goes to a handler; an element `a/b` has its slash
 *   control/read/<e>/<h>    written to, with anything: the handler is read, and its value put here and in elements/<e>/<h>
 *
 * A value too long for a node goes on in its children `1`, `2`, and so on. `/local/domain/<id>/control/shutdown` ends
 * the domain: `poweroff`, `halt`, `reboot` or `suspend`; it is emptied to say that it was understood.
 */
import type { HandlerTree } from "@clickos/click-core";
import type { ShutdownReason } from "@clickos/hypervisor";
import { StoreError, type XenStore } from "@clickos/xenstore";

/** Routers of one domain. */
export const maximumRouters = 64;
/** Bytes of a value in one node. */
const chunk = 2048;

/** Who runs routers in the domain. */
export interface RouterHost {
  /** Starts a router, in place of one that runs; what is wrong with the configuration is thrown, and that one goes on. */
  start(router: number, configuration: string): Promise<HandlerTree>;
  runs(router: number): boolean;
  halt(router: number): Promise<void>;
  /** Prints to the domain's console. */
  print(text: string): void;
  shutdown(reason: ShutdownReason): void;
}

export interface ClickControl {
  /** Shows a router that was started otherwise. */
  adopt(router: number, configuration: string, handlers: HandlerTree): void;
  /** Says in the store that a router has ended by itself. */
  ended(router: number, why: string): void;
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

/** Serves a domain's part of the store. */
export function serveClickControl(options: { store: XenStore; domain: number; host: RouterHost }): ClickControl {
  const { host } = options;
  const store = options.store.connect(0);
  const home = `/local/domain/${options.domain}`;
  const clickos = `${home}/clickos`;
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
    putLong(`${clickos}/${router}/error`, toBytes(text));
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
  const start = async (router: number): Promise<void> => {
    try {
      if (router >= maximumRouters)
        throw new Error(`a domain has at most ${maximumRouters} routers, 0 to ${maximumRouters - 1}`);
      const configuration = configurationOf(router);
      if (routers.get(router)?.configuration !== configuration) {
        const handlers = await host.start(router, configuration);
        routers.set(router, { configuration, handlers });
      }
      succeed(router);
      put(`${clickos}/${router}/status`, "Running");
    } catch (e) {
      fail(router, e);
      // One that was to be replaced goes on, unless its successor was found wanting only when it booted.
      if (!host.runs(router)) routers.delete(router);
      put(`${clickos}/${router}/status`, routers.has(router) ? "Running" : "Halted");
    }
  };
  const halt = async (router: number): Promise<void> => {
    if (!routers.delete(router)) return;
    await host.halt(router);
    if (open && store.exists(`${clickos}/${router}`)) put(`${clickos}/${router}/status`, "Halted");
  };
  const handlersOf = (router: number): HandlerTree => {
    const running = routers.get(router);
    if (!running) throw new Error(`router ${router} does not run`);
    return running.handlers;
  };
  const handler = (router: number, kind: "elements" | "control", parts: readonly string[], value: string): void => {
    const [name, element] = [parts.at(-1), parts.slice(0, -1).join("/")];
    if (!name || !element) return;
    try {
      const handlers = handlersOf(router);
      if (kind === "elements") handlers.write(`${element}.${name}`, fromBytes(value));
      else {
        const text = toBytes(handlers.read(`${element}.${name}`));
        putLong(`${clickos}/${router}/elements/${element}/${name}`, text);
        putLong(`${clickos}/${router}/control/read/${element}/${name}`, text);
      }
      succeed(router);
    } catch (e) {
      fail(router, e);
    }
  };

  const changed = (path: string): void => {
    if (!open || path === clickos) return;
    const value = get(path);
    if (value !== undefined && written.get(path) === value) return;
    const [number = "", what, ...rest] = path.slice(clickos.length + 1).split("/");
    if (!/^\d{1,9}$/.test(number)) return;
    const router = Number(number);
    const later = (task: () => Promise<void> | void): void => {
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
  store.watch(clickos, "clickos", changed);
  store.watch(`${home}/control/shutdown`, "shutdown", shutdown);

  return {
    adopt(router, configuration, handlers) {
      routers.set(router, { configuration, handlers });
      const bytes = toBytes(configuration);
      const at = `${clickos}/${router}`;
      for (let n = 0; n === 0 || n * chunk < bytes.length; n++)
        put(`${at}/config/${n}`, bytes.slice(n * chunk, (n + 1) * chunk));
      put(`${at}/status`, "Running");
    },
    ended(router, why) {
      if (!routers.delete(router)) return;
      fail(router, why);
      put(`${clickos}/${router}/status`, "Halted");
    },
    async settled() {
      let before: Promise<void>;
      do {
        before = last;
        await before;
      } while (before !== last);
    },
    close() {
      open = false;
      store.close();
    },
  };
}

/** Values in the store have a character a byte. */
function toBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join("");
}

function fromBytes(value: string): string {
  return new TextDecoder().decode(Uint8Array.from(value, (c) => c.charCodeAt(0)));
}
