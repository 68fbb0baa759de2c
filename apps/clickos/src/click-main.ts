/** The entry of the `click` command. */
import { flushStandardOutput } from "@clickos/click-elements/node";
import { click } from "./click.ts";
import { blockOutput, guardOutput, outputWritten } from "./shutdown.ts";

blockOutput();
guardOutput("click");
void click(process.argv.slice(2)).then(async (status) => {
  flushStandardOutput();
  await outputWritten();
  // What is left open by then, such as a socket that somebody else holds, keeps nothing waiting.
  process.exit(process.exitCode || status);
});
