/** Bytes that grow at the end, little-endian. */
export class CodeBuffer {
  length = 0;
  private buffer: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  private view: DataView = new DataView(this.buffer.buffer);

  u8(value: number): void {
    if (this.length === this.buffer.length) this.grow(1);
    this.buffer[this.length++] = value;
  }
  /** Modulo 2^32. */
  u32(value: number): void {
    if (this.length + 4 > this.buffer.length) this.grow(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }
  raw(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.buffer.length) this.grow(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }
  put32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }
  get32(at: number): number {
    return this.view.getUint32(at, true);
  }
  /** A copy of what is there. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.length);
  }

  private grow(bytes: number): void {
    const buffer = new Uint8Array(Math.max(2 * this.buffer.length, this.length + bytes));
    buffer.set(this.buffer);
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer);
  }
}
