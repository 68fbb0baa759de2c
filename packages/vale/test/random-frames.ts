/** Frames of all kinds that lookups look at: tagged, cut off, fragments, with headers that make no sense. */
import fc from "fast-check";

const byte = fc.nat(255);
const few = fc.nat(3);

/** Addresses are few, so that tables have some of them. */
const ip4Address = fc.tuple(fc.constantFrom(10, 192), few, few, few);
const ip6Address = fc.tuple(few, few, few).map(([a, b, c]) => [0x20, 0x01, a, 0, 0, 0, 0, b, 0, 0, 0, 0, 0, 0, 0, c]);
const protocol = fc.constantFrom(6, 17, 132, 136, 33, 1, 47, 0, 43, 44, 60);
const ports = fc.tuple(few, few).map(([a, b]) => [0, a, 0, b]);

const ip4Packet = fc
  .record({
    version: fc.constantFrom(4, 4, 4, 4, 6),
    words: fc.constantFrom(5, 5, 5, 6, 15, 4, 0),
    fragment: fc.constantFrom(0, 0, 0, 0x4000, 0x2000, 0x00b9, 0x8000),
    protocol,
    from: ip4Address,
    to: ip4Address,
    ports,
  })
  .map((p) => [
    ...[(p.version << 4) | p.words, 0, 0, 60, 0, 1, p.fragment >> 8, p.fragment & 0xff, 64, p.protocol, 0, 0],
    ...[...p.from, ...p.to, ...Array.from({ length: Math.max(0, p.words - 5) * 4 }, () => 1), ...p.ports],
  ]);
const extension = fc.record({ kind: fc.constantFrom(0, 43, 60, 44), next: protocol, long: fc.constantFrom(0, 0, 1) });
const ip6Packet = fc
  .record({
    version: fc.constantFrom(6, 6, 6, 6, 4),
    extensions: fc.array(extension, { maxLength: 10 }),
    protocol,
    from: ip6Address,
    to: ip6Address,
    ports,
  })
  .map((p) => {
    const kinds = [...p.extensions.map((e) => e.kind), p.protocol];
    const chain = p.extensions.flatMap((e, i) => [
      ...[kinds[i + 1] as number, e.kind === 44 ? 0 : e.long],
      ...Array.from({ length: 6 + (e.kind === 44 ? 0 : e.long * 8) }, () => 1),
    ]);
    return [p.version << 4, 0, 0, 0, 0, 20, kinds[0] as number, 64, ...p.from, ...p.to, ...chain, ...p.ports];
  });

const tag = fc
  .record({ type: fc.constantFrom([0x81, 0], [0x88, 0xa8]), pcp: few, vid: fc.constantFrom(0, 1, 10, 20, 4095) })
  .map(({ type, pcp, vid }) => [...type, (pcp << 5) | (vid >> 8), vid & 0xff]);
const station = fc.tuple(fc.constantFrom(2, 2, 2, 3, 255), few).map(([first, last]) => [first, 0, 0, 0, 0, last]);
const payload = fc.oneof(
  ip4Packet.map((p) => [0x08, 0, ...p]),
  ip6Packet.map((p) => [0x86, 0xdd, ...p]),
  fc.array(byte, { maxLength: 40 }).map((p) => [0x08, 0x06, ...p]),
  fc.array(byte, { maxLength: 60 }),
);

/** A frame, or what is left of one that was cut. */
export const someFrame: fc.Arbitrary<Uint8Array> = fc
  .record({
    to: station,
    from: station,
    tags: fc.oneof(fc.constant([]), fc.array(tag, { maxLength: 3 })),
    payload,
    cut: fc.oneof({ weight: 3, arbitrary: fc.constant(1000) }, { weight: 1, arbitrary: fc.nat(100) }),
    padding: fc.nat(8),
  })
  .map(({ to, from, tags, payload, cut, padding }) =>
    Uint8Array.from([...to, ...from, ...tags.flat(), ...payload, ...Array<number>(padding).fill(0)].slice(0, cut)),
  );
