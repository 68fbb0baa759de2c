/** Addresses of stations, IEEE 802 section 8, as the two numbers that the table of addresses has. */
export interface MacAddress {
  /** Bytes 2 to 5, the first of them lowest. */
  readonly high: number;
  /** Bytes 0 and 1. */
  readonly low: number;
}

/** Reads `02:00:00:00:00:01`; `undefined` when it is something else, or an address of a group. */
export function parseAddress(text: string): MacAddress | undefined {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) return undefined;
  const [b0, b1, b2, b3, b4, b5] = text.split(":").map((part) => Number.parseInt(part, 16)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (b0 & 1) return undefined;
  return { high: b2 | (b3 << 8) | (b4 << 16) | (b5 << 24), low: b0 | (b1 << 8) };
}
