/**
 * Standard output as the one stream that it is for a process: what scripts, dumps and the command itself write comes out in
 * that order. It is put together to larger pieces, which are written when they are large enough, when the event loop is let
 * in, and when something is written to standard error.
 */
const pieceBytes = 64 << 10;

let waiting: Uint8Array[] = [];
let size = 0;
let scheduled = false;

export function writeStandardOutput(data: string | Uint8Array): void {
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  if (bytes.length === 0) return;
  waiting.push(bytes);
  size += bytes.length;
  if (size >= pieceBytes) flushStandardOutput();
  else if (!scheduled) {
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      flushStandardOutput();
    });
  }
}

export function flushStandardOutput(): void {
  if (size === 0) return;
  const bytes = Buffer.concat(waiting, size);
  waiting = [];
  size = 0;
  process.stdout.write(bytes);
}
