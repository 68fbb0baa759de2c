/** The pcapng format: draft-ietf-opsawg-pcapng. Blocks other than of sections, interfaces and packets are passed over. */
import type { ByteSource } from "./byte-source.ts";
import { CaptureError } from "./capture-error.ts";
import { type CapturedFrame, linkTypeEthernet, maximumRecord, type Records, view } from "./records.ts";

/** Block types; the first is also what a pcapng file begins with. */
export const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const SIMPLE = 3;
const ENHANCED = 6;

/** Reads what follows the type of the first section. @throws {CaptureError} */
export function readPcapng(source: ByteSource, name: string): Records {
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
  if (wrong) throw new CaptureError("NOT_A_CAPTURE", `${name}: ${wrong}`);
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
