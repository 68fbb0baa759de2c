/** `clickos daemon`, and commands about it. */
import type { Command } from "commander";
import { daemonPaths } from "../daemon/paths.ts";
import { findDaemon } from "../daemon/reach.ts";
import { type ElementsOption, takesElements } from "../elements-option.ts";
import { CommandError, UsageError } from "../failure.ts";
import { number } from "../plain-options.ts";
import { print, printJson } from "../print.ts";
import { printable } from "../printable.ts";
import { interruptible } from "../shutdown.ts";
import { withDaemon } from "./with-daemon.ts";

/** How often a daemon that was started on demand looks whether it has anything to do, and how long it waits for something. */
const idleLookMs = 30_000;
const idleLooks = 20;

interface DaemonCommandOptions extends ElementsOption {
  readonly foreground?: boolean;
  readonly onDemand?: boolean;
  readonly threads?: number;
  readonly memory?: number;
  readonly metrics?: string;
  readonly migrate?: string;
}

export function addDaemon(program: Command, version: string): void {
  const command = takesElements(program.command("daemon"))
    .description(
      "own the domains, switches and attachments of this user until stopped; other commands start one when they need it",
    )
    .option("--foreground", "for service managers: what a daemon does in any case, as it never leaves its terminal")
    .option("--threads <N>", "threads to run domains on, beside the daemon's own; 1 by default", number)
    .option("--memory <KiB>", "memory of all domains together, at most", number)
    .option("--metrics <HOST:PORT>", "serve metrics over TCP too, at http://HOST:PORT/metrics")
    .option(
      "--migrate <HOST:PORT>",
      "take domains that other daemons migrate over TCP, too: from whoever reaches the port",
    )
    .option("--on-demand", "end after ten minutes with nothing defined and no clients")
    .action(async (options: DaemonCommandOptions) => {
      const { elementsOf } = await import("../elements-of.ts");
      const { elements } = await elementsOf(options);
      const { startDaemon } = await import("../daemon/daemon.ts");
      await interruptible(async (signal) => {
        const daemon = await startDaemon({
          elements,
          compilerFile: new URL("./compile-worker.js", import.meta.url),
          version,
          paths: daemonPaths(),
          threads: options.threads,
          memoryKiB: options.memory,
          metrics: options.metrics === undefined ? undefined : endpoint(options.metrics),
          migrations: options.migrate === undefined ? undefined : endpoint(options.migrate),
        });
        const { socket, store, recovery } = daemon.info;
        print(`listening on ${socket}; XENSTORED_PATH=${store}`);
        if (daemon.migrationsPort !== undefined) print(`takes domains on port ${daemon.migrationsPort}`);
        if (daemon.metricsPort !== undefined) print(`metrics on port ${daemon.metricsPort}`);
        for (const problem of recovery.problems) process.stderr.write(`clickos: ${printable(problem)}\n`);
        let idle = 0;
        let rest: ReturnType<typeof setInterval> | undefined;
        const idled = new Promise<void>((resolve) => {
          if (!options.onDemand) return;
          rest = setInterval(() => {
            idle = daemon.busy ? 0 : idle + 1;
            if (idle >= idleLooks) resolve();
          }, idleLookMs);
        });
        const interrupted = new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          else signal.addEventListener("abort", () => resolve());
        });
        await Promise.race([interrupted, daemon.asked, idled]);
        clearInterval(rest);
        // Who asked has its answer first.
        await new Promise((resolve) => setImmediate(resolve));
        await daemon.close();
      });
    });
  command
    .command("stop")
    .description("end the daemon; what is defined comes back with the next one")
    .action(async () => {
      const client = await findDaemon();
      if (!client) throw new CommandError("no daemon runs");
      await client.call("daemon.stop", {});
      const { pid } = client.daemon;
      client.close();
      await gone(pid);
    });
  command
    .command("info")
    .description("show the daemon that runs")
    .option("--json", "print it as JSON")
    .action(async (options: { json?: boolean }) => {
      const client = await findDaemon();
      if (!client) throw new CommandError("no daemon runs");
      const { daemon } = client;
      client.close();
      if (options.json) printJson(daemon);
      else
        print(
          [
            `pid ${daemon.pid}, version ${daemon.version}, since ${new Date(daemon.startedAt * 1000).toISOString()}`,
            `socket ${daemon.socket}`,
            `XENSTORED_PATH=${daemon.store}`,
            `state in ${daemon.state}`,
            `${daemon.pcpus} pCPUs; had everything back in ${daemon.recovery.milliseconds.toFixed(0)} ms`,
            ...daemon.recovery.problems.map(printable),
          ].join("\n"),
        );
    });

  program
    .command("events")
    .description("print what happens, until interrupted: domains, routers, ports, links")
    .option("--json", "a line of JSON an event")
    .action((options: { json?: boolean }) =>
      withDaemon((client) =>
        interruptible(async (signal) => {
          for await (const event of client.stream("daemon.events", {}, { signal })) {
            const { at, event: what, subject, detail } = event;
            if (options.json) print(JSON.stringify(event));
            else
              print(
                printable(`${new Date(at * 1000).toISOString()}  ${what}  ${subject}${detail ? `  ${detail}` : ""}`),
              );
          }
        }),
      ),
    );
  program
    .command("metrics")
    .description("print counters of everything as OpenMetrics text")
    .action(() => withDaemon(async (client) => void process.stdout.write(await client.call("daemon.metrics", {}))));
}

function endpoint(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text);
  if (!match || Number(match[3]) > 65535) throw new UsageError(`'${text}' is no HOST:PORT`);
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port: Number(match[3]) };
}

/** Resolves when a process is gone. */
async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 500; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
