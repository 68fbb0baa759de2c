/** `clickos trace`: packets on their way through a router. */
import type { ElementPort, FieldChange, TraceStep } from "@clickos/client";
import type { Command } from "commander";
import { number } from "../plain-options.ts";
import { print } from "../print.ts";
import { printable } from "../printable.ts";
import { interruptible } from "../shutdown.ts";
import { placeOf, withDaemon } from "./with-daemon.ts";

interface TraceOptions {
  readonly filter?: string;
  readonly count?: number;
  readonly json?: boolean;
}

export function addTrace(program: Command): void {
  program
    .command("trace")
    .description(
      "follow packets through a domain's router, until interrupted: every element that one passes, what changed, where it ended and why",
    )
    .argument("<NAME[/N]>", "a domain's name, and which router (0)")
    .option(
      "--filter <PATTERN>",
      "IPv4 packets that match a pattern of IPFilter's, from where they first do; by default all packets",
    )
    .option("-n, --count <N>", "end after so many packets", number)
    .option("--json", "print a line of JSON for each step")
    .addHelpText(
      "after",
      "\nWhile it goes on the router is replaced, live, by one that records. Nothing is lost by that, and nobody else pays for it.\n\nExamples:\n  clickos trace nat --filter 'udp port 53' -n 5\n  clickos trace fw/1 --filter 'src host 10.0.0.7 and tcp' --json",
    )
    .action((name: string, { filter, count, json }: TraceOptions) =>
      withDaemon((client) =>
        interruptible(async (signal) => {
          let gaps = 0;
          const onLost = (count: number): void => {
            gaps += count;
          };
          const lines = new TraceLines();
          for await (const step of client.stream(
            "router.trace",
            { ...placeOf(name), filter, count },
            { signal, onLost },
          )) {
            if (json) print(JSON.stringify(step));
            else for (const line of lines.of(step)) print(printable(line));
          }
          const missed = gaps > 0 ? `${gaps} steps were missed` : "";
          const end = [json ? "" : lines.summary, missed].filter((text) => text !== "").join("; ");
          if (end !== "") process.stderr.write(`${end}\n`);
          return null;
        }),
      ),
    );
}

/** Steps as lines. */
export class TraceLines {
  /** By packet: when it was first seen. */
  private readonly began = new Map<number, bigint>();
  private readonly ends = new Map<string, number>();

  of(step: TraceStep): string[] {
    this.count(step);
    if (step.step === "started") return [`the router stood still for ${step.pauseMs.toFixed(1)} ms`];
    if (step.step === "lost") return [`${step.steps} steps are missing here: there was no room for them`];
    const { packet, copy } = step;
    const name = copy === 0 ? String(packet) : `${packet}.${copy}`;
    const line = (text: string): string => `${name.padEnd(5)} ${this.time(step).padStart(9)}  ${text}`;
    if (step.step === "sent") return [line(`${step.element}: sent by device ${step.device}`)];
    if (step.step === "held") return [line(`${step.element}: held there still`)];
    if (step.step === "dropped") {
      const why = step.reason === null ? `ended by ${step.className}` : `dropped: ${step.reason}`;
      return [line(`${step.element}: ${why}`)];
    }
    const way = line(`${from(step.from)} -> ${to(step.to)}`);
    if (step.text !== undefined) return [`${way}  ${step.text}`];
    return [step.changes.length === 0 ? way : `${way}  ${step.changes.map(changeText).join(", ")}`];
  }

  /** What became of the packets. */
  get summary(): string {
    const ends = [...this.ends].map(([step, count]) => `${count} ${step}`);
    return [`${this.began.size} packets`, ...ends].join(", ");
  }

  private count(step: TraceStep): void {
    if (!("packet" in step)) return;
    if ("timeNs" in step && !this.began.has(step.packet)) this.began.set(step.packet, BigInt(step.timeNs));
    if (step.step === "passed") return;
    const end = step.step === "dropped" && step.reason === null ? "ended" : step.step;
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
  }
  /** Since the packet was first seen. */
  private time(step: { readonly packet: number; readonly timeNs?: string }): string {
    const began = this.began.get(step.packet);
    if (step.timeNs === undefined || began === undefined) return "";
    const us = Number(BigInt(step.timeNs) - began) / 1000;
    return us === 0 ? "" : us < 1000 ? `+${us.toFixed(0)} µs` : `+${(us / 1000).toFixed(1)} ms`;
  }
}

const from = ({ element, port }: ElementPort): string => (port === 0 ? element : `${element}[${port}]`);
const to = ({ element, port }: ElementPort): string => (port === 0 ? element : `[${port}]${element}`);

function changeText({ field, from, to }: FieldChange): string {
  if (from === null) return `+ ${to}`;
  return to === null ? `- ${from}` : `${field} ${from} → ${to}`;
}
