/** The pcap format, in both byte orders, with micro- or nanoseconds: draft-ietf-opsawg-pcap. */
import type { ByteSource } from "./byte-source.ts";
import { CaptureError } from "./capture-error.ts";
import { maximumRecord, type Records, view } from "./records.ts";

/** Reads what follows the magic number. @throws {CaptureError} */
export function readPcap(source: ByteSource, magic: number, name: string): Records {
  const kinds: Record<number, { little: boolean; unit: bigint }> = {
    2712847316: { little: true, unit: 1000n },
    2712812621: { little: true, unit: 1n },
    3569595041: { little: false, unit: 1000n },
    1295823521: { little: false, unit: 1n },
  };
  const kind = kinds[magic];
  if (!kind) throw new CaptureError("NOT_A_CAPTURE", `${name} is neither a pcap nor a pcapng file`);
  const { little, unit } = kind;
  const header = source.take(20);
  if (header.length < 20) throw new CaptureError("NOT_A_CAPTURE", `${name} is cut off in its header`);
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
