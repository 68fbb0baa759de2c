import type { CrashRecord } from "./crash.ts";

export type HypervisorErrorCode =
  | "NO_MEMORY"
  | "TOO_MANY_DOMAINS"
  | "NO_DOMAIN"
  | "NO_PCPU"
  | "NOT_PORTABLE"
  | "BAD_SHARE"
  | "LOAD_FAILED"
  | "BUSY"
  | "CLOSED";

/** A misuse of the interface, or something that is not to be had. */
export class HypervisorError extends Error {
  override readonly name = "HypervisorError";
  readonly code: HypervisorErrorCode;
  /** Where it was, of a module that did not start because its code trapped. */
  readonly crash: CrashRecord | undefined;
  constructor(code: HypervisorErrorCode, message: string, crash?: CrashRecord) {
    super(message);
    this.code = code;
    this.crash = crash;
  }
}
