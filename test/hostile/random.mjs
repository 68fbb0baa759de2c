/** Random numbers from a seed, and the values that hurt. */

/** xorshift32. @param {number} seed */
export function random(seed) {
  let x = seed | 0 || 0x9e3779b9;
  const next = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
  return {
    next,
    /** Below `n`. */
    below: (n) => next() % n,
    /** One of them. */
    pick: (list) => list[next() % list.length],
    /** One time in `n`. */
    once: (n) => next() % n === 0,
  };
}

/** Edges of everything that is counted, indexed or measured somewhere. */
export const edges = [
  0, 1, 2, 3, 4, 7, 8, 13, 14, 15, 16, 17, 31, 32, 63, 64, 127, 128, 254, 255, 256, 257, 511, 512, 513, 1023, 1024,
  1025, 1500, 2031, 2032, 2033, 2047, 2048, 2049, 4094, 4095, 4096, 4097, 9017, 9018, 9019, 32751, 32752, 32767, 32768,
  65534, 65535, 65536, 65537, 0xfffff, 0x100000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
];
