/** A capture file that cannot be opened, read or written. */
export type CaptureErrorCode = "UNREADABLE" | "NOT_A_CAPTURE" | "UNWRITABLE";

export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly code: CaptureErrorCode;
  constructor(code: CaptureErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The system's reason, in words. */
export function systemReason(e: unknown): string {
  const code = (e as NodeJS.ErrnoException).code ?? "";
  const words: Record<string, string> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EISDIR: "it is a directory",
    ENOSPC: "no space left on the disk",
    ENOTDIR: "a part of the path is not a directory",
    EROFS: "the file system is read-only",
  };
  return words[code] ?? (e as Error).message;
}
