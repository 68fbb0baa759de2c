/** What a request to the daemon ends with that cannot be done. */

export type DaemonErrorCode =
  | "NAME_TAKEN"
  | "NO_SWITCH"
  | "NO_PORT"
  | "NO_ELEMENT"
  | "NO_DOMAIN"
  | "NO_ROUTER"
  | "NO_RULE"
  | "IN_USE"
  | "BAD_PARAMS"
  | "BAD_STATE"
  | "NO_METHOD"
  | "VERSION"
  | "TOO_MANY"
  | "MIGRATION"
  | "REFUSED"
  /** The thread that compiles configurations has ended, or took too long. */
  | "COMPILER";

export class DaemonError extends Error {
  override readonly name = "DaemonError";
  readonly code: DaemonErrorCode;

  constructor(code: DaemonErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
