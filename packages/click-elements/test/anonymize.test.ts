import { formatIpAddress, parseIpAddress } from "@clickos/click-core/element";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum, ip, make, pass } from "./packets.ts";

const address = (value: number): string => formatIpAddress(value >>> 0);

/** What addresses are mapped to by an element. */
async function mapped(args: string, addresses: readonly number[]): Promise<number[]> {
  using router = await make(
    `RandomSeed(7); FromDevice(0) -> MarkIPHeader -> a :: AnonymizeIPAddr(${args}) -> ToDevice(0); a [1] -> ToDevice(1)`,
  );
  const out: number[] = [];
  for (const each of addresses) {
    const [frames = []] = pass(router, [ip({ src: address(each), dst: address(each) })]);
    const [packet] = frames;
    if (!packet) throw new Error("no packet");
    expect(checksum(packet.subarray(0, 20))).toBe(0);
    const view = new DataView(packet.buffer, packet.byteOffset);
    expect(view.getUint32(16)).toBe(view.getUint32(12));
    out.push(view.getUint32(12));
  }
  return out;
}
/** Bits that two addresses share at their start. */
const shared = (a: number, b: number): number => Math.clz32(a ^ b);
const special = (a: number): boolean => a === 0 || a === 0xffffffff;

describe("AnonymizeIPAddr", () => {
  it("keeps prefixes, and maps an address to the same always", async () => {
    const some = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0x0a000000, max: 0x0a0000ff })),
      {
        minLength: 2,
        maxLength: 30,
      },
    );
    await fc.assert(
      fc.asyncProperty(some, async (addresses) => {
        const to = await mapped("", [...addresses, ...addresses]);
        for (let i = 0; i < addresses.length; i++) {
          const a = addresses[i] as number;
          expect(to[i]).toBe(to[i + addresses.length]);
          if (special(a)) expect(to[i]).toBe(a);
          for (let j = 0; j < i; j++) {
            const b = addresses[j] as number;
            if (special(a) || special(b)) continue;
            expect(shared(to[i] as number, to[j] as number)).toBe(shared(a, b));
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it("keeps classes and networks", async () => {
    const addresses = ["1.2.3.4", "100.1.1.1", "130.1.1.1", "192.1.1.1", "230.1.1.1", "18.1.2.3", "19.9.9.9"].map(
      (text) => parseIpAddress(text) as number,
    );
    const classes = await mapped("CLASS 4", addresses);
    expect(classes.map((to) => Math.min(4, Math.clz32(~to)))).toEqual(
      addresses.map((of) => Math.min(4, Math.clz32(~of))),
    );
    const networks = await mapped("PRESERVE_8 18 192", addresses);
    expect(networks.map((to) => to >>> 24).slice(3)).toEqual([192, expect.any(Number), 18, 19]);
  });

  it("sends what is no packet of version 4 elsewhere", async () => {
    using router = await make("FromDevice(0) -> a :: AnonymizeIPAddr -> ToDevice(0); a [1] -> ToDevice(1)");
    const [first, second] = pass(router, [ip({ src: "1.2.3.4", dst: "1.2.3.5" })]);
    expect([first?.length, second?.length]).toEqual([0, 1]);
  });
});
