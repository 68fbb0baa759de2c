/** Moves of a length known at build time. */
import type { FunctionBuilder, I32, I32Like } from "@clickos/codegen";

/** Copies `length` bytes in blocks of 16; up to 15 bytes after the end of both are touched too. */
export function copyBytes(c: FunctionBuilder, to: I32, from: I32Like, length: number): void {
  if (length > 512) c.copy(to, from, length);
  else for (let i = 0; i < length; i += 16) c.copy16(to, from, i, i);
}
