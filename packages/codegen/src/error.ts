/** Errors of the builder: what is wrong, in which function, and where in the user's code it was written. */

export type CodegenErrorCode =
  | "TYPE_MISMATCH"
  | "BAD_LABEL"
  | "BAD_CONSTANT"
  | "BAD_STRUCT"
  | "BAD_FUNCTION"
  | "BAD_DATA"
  | "BAD_SCOPE"
  | "NO_RESULT";

const own = directoryOf(import.meta.url);

function directoryOf(url: string): string {
  return url.slice(0, url.lastIndexOf("/") + 1);
}

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
    const place = userFrame(new Error().stack ?? "");
    super(`${functionName === undefined ? "" : `function ${functionName}: `}${message}${place ? ` (at ${place})` : ""}`);
    this.code = code;
    this.functionName = functionName;
    this.place = place;
  }
}

function userFrame(stack: string): string | undefined {
  const path = own.replace(/^file:\/\//, "");
  for (const line of stack.split("\n").slice(1)) {
    const at = /\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(line.trim())?.[1]?.replace(/^file:\/\//, "");
    if (at !== undefined && !at.startsWith(path) && !at.startsWith("node:")) return at;
  }
  return undefined;
}
