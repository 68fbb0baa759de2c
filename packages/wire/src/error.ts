/** A mistake of whoever uses a format: a table that cannot be, bytes that are not there. What a packet says is never one. */
export type WireErrorCode = "BAD_TABLE" | "OUT_OF_BOUNDS" | "UNPROVEN";

export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;
  constructor(code: WireErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
