/** Errors of captures. */

export type CaptureErrorCode = "UNREADABLE" | "NOT_A_CAPTURE" | "UNWRITABLE";

/** What is wrong with bytes that are no capture, as tcpdump and Click say it. */
export type CaptureFault = "empty file" | "too short" | "bad magic number" | `unknown major version ${number}`;

/** A capture that cannot be opened, read or written. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly code: CaptureErrorCode;
  /** Of what is `NOT_A_CAPTURE`. */
  readonly fault: CaptureFault | undefined;
  constructor(code: CaptureErrorCode, message: string, options: ErrorOptions & { readonly fault?: CaptureFault } = {}) {
    super(message, options);
    this.code = code;
    this.fault = options.fault;
  }
}
