/** The entry of the `click` command. */
import { click } from "./click.ts";

// A reader that goes away (`click … | head`) ends the command quietly.
process.stdout.on("error", (e: NodeJS.ErrnoException) => process.exit(e.code === "EPIPE" ? 0 : 1));

process.exitCode = await click(process.argv.slice(2));
// What is left open by then, such as a socket that somebody else holds, keeps nothing waiting.
process.exit();
