// Runs the built commands once, so that the code that V8 makes of them is kept beside them: see apps/clickos/bin/start.cjs.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What most runs use: packets through elements, handlers, a script. */
const configuration = `InfiniteSource(LIMIT 5, STOP true) -> c :: Counter -> Queue -> Unqueue -> Strip(14) -> Print(x) -> Discard;
  Script(print $(c.count))`;

for (const [command, ...args] of [
  ["click.cjs", "-e", configuration, "-h", "c.count"],
  // A story of building, booting and sending packets through a VM.
  ["clickos.js", "demo"],
])
  execFileSync(process.execPath, [fileURLToPath(new URL(`../apps/clickos/bin/${command}`, import.meta.url)), ...args], {
    stdio: "ignore",
  });
