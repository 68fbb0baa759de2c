/** What the readers of both formats share. */

/** One frame of a capture. `data` is valid until the next is read, within the turn of the event loop. */
export interface CapturedFrame {
  readonly data: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly timestampNs: bigint;
  /** Length on the wire; more than `data.length` when the capture cut it. */
  readonly originalLength: number;
}

/** LINKTYPE_ETHERNET */
export const linkTypeEthernet = 1;

/** More than any snap length in use: what claims more is not a capture's record. */
export const maximumRecord: number = 1 << 18;

/** What stands behind the first four bytes of a capture. */
export interface Records {
  readonly linkType: number;
  /** A frame, `null` at the end, or what is wrong. */
  next(): CapturedFrame | string | null;
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
