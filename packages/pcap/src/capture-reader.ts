/**
 * Reads captures: pcap in both byte orders with micro- or nanoseconds, and pcapng.
 *
 * Specs: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. A file's bytes are hostile: every length is bounded.
 */
import { type ByteSource, MemorySource, starved } from "./byte-source.ts";
import { CaptureError } from "./capture-error.ts";
import { readPcap } from "./pcap.ts";
import { readPcapng, SECTION } from "./pcapng.ts";
import { type CapturedFrame, linkTypeEthernet, type Records, view } from "./records.ts";
import { systemReason } from "./system-reason.ts";

export interface CaptureReader {
  /** The path of a file, or what it was called. */
  readonly name: string;
  readonly format: "pcap" | "pcapng";
  /** LINKTYPE_ value; 1 is Ethernet. For pcapng, of the first interface. Of a pipe, known with its first frame. */
  readonly linkType: number;
  /** Where the next frame's record is, in bytes from the start. */
  readonly position: number;
  /** Goes on from there, as far as the source can. Nothing tells whether a record is there. */
  seek(position: number): void;
  /** Bytes in all, where that is known. */
  readonly size: number | undefined;
  /** The next frame, or `null`: at the end, or while a pipe has no more for now. */
  next(): CapturedFrame | null;
  /** Whether there are no more frames. */
  readonly ended: boolean;
  /** Resolves when a pipe may have more, or has ended. */
  more(): Promise<void>;
  /** Calls back whenever a pipe has more, or has ended. @returns ends it. */
  onReady(listener: () => void): () => void;
  /** What was wrong with the file where reading ended; frames before it were given. */
  readonly problem: string | undefined;
  close(): void;
}

/**
 * Reads a capture that is in memory. `name` is for messages.
 *
 * @throws {CaptureError} when it is none.
 */
export function readCapture(bytes: Uint8Array, name = "capture"): CaptureReader {
  return captureReader(new MemorySource(bytes), name);
}

/**
 * Reads a capture from a source, which is closed with the reader.
 *
 * @throws {CaptureError} when its bytes are none. Those of a source that waits come later: what is no capture there is a
 * `problem`.
 */
export function captureReader(source: ByteSource, name: string): CaptureReader {
  let frames = 0;
  let problem: string | undefined;
  let ended = false;
  let format: "pcap" | "pcapng" = "pcap";
  let records: Records | undefined;
  const open = (): Records => {
    const head = source.take(4).slice();
    if (head.length < 4)
      throw new CaptureError("NOT_A_CAPTURE", `${name} is not a capture: it has ${head.length} bytes`, {
        fault: head.length === 0 ? "empty file" : "too short",
      });
    format = view(head).getUint32(0, true) === SECTION ? "pcapng" : "pcap";
    return format === "pcapng" ? readPcapng(source, name) : readPcap(source, head, name);
  };
  const end = (why?: string): null => {
    problem = why;
    ended = true;
    return null;
  };
  if (!source.waits)
    try {
      records = open();
    } catch (e) {
      source.close();
      throw e instanceof CaptureError
        ? e
        : new CaptureError("UNREADABLE", `cannot read ${name}: ${systemReason(e)}`, { cause: e });
    }
  return {
    name,
    get format() {
      return format;
    },
    get linkType() {
      return records?.linkType ?? linkTypeEthernet;
    },
    get position() {
      return source.position;
    },
    get size() {
      return source.size;
    },
    seek(position) {
      source.seek(position);
      problem = undefined;
      ended = false;
    },
    next() {
      if (ended) return null;
      let result: CapturedFrame | string | null;
      try {
        source.mark();
        if (!records) {
          records = open();
          source.mark();
        }
        result = records.next();
      } catch (e) {
        if (e === starved) {
          source.rewind();
          return null;
        }
        if (!records) return end(e instanceof CaptureError ? e.message : `cannot read ${name}: ${systemReason(e)}`);
        result = systemReason(e);
      }
      if (typeof result === "string")
        return end(`${name}: after frame ${frames}, at byte ${source.position}: ${result}`);
      if (!result) return end();
      frames++;
      return result;
    },
    get ended() {
      return ended;
    },
    more: () => (ended ? Promise.resolve() : source.more()),
    onReady: (listener) => source.onReady(listener),
    get problem() {
      return problem;
    },
    close() {
      ended = true;
      source.close();
    },
  };
}
