/**
 * Reads the binary format from bytes that nobody vouches for. Every read is bounded. Numbers (LEB128) have to be as short as
 * they can be: that is how they are written here.
 */

/** The bytes are not what they should be. Caught where reading began. */
export class Malformed extends Error {
  /** Offset of the byte. */
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

export class ByteReader {
  private readonly bytes: Uint8Array;
  /** The next byte. */
  at: number;
  /** The byte after the last one. */
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get ended(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    if (this.at >= this.end) throw new Malformed(this.end, "it ends in the middle");
    return this.bytes[this.at++] as number;
  }

  /** Unsigned LEB128 of 32 bits. */
  u32(): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw new Malformed(start, "a number with more bytes than it needs");
        return value;
      }
    }
    const last = this.u8();
    if (last > 0x0f) throw new Malformed(start, "a number of more than 32 bits");
    if (last === 0) throw new Malformed(start, "a number with more bytes than it needs");
    return (value | (last << 28)) >>> 0;
  }

  /** Passes over a signed LEB128 of so many bits, 32 or 64. */
  skipSigned(bits: 32 | 64): void {
    const start = this.at;
    const most = bits === 32 ? 5 : 10;
    let byte = this.u8();
    let before = 0x80;
    let length = 1;
    while (byte >= 0x80 && length < most) {
      before = byte;
      byte = this.u8();
      length++;
    }
    if (length === most) {
      // Of the last byte only the bits that are left are used; those beyond repeat the sign.
      const sign = bits - 7 * (most - 1) - 1;
      const beyond = byte >> sign;
      if (beyond !== 0 && beyond !== 0x7f >> sign) throw new Malformed(start, `a number of more than ${bits} bits`);
    }
    // The sign alone, which the byte before has already.
    if (length > 1 && ((byte === 0 && (before & 0x40) === 0) || (byte === 0x7f && (before & 0x40) !== 0)))
      throw new Malformed(start, "a number with more bytes than it needs");
  }

  skip(count: number): void {
    if (count > this.end - this.at)
      throw new Malformed(this.at, `it ends ${count - (this.end - this.at)} bytes too early`);
    this.at += count;
  }

  /** A name that is compared with ASCII ones, as Latin-1. */
  name(most: number): string {
    const length = this.u32();
    const start = this.at;
    if (length > most) throw new Malformed(start, `a name of ${length} bytes; ${most} at most`);
    this.skip(length);
    let text = "";
    for (let i = start; i < this.at; i++) text += String.fromCharCode(this.bytes[i] as number);
    return text;
  }

  /** A reader of the next `count` bytes, which are passed over here. */
  part(count: number): ByteReader {
    const start = this.at;
    this.skip(count);
    return new ByteReader(this.bytes, start, this.at);
  }
}
