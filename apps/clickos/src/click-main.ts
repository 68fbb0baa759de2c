/** The entry of the `click` command. */
import { flushStandardOutput } from "@clickos/click-elements/node";
import { click } from "./click.ts";
import { blockOutput, guardOutput, outputWritten } from "./shutdown.ts";

/** Runs the command until its output is written; the result is its exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  const status = await click(argv);
  flushStandardOutput();
  await outputWritten();
  return Number(process.exitCode) || status;
}

blockOutput();
guardOutput("click");
// What is left open by then, such as a socket that somebody else holds, keeps nothing waiting.
void run(process.argv.slice(2)).then((status) => process.exit(status));
