/** `clickos top`: a table of domains with what they use and pass, drawn anew each second. */
import type { DomainInfo, SwitchInfo } from "@clickos/client";
import type { Command } from "commander";
import { number } from "../plain-options.ts";
import { scaled } from "../scaled.ts";
import { interruptible } from "../shutdown.ts";
import { table } from "../table.ts";
import { withDaemon } from "./with-daemon.ts";

/** All that is looked at, and when. */
export interface Sample {
  readonly ms: number;
  readonly domains: readonly DomainInfo[];
  readonly switches: readonly SwitchInfo[];
}

/** The busiest domains first; rates are since the sample before. */
export function topTable(now: Sample, before: Sample, rows = 40): string {
  const seconds = Math.max(0.001, (now.ms - before.ms) / 1000);
  const portOf = (sample: Sample, bridge: string, port: string) =>
    sample.switches.find(({ name }) => name === bridge)?.ports.find(({ name }) => name === port);
  const lines = now.domains.map((domain) => {
    const then = before.domains.find(({ id, name }) => id === domain.id && name === domain.name);
    const busy = then ? ((domain.runTimeNs - then.runTimeNs) / 1e9 / seconds) * 100 : 0;
    let [received, sent, dropped] = [0, 0, 0];
    for (const { bridge, port } of domain.vifs) {
      const info = portOf(now, bridge, port);
      const old = portOf(before, bridge, port) ?? info;
      if (!info || !old) continue;
      received += info.outPackets - old.outPackets;
      sent += info.inPackets - old.inPackets;
      dropped += Object.values(info.drops).reduce((sum, n) => sum + n, 0);
    }
    const rate = (count: number): string => `${scaled(count / seconds)}p/s`;
    return {
      busy,
      row: [
        domain.name,
        domain.id,
        domain.state,
        domain.pcpu,
        busy.toFixed(1),
        Math.round(domain.memoryKiB),
        rate(received),
        rate(sent),
        dropped,
      ],
    };
  });
  lines.sort((a, b) => b.busy - a.busy);
  const states = new Map<string, number>();
  for (const { state } of now.domains) states.set(state, (states.get(state) ?? 0) + 1);
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : what.endsWith("h") ? "es" : "s"}`;
  const head = `${count(now.domains.length, "domain")}${[...states].map(([state, n]) => `, ${n} ${state}`).join("")}; ${count(now.switches.length, "switch")}`;
  const shown = lines.slice(0, rows).map(({ row }) => row);
  const more = lines.length > rows ? [`  and ${lines.length - rows} more`] : [];
  return [
    head,
    table([["name", "id", "state", "pCPU", "CPU %", "KiB", "received", "sent", "dropped"], ...shown], ""),
    ...more,
  ].join("\n");
}

export function addTop(program: Command): void {
  program
    .command("top")
    .description("show what domains use and pass, drawn anew each second until interrupted")
    .option("-n, --count <N>", "end after so many tables", number)
    .option("-d, --delay <SECONDS>", "from one table to the next; 1 by default", number)
    .action((options: { count?: number; delay?: number }) =>
      withDaemon((client) =>
        interruptible(async (signal) => {
          const { count = Number.POSITIVE_INFINITY, delay = 1 } = options;
          const sample = async (): Promise<Sample> => ({
            ms: performance.now(),
            domains: await client.call("domain.list", {}),
            switches: await client.call("switch.list", {}),
          });
          const wait = (): Promise<void> =>
            new Promise((resolve) => {
              const timer = setTimeout(done, delay * 1000);
              function done(): void {
                clearTimeout(timer);
                signal.removeEventListener("abort", done);
                resolve();
              }
              signal.addEventListener("abort", done);
            });
          const { isTTY, rows } = process.stdout;
          let before = await sample();
          let lines = 0;
          for (let drawn = 0; drawn < count && !signal.aborted; drawn++) {
            if (drawn > 0 || count === 1) await wait();
            if (signal.aborted) break;
            const now = await sample();
            const text = topTable(now, before, isTTY ? Math.max(1, rows - 4) : undefined);
            process.stdout.write(`${isTTY && lines > 0 ? `\u001b[${lines}A` : ""}${isTTY ? "\u001b[J" : ""}${text}\n`);
            lines = text.split("\n").length;
            before = now;
          }
          return null;
        }),
      ),
    );
}
