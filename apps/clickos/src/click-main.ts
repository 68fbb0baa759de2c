/** The entry of the `click` command. */
import { click } from "./click.ts";
import { guardOutput, outputWritten } from "./shutdown.ts";

guardOutput("click");
void click(process.argv.slice(2)).then(async (status) => {
  await outputWritten();
  // What is left open by then, such as a socket that somebody else holds, keeps nothing waiting.
  process.exit(process.exitCode || status);
});
