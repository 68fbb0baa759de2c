import { type OptionList, optionList, span } from "@clickos/wire";
import { ethernet, etherTypes, readTags, skipTags, vlan } from "@clickos/wire/ethernet";
import { neighborOptions } from "@clickos/wire/icmpv6";
import { ipv4Options } from "@clickos/wire/ipv4";
import {
  authenticationHeader,
  ipv6,
  ipv6Extension,
  ipv6Fragment,
  ipv6Options,
  readExtensions,
  skipExtensions,
} from "@clickos/wire/ipv6";
import { pppOptions, pppoeTags } from "@clickos/wire/ppp";
import { tcpOptions } from "@clickos/wire/tcp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex } from "./golden.ts";
import { compile } from "./run.ts";

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]));

describe("option lists", () => {
  const lists: readonly OptionList[] = [ipv4Options, tcpOptions, ipv6Options, neighborOptions, pppoeTags, pppOptions];

  /** A number of all options and whether the list was malformed. */
  const digest = (options: readonly { kind: number; at: number; length: number }[], malformed: boolean): number =>
    options.reduce((n, { kind, at, length }) => (Math.imul(n, 31) + kind * 65536 + at * 256 + length) | 0, 7) ^
    (malformed ? 0x40000000 : 0);

  for (const list of lists) {
    const code = compile((c, p, length) => {
      const n = c.var("i32", 7);
      const bad = c.var("i32", 0);
      c.block((done) => {
        list.each(
          span(c, p, length),
          ({ kind, span: option }) =>
            n.set(n.get().mul(31).add(kind.mul(65536)).add(option.address.sub(p).mul(256)).add(option.length)),
          () => {
            bad.set(0x40000000);
            c.br(done);
          },
        );
      });
      return n.get().xor(bad.get());
    });
    const check = (bytes: Uint8Array): void => {
      const { options, malformedAt } = list.read(bytes);
      const at = options.map((o) => ({
        kind: o.kind,
        at: o.bytes.byteOffset - bytes.byteOffset,
        length: o.bytes.length,
      }));
      let end = 0;
      for (const o of at) {
        expect(o.at).toBe(end);
        end += o.length;
      }
      expect(end).toBeLessThanOrEqual(bytes.length);
      if (malformedAt !== undefined) expect(malformedAt).toBe(end);
      const { result, around } = code.run(bytes);
      expect([result, around]).toEqual([digest(at, malformedAt !== undefined), true]);
    };

    it(`${list.table.name}: any bytes end, on the host as in code`, () => {
      const small = fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 255);
      fc.assert(
        fc.property(fc.array(fc.oneof(small, fc.nat(255)), { maxLength: 40 }), (bytes) =>
          check(Uint8Array.from(bytes)),
        ),
        { numRuns: 500 },
      );
    });

    it(`${list.table.name}: options written are read`, () => {
      const { kindBytes, unit, counts, end, single = [] } = list.table;
      const size = unit === 8 ? fc.constantFrom(6, 14) : fc.nat(12);
      const option = fc
        .tuple(
          fc.integer({ min: 0, max: 256 ** kindBytes - 1 }),
          size.chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
        )
        .filter(([kind]) => kind !== end);
      fc.assert(
        fc.property(fc.array(option, { maxLength: 5 }), (options) => {
          const bytes = join(...options.map(([kind, value]) => list.bytes(kind, value)));
          expect(list.read(bytes).options.map((o) => [o.kind, [...o.value]])).toEqual(
            options.map(([kind, value]) => [kind, single.includes(kind) ? [] : [...value]]),
          );
          expect(counts === "all" || unit === 1).toBe(true);
          check(bytes);
        }),
        { numRuns: 50 },
      );
    });
  }

  it("of golden bytes", () => {
    const texts = (list: OptionList, bytes: string): unknown => {
      const { options, malformedAt } = list.read(hex(bytes));
      return [...options.map((o) => `${o.kind}:${[...o.value].map((b) => b.toString(16)).join(" ")}`), malformedAt];
    };
    expect(texts(tcpOptions, "020405b4 01 030307 00 ff")).toEqual(["2:5 b4", "1:", "3:7", undefined]);
    expect(texts(tcpOptions, "01 0201")).toEqual(["1:", 1]);
    expect(texts(tcpOptions, "01 02")).toEqual(["1:", 1]);
    expect(texts(tcpOptions, "0205b4")).toEqual([0]);
    expect(texts(ipv6Options, "05020000 0100 00")).toEqual(["5:0 0", "1:", "0:", undefined]);
    expect(texts(neighborOptions, "0101020000000001 0500")).toEqual(["1:2 0 0 0 0 1", 8]);
    expect(texts(pppoeTags, "0101 0000 0103 0002 abcd 00")).toEqual(["257:", "259:ab cd", 10]);
    expect(() => neighborOptions.bytes(1, new Uint8Array(5))).toThrow("a value of 5 bytes does not fit");
    expect(() => tcpOptions.bytes(2, new Uint8Array(254))).toThrow("a value of 254 bytes does not fit");
  });

  it("may be left early", () => {
    const list = optionList({ ...tcpOptions.table, single: [] });
    const code = compile((c, p, length) => {
      const seen = c.var("i32", 0);
      list.each(span(c, p, length), ({ kind }) => {
        c.if(kind.eq(9), () => c.continue());
        seen.inc();
        c.if(kind.eq(5), () => c.break());
      });
      return seen.get();
    });
    expect(code.run(hex("0202 0902 0302 0502 0602")).result).toBe(3);
    // A malformed option that nothing is done about is the end.
    expect(code.run(hex("0202 0902 0300 0502 0602")).result).toBe(1);
  });
});

describe("VLAN tags", () => {
  const code = compile((c, p, length) => {
    const ether = span(c, p, length).header(ethernet, () => c.return(-1));
    const { etherType, payload } = skipTags(ether, () => c.return(-2));
    return etherType.or(payload.address.sub(p).shl(16)).or(payload.length.shl(24));
  });
  const frame = (tags: readonly [number, number][], etherType: number, payload = 5): Uint8Array => {
    let next = etherType;
    const parts = [...tags].reverse().map(([tpid, vid]) => {
      const bytes = vlan.bytes({ vid, etherType: next });
      next = tpid;
      return bytes;
    });
    return join(ethernet.bytes({ etherType: next }), ...parts.reverse(), new Uint8Array(payload));
  };

  it("nest to any depth", () => {
    const { vlan: customer, serviceVlan: provider, ip6 } = etherTypes;
    for (const tags of [
      [],
      [[customer, 7]],
      [
        [provider, 8],
        [customer, 9],
      ],
      Array(10).fill([customer, 1]),
    ] as [number, number][][]) {
      const bytes = frame(tags, ip6);
      const at = 14 + 4 * tags.length;
      expect(code.run(bytes).result).toBe((ip6 | (at << 16) | (5 << 24)) >> 0);
      const read = readTags(ethernet.view(bytes));
      if (!read.ok) throw new Error(read.problem.text);
      expect([read.header.etherType, read.header.tags.map((t) => t.vid), read.header.payload.length]).toEqual([
        ip6,
        tags.map(([, vid]) => vid),
        5,
      ]);
    }
  });

  it("that are cut off are refused", () => {
    const bytes = frame(
      [
        [etherTypes.vlan, 1],
        [etherTypes.vlan, 2],
      ],
      1,
      0,
    );
    expect(code.run(bytes.subarray(0, 21)).result).toBe(-2);
    expect(readTags(ethernet.view(bytes.subarray(0, 21))).ok).toBe(false);
    expect(code.run(bytes.subarray(0, 13)).result).toBe(-1);
    expect(code.run(bytes).result).toBe(1 | (22 << 16));
  });
});

describe("IPv6 extension headers", () => {
  const code = compile((c, p, length) => {
    const ip = span(c, p, length).header(ipv6, () => c.return(-1));
    const { protocol, fragmentOffset, payload } = skipExtensions(
      ip.clip(() => c.return(-2)),
      () => c.return(-3),
    );
    return protocol.or(payload.address.sub(p).shl(8)).or(payload.length.shl(16)).or(fragmentOffset.ne(0).shl(24));
  });
  const model = (bytes: Uint8Array): number => {
    if (bytes.length < 40) return -1;
    const ip = ipv6.view(bytes);
    if (!ip.complete) return -2;
    const read = readExtensions(ip);
    if (!read.ok) return -3;
    const { protocol, fragmentOffset, payload } = read.header;
    return (
      protocol |
      ((payload.byteOffset - bytes.byteOffset) << 8) |
      (payload.length << 16) |
      ((fragmentOffset ? 1 : 0) << 24)
    );
  };
  const packet = (first: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const payload = join(...parts);
    return join(ipv6.bytes({ nextHeader: first, payloadLength: payload.length }), payload);
  };

  it("are gone past, in any order, up to a later fragment", () => {
    const hop = ipv6Extension.bytes({ nextHeader: 43 });
    const routing = join(ipv6Extension.bytes({ nextHeader: 51, headerExtensionLength: 1 }), new Uint8Array(8));
    const ah = join(authenticationHeader.bytes({ nextHeader: 44, payloadLength: 4 }), new Uint8Array(12));
    const fragment = ipv6Fragment.bytes({ nextHeader: 60, m: 1 });
    const destination = ipv6Extension.bytes({ nextHeader: 6 });
    const whole = packet(0, hop, routing, ah, fragment, destination, new Uint8Array(20));
    const at = 40 + 8 + 16 + 24 + 8 + 8;
    expect(code.run(whole).result).toBe(6 | (at << 8) | (20 << 16));
    expect(model(whole)).toBe(code.run(whole).result);
    const later = packet(44, ipv6Fragment.bytes({ nextHeader: 60, fragmentOffset: 1 }), destination);
    expect(code.run(later).result).toBe(60 | (48 << 8) | (8 << 16) | (1 << 24));
    expect(model(later)).toBe(code.run(later).result);
    // A header whose length lies, and one that is cut off.
    for (let i = 0; i < whole.length; i++) {
      const cut = whole.slice(0, i);
      if (i >= 40) ipv6.view(cut).payloadLength = i - 40;
      expect([i, code.run(cut).result]).toEqual([i, model(cut)]);
    }
  });

  it("of any bytes end, on the host as in code", () => {
    const kinds = fc.constantFrom(0, 43, 44, 51, 60, 135, 139, 140, 6, 17, 59, 255);
    const extension = fc.tuple(
      kinds,
      fc.constantFrom(0, 0, 0, 1, 2, 255),
      fc.uint8Array({ minLength: 6, maxLength: 6 }),
    );
    fc.assert(
      fc.property(kinds, fc.array(extension, { maxLength: 10 }), fc.nat(12), (first, list, missing) => {
        const bytes = packet(first, ...list.map(([kind, n, rest]) => Uint8Array.of(kind, n, ...rest)));
        const cut = bytes.slice(0, bytes.length - missing);
        if (cut.length >= 40) ipv6.view(cut).payloadLength = cut.length - 40;
        const { result, around } = code.run(cut);
        expect([result, around]).toEqual([model(cut), true]);
      }),
      { numRuns: 2000 },
    );
  });
});
