/** Failures of a command whose output is JSON. */
import type { ConfigurationError } from "@clickos/click-language";
import { CommanderError } from "commander";
import type { diagnosticsJson } from "./diagnostics-json.ts";
import { UsageError } from "./failure.ts";

/** What is printed of one. */
export interface FailureReport {
  readonly error: {
    /** A word for programs: `USAGE`, the system's (`ENOENT`), or that of the error. */
    readonly code: string;
    readonly message: string;
    /** All that is wrong with a configuration. */
    readonly diagnostics?: ReturnType<typeof diagnosticsJson>;
  };
}

export async function failureJson(e: unknown): Promise<FailureReport> {
  const message = e instanceof Error ? e.message : String(e);
  if (e instanceof Error && e.name === "ConfigurationError") {
    const { diagnosticsJson } = await import("./diagnostics-json.ts");
    const { code, diagnostics } = e as ConfigurationError;
    return { error: { code, message, diagnostics: diagnosticsJson(diagnostics) } };
  }
  const { code, diagnostics } = e as { code?: unknown; diagnostics?: unknown };
  // The daemon's, which are plain data already.
  if (code === "CONFIGURATION") return { error: { code, message, diagnostics } };
  if (e instanceof CommanderError || e instanceof UsageError) return { error: { code: "USAGE", message } };
  return { error: { code: typeof code === "string" ? code : "FAILED", message } };
}
