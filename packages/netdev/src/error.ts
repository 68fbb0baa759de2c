/** Attachments that cannot be made. */

/**
 * `NO_PERMISSION`: a privilege is missing. `NO_DEVICE`: there is no such interface or device file. `IN_USE`: somebody else
 * has it. `NOT_AVAILABLE`: an optional package or the operating system lacks what it needs. `BAD_SPECIFICATION`: a text that
 * names an attachment is wrong. `SYSTEM`: anything else that the operating system refused.
 */
export type NetdevErrorCode =
  | "NO_PERMISSION"
  | "NO_DEVICE"
  | "IN_USE"
  | "NOT_AVAILABLE"
  | "BAD_SPECIFICATION"
  | "SYSTEM";

/** The message says what to do where something can be done. */
export class NetdevError extends Error {
  override readonly name = "NetdevError";
  readonly code: NetdevErrorCode;
  constructor(code: NetdevErrorCode, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
