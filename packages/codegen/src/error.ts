/** Errors of the builder: what is wrong, in which function, and where in the user's code it was written. */

export type CodegenErrorCode =
  | "TYPE_MISMATCH"
  | "BAD_LABEL"
  | "BAD_CONSTANT"
  | "BAD_FIELD"
  | "BAD_FUNCTION"
  | "BAD_DATA"
  | "BAD_SCOPE"
  | "FALLS_THROUGH"
  | "NO_RESULT";

/**
 * A mistake in the code that drives the builder.
 *
 * `place` is `file:line:column` of the first stack frame outside this package; `functionName` the function
 * being built, if any.
 */
export class CodegenError extends Error {
  override readonly name = "CodegenError";
  readonly code: CodegenErrorCode;
  readonly functionName: string | undefined;
  readonly place: string | undefined;

  constructor(code: CodegenErrorCode, message: string, functionName?: string) {
    const place = callerPlace(import.meta.url);
    super(
      `${functionName === undefined ? "" : `function ${functionName}: `}${message}${place ? ` (at ${place})` : ""}`,
    );
    this.code = code;
    this.functionName = functionName;
    this.place = place;
  }
}

/**
 * The place of the innermost caller outside the packages that `modules` belong to, as `file:line:column`.
 * This package is always outside. For layers above that report mistakes of their own users.
 */
export function callerPlace(...modules: readonly string[]): string | undefined {
  const folders = [import.meta.url, ...modules].map(packageFolder);
  for (const line of (new Error().stack ?? "").split("\n").slice(1)) {
    const at = /\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(line.trim())?.[1]?.replace(/^file:\/\//, "");
    if (at !== undefined && !at.startsWith("node:") && !folders.some((folder) => at.startsWith(folder))) return at;
  }
  return undefined;
}

/** The `src` or `dist` folder of a package, from the address of one of its modules. */
function packageFolder(url: string): string {
  const path = url.replace(/^file:\/\//, "");
  const end = Math.max(path.lastIndexOf("/src/"), path.lastIndexOf("/dist/"));
  return path.slice(0, end < 0 ? path.lastIndexOf("/") + 1 : path.indexOf("/", end + 1) + 1);
}
