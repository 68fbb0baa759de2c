/** Receive-side scaling, by the verification vectors of section 7.1.2.8.3, which are Microsoft's. */
import { registers as R, Toeplitz } from "@clickos/ixgbe-model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchOf, packet, type Rig, rig, startReceive } from "./rig.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g)!, (byte) => Number.parseInt(byte, 16));
const key = hex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");
const v4 = (text: string): number[] => text.split(".").map(Number);
const v6 = (text: string): number[] => {
  const [before = "", after = ""] = text.split("::");
  const words = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const zeros = Array<string>(8 - words(before).length - words(after).length).fill("0");
  return [...words(before), ...(text.includes("::") ? zeros : []), ...words(after)].flatMap((word) => {
    const value = Number.parseInt(word, 16);
    return [value >> 8, value & 255];
  });
};
/** Destination and its port, source and its port, the hash of addresses, the hash with ports. */
const vectors4 = [
  ["161.142.100.80", 1766, "66.9.149.187", 2794, 0x323e8fc2, 0x51ccc178],
  ["65.69.140.83", 4739, "199.92.111.2", 14230, 0xd718262a, 0xc626b0ea],
  ["12.22.207.184", 38024, "24.19.198.95", 12898, 0xd2d0a5de, 0x5c2b394a],
  ["209.142.163.6", 2217, "38.27.205.30", 48228, 0x82989176, 0xafc7327f],
  ["202.188.127.2", 1303, "153.39.163.191", 44251, 0x5d1809c5, 0x10e828a2],
] as const;
const vectors6 = [
  ["3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x2cc18cd5, 0x40207d3d],
  ["ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0x0f0c461c, 0xdde51bbf],
  ["fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, 0x4b61e985, 0x02d1feef],
] as const;
const vectors = [
  ...vectors4.map((vector) => ({ version: 4 as const, parse: v4, vector })),
  ...vectors6.map((vector) => ({ version: 6 as const, parse: v6, vector })),
];

/** Hashes of everything, hashes in descriptors, entry `i` of the table is queue `i % 16`. */
function hashing(mrqc: number): Rig {
  const r = rig();
  for (let queue = 0; queue < 16; queue++) startReceive(r, queue);
  const words = new DataView(key.buffer);
  for (let i = 0; i < 10; i++) r.nic.write32(R.offsetOf("RSSRK", i), words.getUint32(i * 4, true));
  for (let i = 0; i < 32; i++)
    r.nic.write32(R.offsetOf("RETA", i), [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c][i & 3]!);
  r.nic.write32(R.RXCSUM, R.RXCSUM_PCSD);
  r.nic.write32(R.MRQC, R.MRQC_RSS | mrqc);
  return r;
}
const addresses = R.MRQC_IPV4 | R.MRQC_IPV6;
const ports = R.MRQC_TCP_IPV4 | R.MRQC_TCP_IPV6 | R.MRQC_UDP_IPV4 | R.MRQC_UDP_IPV6;

describe("RSS", () => {
  it("has the hashes of the verification vectors", () => {
    const toeplitz = new Toeplitz();
    toeplitz.setKey(key);
    for (const { parse, vector } of vectors) {
      const [destination, to, source, from, two, four] = vector;
      const input = Uint8Array.from([
        ...parse(source),
        ...parse(destination),
        from >> 8,
        from & 255,
        to >> 8,
        to & 255,
      ]);
      expect(toeplitz.hash(input, 0, input.length - 4) >>> 0).toBe(two);
      expect(toeplitz.hash(input, 0, input.length) >>> 0).toBe(four);
    }
    expect(() => toeplitz.setKey(new Uint8Array(39))).toThrow(RangeError);
  });

  it("puts packets of the vectors into the queues of their hashes, and tells hash and type", () => {
    for (const { version, parse, vector } of vectors)
      for (const protocol of [6, 17] as const)
        for (const withPorts of [true, false]) {
          const [destination, to, source, from, two, four] = vector;
          const r = hashing(withPorts ? addresses | ports : addresses);
          const hash = withPorts ? four : two;
          const frame = packet({
            version,
            protocol,
            source: parse(source),
            destination: parse(destination),
            ports: [from, to],
          });
          expect(r.nic.arrive(batchOf([frame]), 0)).toBe(1);
          const queue = (hash & 127) % 16;
          const [info, told] = r.descriptor("rx", queue, 0);
          const types = { 4: { 6: 1, 17: 7, 0: 2 }, 6: { 6: 3, 17: 8, 0: 5 } } as const;
          expect([told, info! & 15]).toEqual([hash, types[version][withPorts ? protocol : 0]]);
          expect(r.nic.read32(R.offsetOf("RDH", queue))).toBe(1);
        }
  });

  it("gives the first queue what it does not hash: other protocols, and all where it is off; fragments have no ports", () => {
    const r = hashing(ports);
    const arp = Uint8Array.from([...packet().slice(0, 12), 8, 6, ...new Uint8Array(46)]);
    r.nic.arrive(batchOf([arp, packet({ fragment: 0x2000 }), packet()]), 0);
    expect([0, 1].map((i) => r.descriptor("rx", 0, i)[0]! & 15)).toEqual([0, 0]);
    r.nic.write32(R.MRQC, addresses | ports);
    const before = r.nic.read32(R.RDH);
    r.nic.arrive(batchOf([packet()]), 0);
    expect(r.nic.read32(R.RDH)).toBe(before + 1);
    r.nic.write32(R.MRQC, R.MRQC_RSS | addresses | ports);
    const alone = hashing(addresses);
    for (const nic of [r.nic, alone.nic]) nic.write32(R.RXCSUM, R.RXCSUM_PCSD);
    const fragment = packet({ fragment: 0x2000 });
    r.nic.arrive(batchOf([fragment]), 0);
    alone.nic.arrive(batchOf([fragment]), 0);
    const heads = ({ nic }: Rig): number[] => Array.from({ length: 16 }, (_, q) => nic.read32(R.offsetOf("RDH", q)));
    const queue = heads(alone).indexOf(1);
    expect(heads(r)[queue]).toBeGreaterThan(0);
  });

  it("hashes as the definition says, bit by bit, with any key", () => {
    const plain = (key: Uint8Array, input: Uint8Array): number => {
      let hash = 0n;
      const bits = BigInt(`0x${Buffer.from(key).toString("hex")}`);
      for (let i = 0; i < input.length * 8; i++)
        if ((input[i >> 3]! >> (7 - (i & 7))) & 1) hash ^= (bits >> BigInt(320 - 32 - i)) & 0xffffffffn;
      return Number(hash);
    };
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 40, maxLength: 40 }),
        fc.array(fc.uint8Array({ minLength: 0, maxLength: 36 }), { minLength: 1, maxLength: 5 }),
        (key, inputs) => {
          const toeplitz = new Toeplitz();
          toeplitz.setKey(key);
          for (const input of inputs) {
            const split = input.length >> 1;
            const hash = toeplitz.hash(input, 0, split) ^ toeplitz.hash(input, split, input.length - split, split);
            expect(hash >>> 0).toBe(plain(key, input));
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
