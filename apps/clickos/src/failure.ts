/** Failures of a command: what the user is told, and the exit status. */
import { ConfigurationError, HandlerError } from "@clickos/click-core";
import { ImageError } from "@clickos/minios";
import { CaptureError } from "@clickos/netdev";
import { UnixSocketError } from "@clickos/unix-socket/node";
import { ToolstackError } from "@clickos/xl-fast";

/** A mistake in how a command was called, or something it met. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** The text for standard error; `undefined` for what is a defect of ours and wants its stack shown. */
export function failureText(e: unknown): string | undefined {
  if (e instanceof ConfigurationError) return e.message;
  if (
    e instanceof CommandError ||
    e instanceof CaptureError ||
    e instanceof ImageError ||
    e instanceof ToolstackError ||
    e instanceof HandlerError ||
    e instanceof UnixSocketError ||
    e instanceof RangeError
  )
    return `clickos: ${e.message}`;
  return undefined;
}
