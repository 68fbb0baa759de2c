/**
 * Reads captures: pcap in both byte orders with micro- or nanoseconds, and pcapng.
 *
 * Specs: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. A file's bytes are hostile: every length is bounded.
 */
import { type ByteSource, openSource, starved } from "./byte-source.ts";
import { CaptureError, systemReason } from "./capture-error.ts";

/** One frame of a capture. `data` is valid until the next is read, within the turn of the event loop. */
export interface CapturedFrame {
  readonly data: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly timestampNs: bigint;
  /** Length on the wire; more than `data.length` when the capture cut it. */
  readonly originalLength: number;
}

export interface CaptureReader {
  readonly path: string;
  readonly format: "pcap" | "pcapng";
  /** LINKTYPE_ value; 1 is Ethernet. For pcapng, of the first interface. Of a pipe, known with its first frame. */
  readonly linkType: number;
  /** The next frame, or `null`: at the end, or while a pipe has no more for now. */
  next(): CapturedFrame | null;
  /** Whether there are no more frames. */
  readonly ended: boolean;
  /** Resolves when a pipe may have more, or has ended. */
  more(): Promise<void>;
  /** What was wrong with the file where reading ended; frames before it were given. */
  readonly problem: string | undefined;
  close(): void;
}

/** LINKTYPE_ETHERNET */
export const linkTypeEthernet = 1;

/** More than any snap length in use: what claims more is not a capture's record. */
const maximumRecord = 1 << 18;

/**
 * Opens a capture: a file, or a pipe, which is read without waiting.
 *
 * @throws {CaptureError} when the file cannot be read or is no capture. A pipe's first bytes come later: what is no capture
 * there is a `problem`.
 */
export function openCapture(path: string): CaptureReader {
  let source: ByteSource;
  try {
    source = openSource(path);
  } catch (e) {
    throw new CaptureError("UNREADABLE", `cannot read ${path}: ${systemReason(e)}`);
  }
  let frames = 0;
  let problem: string | undefined;
  let ended = false;
  let format: "pcap" | "pcapng" = "pcap";
  let body: Body | undefined;
  const open = (): Body => {
    const head = source.take(4).slice();
    if (head.length < 4)
      throw new CaptureError("NOT_A_CAPTURE", `${path} is not a capture: it has ${head.length} bytes`);
    const magic = new DataView(head.buffer).getUint32(0, true);
    format = magic === SECTION ? "pcapng" : "pcap";
    return magic === SECTION ? readPcapng(source, path) : readPcap(source, magic, path);
  };
  const end = (why?: string): null => {
    problem = why;
    ended = true;
    return null;
  };
  if (!source.waits)
    try {
      body = open();
    } catch (e) {
      source.close();
      throw e instanceof CaptureError ? e : new CaptureError("UNREADABLE", `cannot read ${path}: ${systemReason(e)}`);
    }
  return {
    path,
    get format() {
      return format;
    },
    get linkType() {
      return body?.linkType ?? linkTypeEthernet;
    },
    next() {
      if (ended) return null;
      let result: CapturedFrame | string | null;
      try {
        source.mark();
        if (!body) {
          body = open();
          source.mark();
        }
        result = body.next();
      } catch (e) {
        if (e === starved) {
          source.rewind();
          return null;
        }
        if (!body) return end(e instanceof CaptureError ? e.message : `cannot read ${path}: ${systemReason(e)}`);
        result = systemReason(e);
      }
      if (typeof result === "string")
        return end(`${path}: after frame ${frames}, at byte ${source.position}: ${result}`);
      if (!result) return end();
      frames++;
      return result;
    },
    get ended() {
      return ended;
    },
    more: () => (ended ? Promise.resolve() : source.more()),
    get problem() {
      return problem;
    },
    close() {
      ended = true;
      source.close();
    },
  };
}

interface Body {
  readonly linkType: number;
  /** A frame, `null` at the end, or what is wrong. */
  next(): CapturedFrame | string | null;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function readPcap(source: ByteSource, magic: number, path: string): Body {
  const kinds: Record<number, { little: boolean; unit: bigint }> = {
    2712847316: { little: true, unit: 1000n },
    2712812621: { little: true, unit: 1n },
    3569595041: { little: false, unit: 1000n },
    1295823521: { little: false, unit: 1n },
  };
  const kind = kinds[magic];
  if (!kind) throw new CaptureError("NOT_A_CAPTURE", `${path} is neither a pcap nor a pcapng file`);
  const { little, unit } = kind;
  const header = source.take(20);
  if (header.length < 20) throw new CaptureError("NOT_A_CAPTURE", `${path} is cut off in its header`);
  const linkType = view(header).getUint32(16, little) & 0x0fffffff;
  return {
    linkType,
    next() {
      const record = source.take(16);
      if (record.length === 0) return null;
      if (record.length < 16) return "the file is truncated in a record's header";
      const v = view(record);
      const seconds = v.getUint32(0, little);
      const fraction = v.getUint32(4, little);
      const length = v.getUint32(8, little);
      const originalLength = v.getUint32(12, little);
      if (length > maximumRecord) return `a record claims ${length} bytes; the file is corrupt`;
      const data = source.take(length);
      if (data.length < length) return `the file is truncated in a frame: ${data.length} of ${length} bytes`;
      return { data, originalLength, timestampNs: BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * unit };
    },
  };
}

/** Block types; the first is also what a pcapng file begins with. */
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const SIMPLE = 3;
const ENHANCED = 6;

function readPcapng(source: ByteSource, path: string): Body {
  let little = true;
  let interfaces: { linkType: number; snapLength: number; perSecond: bigint }[] = [];
  let first: CapturedFrame | string | null | undefined;
  /** Whether the first interface is known: until then a pipe is read from its beginning again. */
  let described = false;

  /** Reads the section header after its type; the byte order is in it. */
  const section = (): string | undefined => {
    const head = source.take(8).slice();
    if (head.length < 8) return "the file is truncated in a section header";
    const order = view(head).getUint32(4, true);
    if (order !== 0x1a2b3c4d && order !== 0x4d3c2b1a) return "a section header without a byte order";
    little = order === 0x1a2b3c4d;
    const length = view(head).getUint32(0, little);
    if (length < 28 || length > maximumRecord || length % 4 !== 0) return `a section header claims ${length} bytes`;
    if (source.take(length - 12).length < length - 12) return "the file is truncated in a section header";
    interfaces = [];
    return undefined;
  };
  const next = (): CapturedFrame | string | null => {
    for (;;) {
      // What is before is not read again, should the block not be there in whole yet.
      if (described) source.mark();
      const head = source.take(4).slice();
      if (head.length === 0) return null;
      if (head.length < 4) return "the file is truncated in a block's header";
      const type = view(head).getUint32(0, little);
      if (type === SECTION) {
        const wrong = section();
        if (wrong) return wrong;
        continue;
      }
      const lengthBytes = source.take(4);
      if (lengthBytes.length < 4) return "the file is truncated in a block's header";
      const length = view(lengthBytes).getUint32(0, little);
      if (length < 12 || length > maximumRecord || length % 4 !== 0)
        return `a block claims ${length} bytes; the file is corrupt`;
      const body = source.take(length - 8);
      if (body.length < length - 8) return `the file is truncated in a block: ${body.length + 8} of ${length} bytes`;
      const v = view(body);
      if (v.getUint32(length - 12, little) !== length) return "a block's two lengths differ; the file is corrupt";
      if (type === INTERFACE) {
        if (length < 20) return "an interface block is too short";
        interfaces.push({
          linkType: v.getUint16(0, little),
          snapLength: v.getUint32(4, little),
          perSecond: resolution(v, length - 12),
        });
        if (first === undefined) return "";
      } else if (type === ENHANCED) {
        if (length < 32) return "a packet block is too short";
        const from = interfaces[v.getUint32(0, little)];
        if (!from) return "a packet of an interface that is not described";
        const ticks = (BigInt(v.getUint32(4, little)) << 32n) | BigInt(v.getUint32(8, little));
        const captured = v.getUint32(12, little);
        if (captured > length - 32) return "a packet is longer than its block";
        return {
          data: body.subarray(20, 20 + captured),
          originalLength: v.getUint32(16, little),
          timestampNs: (ticks * 1_000_000_000n) / from.perSecond,
        };
      } else if (type === SIMPLE) {
        const from = interfaces[0];
        if (!from || length < 16) return "a packet of an interface that is not described";
        const originalLength = v.getUint32(0, little);
        const captured = Math.min(originalLength, from.snapLength || originalLength, length - 16);
        return { data: body.subarray(4, 4 + captured), originalLength, timestampNs: 0n };
      }
    }
  };
  /** if_tsresol, option 9; microseconds by default. */
  const resolution = (v: DataView, end: number): bigint => {
    for (let at = 8; at + 4 <= end; ) {
      const code = v.getUint16(at, little);
      const length = v.getUint16(at + 2, little);
      if (code === 0 || at + 4 + length > end) break;
      if (code === 9 && length === 1) {
        const value = v.getUint8(at + 4);
        return value & 0x80 ? 1n << BigInt(value & 0x7f) : 10n ** BigInt(Math.min(value, 18));
      }
      at += 4 + ((length + 3) & ~3);
    }
    return 1_000_000n;
  };

  const wrong = section();
  if (wrong) throw new CaptureError("NOT_A_CAPTURE", `${path}: ${wrong}`);
  // Up to the first interface, whose link type is the capture's.
  const early = next();
  first = early === "" ? null : early;
  let held = early === "" ? undefined : early;
  described = true;
  return {
    linkType: interfaces[0]?.linkType ?? linkTypeEthernet,
    next() {
      if (held !== undefined) {
        const result = held;
        held = undefined;
        return result;
      }
      return next();
    },
  };
}
