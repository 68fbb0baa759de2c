/** The system's reason for a failure, in words. */
export function systemReason(e: unknown): string {
  const code = (e as { code?: string }).code ?? "";
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
