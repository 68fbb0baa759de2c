/** `IN_USE`: a server answers there. `NOT_A_SOCKET`: a file is there that is not to be lost. */
export type UnixSocketErrorCode = "PATH_TOO_LONG" | "NOT_A_SOCKET" | "IN_USE" | "CANNOT_LISTEN";

/** A path that cannot be listened on. */
export class UnixSocketError extends Error {
  override readonly name = "UnixSocketError";
  readonly code: UnixSocketErrorCode;
  constructor(code: UnixSocketErrorCode, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
