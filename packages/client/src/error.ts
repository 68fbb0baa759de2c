/** What a call ends with that does not succeed. */

/** Something wrong in a configuration, with its place. */
export interface DiagnosticInfo {
  readonly severity: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly hint?: string;
}

/**
 * Codes of the client: `CONNECT` (no daemon answers), `CLOSED` (the connection ended), `PROTOCOL` (what came is no answer),
 * `VERSION` (the daemon speaks another version). All others are the daemon's: `NO_VM`, `NAME_TAKEN`, `BAD_PARAMS`,
 * `CONFIGURATION` and so on.
 */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: string;
  /** All that is wrong with a configuration. */
  readonly diagnostics: readonly DiagnosticInfo[];

  constructor(
    code: string,
    message: string,
    { diagnostics = [], cause }: { readonly diagnostics?: readonly DiagnosticInfo[]; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.diagnostics = diagnostics;
  }
}
