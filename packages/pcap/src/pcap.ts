/**
 * The pcap format, in both byte orders, with micro- or nanoseconds: draft-ietf-opsawg-pcap. Two old deviations are read too:
 * Linux's modified format, and the lengths that came in the other order up to version 2.3.
 */
import type { ByteSource } from "./byte-source.ts";
import { CaptureError } from "./capture-error.ts";
import { maximumRecord, type Records, view } from "./records.ts";

/** By the magic number: nanoseconds of one of a timestamp's fraction, and bytes that follow a record's header. */
const kinds: Readonly<Record<number, { readonly unit: bigint; readonly extra: number }>> = {
  2712847316: { unit: 1000n, extra: 0 },
  2712812621: { unit: 1n, extra: 0 },
  // Linux, until about 2000: interface, protocol and kind of the packet.
  2712849716: { unit: 1000n, extra: 8 },
};

/** Reads what follows the magic number. @throws {CaptureError} */
export function readPcap(source: ByteSource, head: Uint8Array, name: string): Records {
  const little = kinds[view(head).getUint32(0, true)] !== undefined;
  const kind = kinds[view(head).getUint32(0, little)];
  if (!kind) {
    const short = !source.waits && source.take(20).length < 20;
    throw new CaptureError("NOT_A_CAPTURE", `${name} is neither a pcap nor a pcapng file`, {
      fault: short ? "too short" : "bad magic number",
    });
  }
  const header = source.take(20);
  if (header.length < 20)
    throw new CaptureError("NOT_A_CAPTURE", `${name} is cut off in its header`, { fault: "too short" });
  const { unit, extra } = kind;
  const major = view(header).getUint16(0, little);
  const minor = view(header).getUint16(2, little);
  if (major !== 2)
    throw new CaptureError("NOT_A_CAPTURE", `${name} has version ${major} of the pcap format, which is not known`, {
      fault: `unknown major version ${major}`,
    });
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
      let length = v.getUint32(8, little);
      let originalLength = v.getUint32(12, little);
      if (minor < 3 || (minor === 3 && length > originalLength)) [length, originalLength] = [originalLength, length];
      if (length > maximumRecord) return `a record claims ${length} bytes; the file is corrupt`;
      const bytes = source.take(extra + length);
      // The last record of some is as long as the frame, which is shorter than what it claims.
      if (bytes.length < extra + Math.min(length, originalLength))
        return `the file is truncated in a frame: ${Math.max(0, bytes.length - extra)} of ${length} bytes`;
      return {
        // Some programs say more than there was on the wire.
        data: bytes.subarray(extra, extra + Math.min(length, originalLength)),
        originalLength,
        timestampNs: BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * unit,
      };
    },
  };
}
