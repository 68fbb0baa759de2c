import type { CrashRecord } from "@clickos/hypervisor";

export type ToolstackErrorCode =
  | "NAME_TAKEN"
  | "NO_VM"
  | "BAD_VIFS"
  | "BAD_IMAGE"
  | "CRASHED"
  | "NO_ROOM"
  | "DEVICE_TAKEN"
  | "BAD_FILE"
  /** Element classes of a saved VM's configuration are not in the library that it is to be compiled with. */
  | "OTHER_LIBRARY"
  | "NOT_RUNNING"
  /** Its packets are recorded already. */
  | "RECORDED";

/** A guest that crashed before it ran: where in its configuration, as far as that is known. */
export function bootCrash(name: string, crash: CrashRecord): ToolstackError {
  const { cause, message, element, configuration } = crash;
  const where = element === undefined ? "" : `, in ${element}, ${configuration}`;
  return new ToolstackError("CRASHED", `'${name}' crashed while it booted: ${cause}: ${message}${where}`, crash);
}

export class ToolstackError extends Error {
  override readonly name = "ToolstackError";
  readonly code: ToolstackErrorCode;
  readonly crash: CrashRecord | undefined;
  constructor(code: ToolstackErrorCode, message: string, crash?: CrashRecord) {
    super(message);
    this.code = code;
    this.crash = crash;
  }
}
