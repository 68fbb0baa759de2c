/** What commands print. */
import type { CodeComparison, ImageCode, ImageManifest, XenImage } from "@clickos/click-image";
import pc from "picocolors";
import type { BootReport } from "./boot-report.ts";
import { sha256 } from "./files.ts";
import { printable } from "./printable.ts";
import type { RunReport } from "./run.ts";
import { microseconds, size, table } from "./table.ts";

const heading = (text: string): string => pc.bold(printable(text));

/** What a manifest is worth. */
export const manifestNote = "what the image says of itself; its code need not do what the configuration says";

/** `signature` says who signed it; `code` how large its elements' code is, where that is known. */
export function imageText(
  image: { manifest: ImageManifest; bytes: Uint8Array; contentSha256: string },
  signature: string,
  comparison: CodeComparison,
  code: ImageCode | undefined,
): string {
  const { manifest } = image;
  const { router } = manifest;
  const lines = [
    `${heading(manifest.name)}  ${size(image.bytes.length)}  sha256 ${sha256(image.bytes)}`,
    `content        sha256 ${image.contentSha256}, the same whoever signs it`,
    `signature      ${printable(signature)}`,
    `manifest       ${manifestNote}`,
    `code           ${comparisonText(comparison)}`,
    `configuration  ${printable(manifest.config.file)}, ${router.elements.length} elements`,
    `memory         ${size(router.pages * 65536)}, ${router.pool.count} packet buffers from ${hexAddress(router.pool.base)}`,
    `interfaces     ${manifest.vifs.map((v) => `${v.device} (page ${hexAddress(v.page)})`).join(", ") || "none"}`,
    "",
    heading("elements"),
    table([
      ["name", "class", "state", "bytes", ...(code ? ["code"] : [])],
      ...router.elements.map((e, i) => [
        e.name,
        e.className,
        hexAddress(e.state),
        e.stateSize,
        ...(code ? [code.elements[i]?.bytes ?? 0] : []),
      ]),
    ]),
    ...(code ? ["", sizesText(image, code)] : []),
  ];
  return lines.join("\n");
}

/** Where an image's bytes are. */
function sizesText({ manifest, bytes }: { manifest: ImageManifest; bytes: Uint8Array }, code: ImageCode): string {
  const own = code.elements.reduce((sum, element) => sum + element.bytes, 0);
  const described = new TextEncoder().encode(JSON.stringify(manifest)).length;
  return table([
    ["code of elements", own],
    ["their data", code.data],
    ["manifest", described],
    ["kernel, drivers, shared code", bytes.length - own - code.data - described],
  ]);
}

export function xenImageText({ manifest, bytes }: XenImage, comparison: CodeComparison): string {
  return [
    `${heading(manifest.name)}  ${size(bytes.length)}, for Xen (x86-64, paravirtual)`,
    `manifest       ${manifestNote}`,
    `code           ${comparisonText(comparison)}`,
    `configuration  ${printable(manifest.config.file)}, ${manifest.elements} elements`,
    `memory         ${manifest.memory} MiB`,
    `interfaces     ${manifest.vifs.join(", ") || "none"}`,
    `handlers       ${manifest.handlers.length} can be read below data/clickos/0/control/read`,
  ].join("\n");
}

/** What came of compiling an image's configuration again. */
function comparisonText(comparison: CodeComparison): string {
  switch (comparison.code) {
    case "same":
      return "the same as its configuration compiles to here";
    case "different":
      return "not what its configuration compiles to here: by another version of compiler or elements, or from another configuration";
    case "other library":
      return `made with another version of ${printable(comparison.classes.join(", "))}`;
  }
}

function hexAddress(n: number): string {
  return `0x${n.toString(16).padStart(6, "0")}`;
}

export function timelineText(report: BootReport): string {
  return `${heading("boot")}  ${microseconds(report.boot.totalUs)}\n${table(report.boot.phases.map((p) => [p.name, microseconds(p.us)]))}`;
}

export function hopsText(report: BootReport): string {
  return `${heading("packets and bytes per hop")}\n${table(report.hops.map((h) => [h.name, h.packets, h.bytes]))}`;
}

export function dropsText(report: BootReport): string {
  const rows = Object.entries(report.drops).sort((a, b) => b[1] - a[1]);
  return `${heading("drops")}\n${rows.length === 0 ? "  none" : table(rows.map(([reason, count]) => [count, reason]))}`;
}

export function bootText(report: BootReport): string {
  const parts = [
    `${heading(report.domain.name)}  image ${size(report.image.bytes)}, memory ${size(report.domain.memoryBytes)}, resident ${size(report.domain.residentBytes)}`,
    timelineText(report),
    hopsText(report),
    dropsText(report),
  ];
  const outputs = report.nics.filter((n) => n.output !== undefined);
  if (outputs.length > 0)
    parts.push(
      `${heading("captures")}\n${table(outputs.map((n) => [`nic${n.device}`, n.tx, `frames in ${n.output}`]))}`,
    );
  if (report.console) parts.push(`${heading("console")}\n${printable(report.console.trimEnd())}`);
  const handlers = handlersText(report.handlers);
  if (handlers) parts.push(handlers);
  return parts.join("\n\n");
}

export function runText(report: RunReport): string {
  const parts: string[] = [];
  if (report.devices.length > 0)
    parts.push(
      `${heading("devices")}\n${table(report.devices.map((d) => [`${d.device}`, d.in, "in", d.out, "out", d.attachment ?? (d.output ? `→ ${d.output}` : d.out > 0 ? "(not recorded; --out writes them)" : "")]))}`,
    );
  if (report.drops.length > 0)
    parts.push(
      `${heading("drops")}\n${table(report.drops.map((d) => [d.count, d.element ? `${d.element}: ${d.reason}` : d.reason]))}`,
    );
  if (report.queued.length > 0)
    parts.push(`${heading("still queued")}\n${table(report.queued.map((q) => [q.packets, q.element]))}`);
  const handlers = handlersText(report.handlers);
  if (handlers) parts.push(handlers);
  return parts.join("\n\n");
}

/** What was read at the end, as the `click` command prints it. */
function handlersText(handlers: Readonly<Record<string, string>>): string {
  return Object.entries(handlers)
    .map(([path, value]) => printable(`${path}: ${value}`))
    .join("\n\n");
}

/** Tells of problems that did not stop a run; its status says so. */
export function reportProblems(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`clickos: ${printable(problem)}\n`);
  if (problems.length > 0) process.exitCode = 1;
}
