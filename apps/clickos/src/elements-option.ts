/** `--elements`, of the commands that compile configurations. */
import type { Command } from "commander";
import { collect } from "./plain-options.ts";

export interface ElementsOption {
  readonly elements?: string[];
}

export function takesElements(command: Command): Command {
  return command.option(
    "--elements <FILE>",
    "element classes of your own: a file of TypeScript or JavaScript, or an npm package, which is run; may be repeated",
    collect,
  );
}
