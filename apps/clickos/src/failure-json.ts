/** Failures of a command whose output is JSON. */
import { ConfigurationError } from "@clickos/click-language";
import { CommanderError } from "commander";
import { UsageError } from "./failure.ts";
import { diagnosticsJson } from "./tools.ts";

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

export function failureJson(e: unknown): FailureReport {
  const message = e instanceof Error ? e.message : String(e);
  if (e instanceof ConfigurationError)
    return { error: { code: e.code, message, diagnostics: diagnosticsJson(e.diagnostics) } };
  const code = (e as { code?: unknown }).code;
  if (e instanceof CommanderError || e instanceof UsageError) return { error: { code: "USAGE", message } };
  return { error: { code: typeof code === "string" ? code : "FAILED", message } };
}
