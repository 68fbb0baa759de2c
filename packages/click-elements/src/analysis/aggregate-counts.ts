/** The counts of an AggregateCounter on the host: as files, and counted again. */
import { formatIpAddress, type HostHashTable, type HostHeap } from "@clickos/click-core/element";
import type { U32Field } from "@clickos/layout";
import { formatNumber } from "../control/values.ts";
import { treeNodes } from "./aggregate-tree.ts";

export interface Counts {
  readonly counts: HostHashTable<{ count: U32Field; order: U32Field }>;
  aggregates: number;
  known: number;
  total: bigint;
}

/** Counts as numbers, as parts of the whole, by IP addresses, or as pairs of 32-bit words, little endian. */
export type CountFormat = "text" | "pdf" | "ip" | "binary";

type Line = readonly [aggregate: number, count: number];

/** What has a count, by its number. */
function linesOf({ counts }: Counts): Line[] {
  const lines: Line[] = [];
  for (const entry of counts.entries())
    if (entry.value.count !== 0) lines.push([entry.key()[0] as number, entry.value.count]);
  return lines.sort(([a], [b]) => a - b);
}

/** What is written to a file. */
export function countsFile(s: Counts, format: CountFormat, banner: string): Uint8Array | string {
  const lines = linesOf(s);
  const newline = banner === "" || banner.endsWith("\n") ? "" : "\n";
  const kind = format === "ip" ? "!ip\n" : format === "binary" ? "!packed_le\n" : "";
  const head = `!IPAggregate 1.0\n${banner}${newline}!num_nonzero ${s.aggregates}\n${kind}`;
  if (format === "binary") return packed(head, lines);
  const total = Number(s.total);
  return (
    head +
    lines
      .map(([aggregate, count]) => {
        const shown = format === "ip" ? formatIpAddress(aggregate) : aggregate;
        return `${shown} ${format === "pdf" ? formatNumber(count / total) : count}\n`;
      })
      .join("")
  );
}

function packed(head: string, lines: readonly Line[]): Uint8Array {
  const bytes = new Uint8Array(head.length + lines.length * 8);
  for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
  const words = new DataView(bytes.buffer);
  lines.forEach(([aggregate, count], i) => {
    words.setUint32(head.length + i * 8, aggregate, true);
    words.setUint32(head.length + i * 8 + 4, count, true);
  });
  return bytes;
}

/**
 * Makes the counts the aggregates: the count of each is how many aggregates had it. The numbers that Click's tree has without a
 * count are among them, as aggregates with a count of 0.
 */
export function reaggregate(s: Counts, heap: HostHeap): void {
  const entries = [...s.counts.entries()];
  const inOrder = entries.map((e) => [e.value.order, e.key()[0] as number] as const).sort(([a], [b]) => a - b);
  const zeros = treeNodes(inOrder.map(([, aggregate]) => aggregate)) - linesOf(s).length;
  const before = linesOf(s);
  for (const entry of entries) s.counts.remove(heap, entry);
  s.aggregates = 0;
  s.known = 0;
  s.total = 0n;
  const count = (aggregate: number, times: number): void => {
    if (times === 0) return;
    const entry = s.counts.findOrAdd(heap, [aggregate]);
    if (!entry) return;
    if (entry.value.count === 0) {
      s.aggregates++;
      entry.value.order = s.known++;
    }
    entry.value.count += times;
    s.total += BigInt(times);
  };
  count(0, zeros);
  for (const [, times] of before) count(times, 1);
}
