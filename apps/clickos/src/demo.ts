/** The demo: a firewall is built, inspected, booted, and filters the capture that ships with it. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ElementSet } from "@clickos/click-core";
import { linkImage } from "@clickos/click-image";
import pc from "picocolors";
import { bootImage } from "./boot.ts";
import { readText, sha256, writeBytes } from "./files.ts";
import { hopsText, timelineText } from "./report.ts";
import { microseconds, size, table } from "./table.ts";

const folder = fileURLToPath(new URL("../demo/", import.meta.url));

export async function demo(options: {
  elements: ElementSet;
  dir?: string;
  print: (text: string) => void;
}): Promise<void> {
  const { print } = options;
  if (options.dir !== undefined) mkdirSync(options.dir, { recursive: true });
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "clickos-demo-"));
  const config = join(folder, "firewall.click");
  const capture = join(folder, "office.pcap");
  const step = (n: number, text: string): void => print(`\n${pc.cyan(`${n}`)} ${pc.bold(text)}`);

  print(
    `${pc.bold("ClickOS demo")}: a firewall written in Click becomes a virtual machine and filters an hour of office traffic.`,
  );
  step(1, "Build: the configuration is compiled to a VM image");
  const started = performance.now();
  const image = await linkImage(
    { file: "firewall.click", text: readText(config) },
    { elements: options.elements, name: "firewall" },
  );
  const path = join(dir, "firewall.cos");
  writeBytes(path, image.bytes);
  print(`  ${path}  ${size(image.bytes.length)}, in ${microseconds((performance.now() - started) * 1000)}`);

  step(2, "Inspect: what is in it");
  print(
    `  ${image.manifest.router.elements.length} elements, ${image.manifest.vifs.length} interfaces, ${size(image.manifest.router.pages * 65536)} of memory, sha256 ${sha256(image.bytes).slice(0, 16)}…`,
  );

  const output = join(dir, "passed.pcap");
  step(3, "Boot: NIC → switch → VM → switch → NIC, with the capture on the wire");
  const report = await bootImage(image.bytes, {
    elements: options.elements,
    trusted: true,
    nics: new Map([
      [0, { input: capture }],
      [1, { output }],
    ]),
  });
  print(timelineText(report));
  print(`\n${hopsText(report)}`);

  step(4, "Filter: what passed, and what was dropped by which rule");
  const rule = /^fw: (?:rule \d+: )?/;
  const counts = Object.entries(report.drops);
  const byRule = counts.filter(([reason]) => rule.test(reason));
  print(table([["packets", "dropped by"], ...byRule.map(([reason, n]) => [n, reason.replace(rule, "")] as const)]));
  const others = counts.filter(([reason]) => !rule.test(reason));
  if (others.length > 0)
    print(
      `\n  dropped before the rules\n${table(
        others.map(([reason, count]) => [count, reason]),
        "  ",
      )}`,
    );
  const [inside, uplink] = report.nics;
  print(
    `\n  ${inside?.rx} frames came in, ${pc.green(`${uplink?.tx} passed`)}; a VM with ${size(report.domain.residentBytes)} resident did it.`,
  );

  step(5, "Where things are, and what to try next");
  print(
    table([
      ["what passed", output],
      ["the image", path],
      ["the configuration", config],
      ["the capture", capture],
    ]),
  );
  print(`
  clickos run ${config} --in 0=${capture} --out 1=out.pcap
  clickos inspect ${path}
  clickos boot ${path} --nic 0=${capture} --nic 1=out.pcap --json
  Change a rule in a copy of firewall.click and build it: a mistake is shown with its line.
  ${pc.dim("(in a clone of the repository: npx clickos …)")}`);
}
