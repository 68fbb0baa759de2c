/** Lines of text out of pieces of bytes, as a socket gives them. */

/** More than the longest message: an image of 10 MB in base64, and what is around it. */
export const longestLine: number = 16 * 1024 * 1024;

export class LineReader {
  private readonly parts: Uint8Array[] = [];
  private held = 0;
  private readonly limit: number;
  private readonly decoder = new TextDecoder("utf-8", { fatal: true });

  constructor(limit: number = longestLine) {
    this.limit = limit;
  }
  /** The bytes that wait for the end of their line. */
  get pending(): number {
    return this.held;
  }
  /**
   * The lines that have come to their end, without it. O(bytes), however they are cut.
   *
   * @throws {RangeError} for a line that is too long. @throws {TypeError} for bytes that are not UTF-8.
   */
  *read(bytes: Uint8Array): Generator<string> {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(10, from);
      const rest = bytes.subarray(from, end < 0 ? bytes.length : end);
      if (this.held + rest.length > this.limit) throw new RangeError(`a line of more than ${this.limit} bytes`);
      if (end < 0) {
        if (rest.length > 0) {
          // The caller may use its bytes again.
          this.parts.push(rest.slice());
          this.held += rest.length;
        }
        return;
      }
      yield this.parts.length === 0 ? this.decoder.decode(rest) : this.joined(rest);
      from = end + 1;
    }
  }

  private joined(last: Uint8Array): string {
    const whole = new Uint8Array(this.held + last.length);
    let at = 0;
    for (const part of this.parts) {
      whole.set(part, at);
      at += part.length;
    }
    whole.set(last, at);
    this.parts.length = 0;
    this.held = 0;
    return this.decoder.decode(whole);
  }
}
