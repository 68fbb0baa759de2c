/**
 * `npm run test:xen -- [NAME…] [--verbose]`: boots Xen in QEMU, and checks guests of ours under it; all checks, or those whose names
 * have one of the words in them. It ends with 1 when one fails, and with 0, saying why, where there is no Xen to be had.
 */
import { parseArgs } from "node:util";
import { linuxGuest } from "./linux-guest.mjs";
import { findParts } from "./parts.mjs";
import { bootRig } from "./rig.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: "boolean", default: false } },
});
const parts = findParts();
if (parts.missing.length > 0) {
  console.log(`test:xen is skipped: there is no ${parts.missing.join(", no ")}`);
  process.exit(0);
}
const { checks, files, dom0Of } = await import("./checks.mjs");
const started = performance.now();
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const linux = linuxGuest(parts);
const machine = await bootRig(parts, {
  files: { ...files, ...linux },
  ...(values.verbose ? { log: (line) => console.log(`| ${line}`) } : {}),
});
console.log(`Xen runs, after ${seconds(started)}`);
const dom0 = { ...dom0Of(machine), ctl: parts.ctl, linux: linux !== undefined };
let failed = 0;
for (const [name, check] of checks) {
  if (positionals.length > 0 && !positionals.some((word) => name.includes(word))) continue;
  const start = performance.now();
  try {
    const said = await check(dom0);
    console.log(
      `${said?.startsWith("skipped") ? "skip" : "ok  "}  ${name}${said ? `: ${said}` : ""} (${seconds(start)})`,
    );
  } catch (e) {
    failed++;
    console.log(`FAIL  ${name} (${seconds(start)})\n${e.message.replace(/^/gm, "      ")}`);
  }
}
await machine.stop();
console.log(`${failed === 0 ? "all well" : `${failed} failed`}, in ${seconds(started)}`);
process.exit(failed > 0 ? 1 : 0);
