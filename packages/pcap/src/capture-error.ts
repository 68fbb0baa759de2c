/** Errors of captures. */

export type CaptureErrorCode = "UNREADABLE" | "NOT_A_CAPTURE" | "UNWRITABLE";

/** A capture that cannot be opened, read or written. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly code: CaptureErrorCode;
  constructor(code: CaptureErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
