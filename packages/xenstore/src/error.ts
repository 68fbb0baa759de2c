/** Errors by their xenstored names; the wire protocol carries these words. */
export type StoreErrorCode =
  | "EINVAL"
  | "EACCES"
  | "EEXIST"
  | "ENOENT"
  | "ENOSPC"
  | "ENOSYS"
  | "EBUSY"
  | "EAGAIN"
  | "EPERM"
  | "E2BIG";

/** An operation that the store refuses. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}
