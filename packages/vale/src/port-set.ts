/** A set of ports, by index, that is gone through in order. */
export class PortSet {
  private bits = new Int32Array(8);

  add(port: number): void {
    const word = port >>> 5;
    if (word >= this.bits.length) {
      const { bits } = this;
      this.bits = new Int32Array(Math.max(word + 1, bits.length * 2));
      this.bits.set(bits);
    }
    this.bits[word] = (this.bits[word] as number) | (1 << (port & 31));
  }
  delete(port: number): void {
    const word = port >>> 5;
    if (word < this.bits.length) this.bits[word] = (this.bits[word] as number) & ~(1 << (port & 31));
  }
  /** The first that is not before a port; -1 when there is none. */
  next(from: number): number {
    const { bits } = this;
    let word = from >>> 5;
    if (word >= bits.length) return -1;
    let rest = (bits[word] as number) & (-1 << (from & 31));
    while (rest === 0) {
      if (++word === bits.length) return -1;
      rest = bits[word] as number;
    }
    // The lowest one.
    return (word << 5) + 31 - Math.clz32(rest & -rest);
  }
}
