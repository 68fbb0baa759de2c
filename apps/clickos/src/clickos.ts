/** The `clickos` command. */
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { addCompletion } from "./commands/completion.ts";
import { addCreate } from "./commands/create.ts";
import { addDaemon } from "./commands/daemon.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDomains } from "./commands/domains.ts";
import { addReactive } from "./commands/reactive.ts";
import { addRouters } from "./commands/routers.ts";
import { addSwitches } from "./commands/switches.ts";
import { addTap } from "./commands/tap.ts";
import { addTop } from "./commands/top.ts";
import { addTopology } from "./commands/topology.ts";
import { addTrace } from "./commands/trace.ts";
import { failureText, UsageError, usageStatus } from "./failure.ts";
import { failureJson } from "./failure-json.ts";
import { printJson } from "./print.ts";
import { guardOutput } from "./shutdown.ts";

const version = "0.1.0";

/** Whether the program was asked for JSON; before its options are known to be right. */
const wantsJson = (): boolean => process.argv.includes("--json");

const program = new Command("clickos")
  .description(
    "Click middleboxes as tiny virtual machines: build, inspect, boot, run; and a daemon that keeps many of them.",
  )
  .version(version)
  .enablePositionalOptions()
  // What was printed is written before the process ends.
  .exitOverride()
  .showHelpAfterError("(--help shows how it is used)");

program.commandsGroup("Over the daemon:");
addCreate(program);
addDomains(program);
addRouters(program);
addSwitches(program);
addReactive(program);
addTap(program);
addTrace(program);
addTop(program);
addTopology(program);
addDaemon(program, version);
addDoctor(program);
addCompletion(program);

async function run(): Promise<void> {
  // The others bring the compiler and the element library: they are loaded when one of them is meant, or help is.
  const meant = process.argv[2] === "complete" ? "complete-all" : process.argv[2];
  if (!program.commands.some((command) => command.name() === meant)) {
    const { addLocal } = await import("./commands/local.ts");
    program.commandsGroup("By themselves:");
    addLocal(program, version);
  }

  try {
    await program.parseAsync();
  } catch (e) {
    // Help, the version, and mistakes in the options have been printed.
    if (e instanceof CommanderError) {
      process.exitCode ||= e.exitCode === 0 ? 0 : usageStatus;
      if (e.exitCode !== 0 && wantsJson()) printJson(await failureJson(e));
    } else {
      const text = failureText(e);
      process.stderr.write(
        `${text ?? `${pc.red("clickos: internal error")}\n${e instanceof Error ? e.stack : String(e)}`}\n`,
      );
      if (wantsJson()) printJson(await failureJson(e));
      process.exitCode = e instanceof UsageError ? usageStatus : 1;
    }
  }
}

guardOutput("clickos");
void run();
