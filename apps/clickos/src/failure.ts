/** Failures of a command: what the user is told, and the exit status. */
import { systemReason } from "@clickos/pcap/node";
import { printable } from "./printable.ts";

/** Errors that are told in a line, by their names: their classes are in packages that most runs need nothing of. */
const toldInALine: ReadonlySet<string> = new Set([
  "ArchiveError",
  "CaptureError",
  "ClientError",
  "CommandError",
  "DaemonError",
  "HypervisorError",
  "ImageError",
  "NetdevError",
  "RangeError",
  "ToolstackError",
  "UnixSocketError",
]);

/** Mistakes in the code of elements, which say where they are. */
const mistakesInElements: ReadonlySet<string> = new Set([
  "CodegenError",
  "ElementDefinitionError",
  "LayoutError",
  "WireError",
]);
let elementsAreUsers = false;

/** There are elements of the user's: mistakes in such code are told in a line, and are no defects of ours. */
export function tellMistakesInElements(): void {
  elementsAreUsers = true;
}

/** A mistake in how a command was called, or something it met. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** A mistake in how a command was called. */
export class UsageError extends CommandError {}

/** The exit status of a command that was called wrongly; others that fail have 1. */
export const usageStatus = 2;

/** The text for standard error; `undefined` for what is a defect of ours and wants its stack shown. */
export function failureText(e: unknown, command = "clickos"): string | undefined {
  if (e instanceof Error && e.name === "ConfigurationError") return printable(e.message);
  if (e instanceof Error && e.name === "HandlerError") {
    const { hint } = e as { readonly hint?: string };
    return printable(`${command}: ${e.message}${hint === undefined ? "" : `; ${hint}`}`);
  }
  // The daemon's answer about a configuration names its file.
  if (e instanceof Error && e.name === "ClientError" && (e as { code?: string }).code === "CONFIGURATION") {
    const own = /unknown element class|undeclared element '[A-Z]/.test(e.message);
    return printable(
      `${e.message}${own ? `\n${command}: elements of your own are the daemon's when it is started with them: clickos daemon --elements FILE; clickos create --elements FILE needs them here only` : ""}`,
    );
  }
  if (e instanceof Error && elementsAreUsers && mistakesInElements.has(e.name))
    return printable(`${command}: ${e.message}`);
  if (e instanceof Error && toldInALine.has(e.name)) return printable(`${command}: ${e.message}`);
  // What the system refuses: a file, a folder, a socket.
  if (e instanceof Error && "syscall" in e) {
    const { path, address } = e as NodeJS.ErrnoException & { address?: string };
    const name = path ?? address;
    return printable(`${command}: ${name === undefined ? "" : `${name}: `}${systemReason(e)}`);
  }
  return undefined;
}
