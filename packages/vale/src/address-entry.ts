/** How the table of addresses stands in memory; code that reads it is made from this. */

/** Bytes of an entry and of its fields: the address's bytes 2–5, its bytes 0–1, port + 1 (0: empty) and whether it is fixed, second. */
export const entry = { high: 0, low: 4, owner: 8, seen: 12, bytes: 16 } as const;

/** Set in the owner's word of an address that belongs to its port for good. */
export const fixedOwner = 0x10000;

/** What the halves of an address are multiplied with for its place. */
export const mixers = [0x85ebca6b, 0xc2b2ae35] as const;
