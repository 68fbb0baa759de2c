/** A table of ports and rates that is drawn anew each second, at a terminal. */
import type { PortStats } from "@clickos/vale";
import type { RunningVm } from "./live-boot.ts";
import { dropsInShort } from "./port-drops.ts";
import { printable } from "./printable.ts";
import { scaled } from "./scaled.ts";
import { table } from "./table.ts";

const everyMs = 1000;

/** A port at one time. */
export interface PortSample {
  readonly name: string;
  readonly attachment: string;
  readonly stats: Pick<PortStats, "inPackets" | "inBytes" | "outPackets" | "outBytes">;
  /** What was dropped here, by reason. */
  readonly drops: readonly (readonly [reason: string, count: number])[];
  readonly problem: string | undefined;
}

export function samplePorts({ vm, lanes }: RunningVm): PortSample[] {
  return lanes.flatMap(({ attachment, bridge, port }, i) =>
    [port, vm.vifs[i]].flatMap((each) => {
      const stats = each && bridge.stats.ports[each.name];
      if (!each || !stats) return [];
      const drops = dropsInShort(each, stats);
      const { problem } = each as { readonly problem?: string };
      return [{ name: each.name, attachment: each === port ? attachment : "", stats, drops, problem }];
    }),
  );
}

/** The lines: what came in and left since the sample before. */
export function portTable(now: readonly PortSample[], before: readonly PortSample[], seconds: number): string {
  const rows = now.map(({ name, attachment, stats, drops, problem }) => {
    const then = before.find((port) => port.name === name)?.stats ?? stats;
    const rate = (key: keyof PortSample["stats"]): number => Math.max(0, stats[key] - then[key]) / seconds;
    const direction = (packets: "inPackets" | "outPackets", bytes: "inBytes" | "outBytes"): string[] => [
      `${scaled(rate(packets))}p/s`,
      `${scaled(rate(bytes) * 8)}b/s`,
      `${stats[packets]}`,
    ];
    return [
      name,
      ...direction("inPackets", "inBytes"),
      ...direction("outPackets", "outBytes"),
      `${drops.reduce((sum, [, count]) => sum + count, 0)}`,
      printable(
        [problem ?? attachment, ...drops.map(([reason, count]) => `${count} ${reason}`)].filter(Boolean).join(", "),
      ),
    ];
  });
  return table([["port", "in", "", "packets", "out", "", "packets", "drops", ""], ...rows]);
}

/** Draws until it is ended, each table over the one before. @returns ends it. */
export function drawPorts(running: RunningVm, write: (text: string) => void): () => void {
  let before = samplePorts(running);
  let at = performance.now();
  let lines = 0;
  const draw = (): void => {
    const now = samplePorts(running);
    const time = performance.now();
    const text = portTable(now, before, Math.max(1, time - at) / 1000);
    // Up to the line where the table before began, and all below it cleared.
    write(`${lines > 0 ? `\u001b[${lines}A` : ""}\u001b[J${text}\n`);
    lines = text.split("\n").length;
    before = now;
    at = time;
  };
  draw();
  const timer = setInterval(draw, everyMs);
  return () => {
    clearInterval(timer);
    draw();
  };
}
