/** The daemon: a machine, its API and its Xen store on sockets. */

import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { ElementSet } from "@clickos/click-core";
import { apiVersion, type DaemonInfo } from "@clickos/client";
import { listenUnix } from "@clickos/unix-socket/node";
import { serve as serveStore } from "@clickos/xenstore/node";
import { threadCompiler } from "./compiler.ts";
import { Machine } from "./machine.ts";
import { machineMethods } from "./methods.ts";
import { type DaemonPaths, ownFolder } from "./paths.ts";
import { serveApi, serveMetrics, serveMigrations } from "./server.ts";

export interface DaemonOptions {
  readonly elements: ElementSet;
  /** The program of a thread that compiles configurations with these; without it the daemon's own thread does. */
  readonly compilerFile?: URL | undefined;
  readonly version: string;
  readonly paths: DaemonPaths;
  /** Threads for domains; 1 by default. */
  readonly threads?: number | undefined;
  /** Memory of all domains together, at most. */
  readonly memoryKiB?: number | undefined;
  /** Serves metrics over TCP here. */
  readonly metrics?: { readonly host: string; readonly port: number } | undefined;
  /** Takes domains from other daemons over TCP here. */
  readonly migrations?: { readonly host: string; readonly port: number } | undefined;
}

export interface Daemon {
  readonly info: DaemonInfo;
  /** Where metrics are served over TCP. */
  readonly metricsPort: number | undefined;
  /** Where domains are taken over TCP. */
  readonly migrationsPort: number | undefined;
  /** Clients, domains and switches: one without any has nothing to do. */
  readonly busy: boolean;
  /** Resolves when somebody has asked it to stop. */
  readonly asked: Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a daemon: what the journal in its folder has is made again, then clients are answered.
 *
 * @throws {CommandError} when the journal is damaged, {UnixSocketError} when another daemon has the folder or the socket.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { paths, threads = 1 } = options;
  const startedAt = Date.now() / 1000;
  ownFolder(dirname(paths.socket));
  ownFolder(paths.state);
  // A socket is a lock that goes with its process, however that ends.
  const lock = createServer((socket) => socket.destroy());
  await listenUnix(lock, join(paths.state, "lock"));
  const undo: (() => unknown)[] = [() => lock.close()];
  try {
    const began = performance.now();
    const { elements, compilerFile, memoryKiB } = options;
    const compiler = compilerFile && threadCompiler(elements, compilerFile);
    if (compiler) undo.push(() => compiler.close());
    const machine = new Machine({ elements, link: compiler?.link, state: paths.state, threads, memoryKiB });
    undo.push(() => machine.close());
    const problems = await machine.start();
    const recovery = { milliseconds: performance.now() - began, problems };
    const store = await serveStore(machine.toolstack.store, { path: paths.store });
    undo.push(() => store.close());
    const { metrics } = options;
    const exporter = metrics && (await serveMetrics(machine, metrics.host, metrics.port));
    if (exporter) undo.push(() => exporter.close());
    const { migrations } = options;
    const arrivals = migrations && (await serveMigrations(machine, migrations.host, migrations.port));
    if (arrivals) undo.push(() => arrivals.close());
    const info: DaemonInfo = {
      api: apiVersion,
      version: options.version,
      pid: process.pid,
      startedAt,
      socket: paths.socket,
      store: paths.store,
      state: paths.state,
      pcpus: machine.pcpus,
      recovery,
    };
    let stop!: () => void;
    const asked = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const api = await serveApi({
      path: paths.socket,
      machine,
      methods: machineMethods(machine, { info: () => info, stop }),
    });
    undo.push(() => api.close());
    return {
      info,
      metricsPort: exporter?.port,
      migrationsPort: arrivals?.port,
      get busy() {
        return api.clients > 0 || machine.domains.count > 0 || machine.switches.names.length > 0;
      },
      asked,
      async close() {
        for (const each of undo.splice(0).reverse()) await each();
      },
    };
  } catch (e) {
    for (const each of undo.splice(0).reverse()) await each();
    throw e;
  }
}
