// Runs the built `click` once, so that the code that V8 makes of it is kept beside it: see apps/clickos/bin/click.cjs.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const click = fileURLToPath(new URL("../apps/clickos/bin/click.cjs", import.meta.url));
/** What most runs use: packets through elements, handlers, a script. */
const configuration = `InfiniteSource(LIMIT 5, STOP true) -> c :: Counter -> Queue -> Unqueue -> Strip(14) -> Print(x) -> Discard;
  Script(print $(c.count))`;
execFileSync(process.execPath, [click, "-e", configuration, "-h", "c.count"], { stdio: "ignore" });
