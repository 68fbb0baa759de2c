import { type Format, type StagedHeader, span, stored16, stored32, type Table, WireError } from "@clickos/wire";
import { arp, arpOperations } from "@clickos/wire/arp";
import { ethernet, etherTypes, vlan } from "@clickos/wire/ethernet";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { tcp, tcpMaximumSegmentSize, tcpOptionKinds, tcpOptions } from "@clickos/wire/tcp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formats } from "./all-formats.ts";
import { goldens, hex } from "./golden.ts";
import { address, compile } from "./run.ts";

type AnyHeader = Record<string, any> & StagedHeader<Table>;
const at = <T extends Table>(format: Format<T>, c: Parameters<typeof span>[0], p: Parameters<typeof span>[1]) =>
  span(c, p, format.size).header(format) as unknown as AnyHeader;

describe("staged headers are what the host sees", () => {
  for (const format of formats)
    it(`${format.name}: every field read, alone and loaded together`, () => {
      const bits = format.rows.filter((row) => row.kind === "bits");
      // A function for all fields: the results go to memory behind the header.
      const code = compile((c, p) => {
        const header = at(format, c, p);
        const loaded = (header.load as (...n: string[]) => Record<string, any>)(...bits.map((row) => row.name));
        bits.forEach((row, i) => {
          c.store32(p, header[row.name].get(), 128 + i * 16);
          c.store32(p, loaded[row.name], 132 + i * 16);
          c.store32(p, header[row.name].isSet(), 136 + i * 16);
          if (row.whole) c.store32(p, header[row.name].stored.get(), 140 + i * 16);
        });
        c.store32(p, header.headerLength, 120);
        return header.wellFormed();
      });
      fc.assert(
        fc.property(fc.uint8Array({ minLength: format.size, maxLength: format.size }), fc.boolean(), (noise, good) => {
          const memory = new Uint8Array(800);
          memory.set(noise);
          const view = format.view(memory) as Record<string, any>;
          if (good) for (const row of format.rows) if (row.is !== undefined) view[row.name] = row.is;
          const before = memory.slice(0, format.size);
          const { result, after } = code.run(memory);
          const data = new DataView(after.buffer);
          bits.forEach((row, i) => {
            const value = view[row.name];
            const wide = data.getUint32(128 + i * 16, true);
            expect([row.name, wide, data.getUint32(132 + i * 16, true)]).toEqual([row.name, value, value]);
            expect([row.name, data.getUint32(136 + i * 16, true) !== 0]).toEqual([row.name, value !== 0]);
            if (row.whole) {
              const stored = row.size === 1 ? value : row.size === 2 ? stored16(value) : stored32(value);
              expect([row.name, data.getUint32(140 + i * 16, true)]).toEqual([row.name, stored]);
            }
          });
          expect(data.getUint32(120, true)).toBe(view.headerLength);
          expect([...after.subarray(0, format.size)]).toEqual([...before]);
          const fixed = format.rows.every((row) => row.is === undefined || view[row.name] === row.is);
          expect(result).toBe(fixed ? 1 : 0);
        }),
        { numRuns: 40 },
      );
    });

  it("TCP flags, some together", () => {
    const code = compile((c, p) => {
      const segment = span(c, p, tcp.size).header(tcp);
      return segment
        .anySet("fin", "rst")
        .ne(0)
        .or(segment.anySet("ns", "ack").ne(0).shl(1))
        .or(segment.anySet().shl(2));
    });
    const run = (flags: object): number =>
      code.run(tcp.bytes({ ...flags, dataOffset: 15, psh: 1, reserved: 7 })).result;
    expect([{}, { fin: 1 }, { rst: 1, syn: 1 }, { syn: 1, urg: 1 }, { ns: 1 }, { ack: 1, fin: 1 }].map(run)).toEqual([
      0, 1, 1, 0, 2, 3,
    ]);
  });

  for (const format of formats)
    it(`${format.name}: every field written, and no bit besides`, () => {
      for (const row of format.rows.filter((r) => r.kind === "bits")) {
        const code = compile((c, p) => {
          const header = at(format, c, p);
          const value = c.load32(p, 64);
          c.if(
            c.load8(p, 68),
            () => header[row.name].set(value),
            () => header[row.name].inc(value),
          );
          header[row.name].set(header[row.name].get());
          return 0;
        });
        fc.assert(
          fc.property(
            fc.uint8Array({ minLength: 64, maxLength: 64 }),
            fc.nat(0xffffffff),
            fc.boolean(),
            (noise, value, set) => {
              const memory = new Uint8Array(72);
              memory.set(noise);
              new DataView(memory.buffer).setUint32(64, value, true);
              memory[68] = set ? 1 : 0;
              const expected = memory.slice();
              const view = format.view(expected) as Record<string, any>;
              view[row.name] = set ? value : (view[row.name] + value) % 2 ** 32;
              expect([...code.run(memory).after]).toEqual([...expected]);
            },
          ),
          { numRuns: 10 },
        );
        const constant = compile((c, p) => {
          at(format, c, p)[row.name].set(0xffffffff & row.mask);
          return 0;
        });
        const expected = new Uint8Array(64);
        (format.view(expected) as Record<string, any>)[row.name] = row.mask;
        expect([...constant.run(new Uint8Array(64)).after]).toEqual([...expected]);
      }
    });

  for (const { format, values, bytes } of goldens)
    it(`${format.name}: written whole, from values known and not`, () => {
      for (const known of [true, false]) {
        const code = compile((c, p) => {
          const given = Object.fromEntries(
            Object.entries(values)
              .filter(([name]) => !("over" in (format.table.fields[name] as object)))
              .map(([name, value]) => [
                name,
                typeof value === "number" && !known ? c.load32(p, 0).add(value | 0) : value,
              ]),
          );
          // The header stands behind a word that is 0.
          (span(c, p, 200).advance(4).header(format) as unknown as AnyHeader).emit(given as never);
          return 0;
        });
        const memory = new Uint8Array(4 + format.size + 8).fill(0xa5);
        memory.fill(0, 0, 4);
        const { after } = code.run(memory);
        expect([...after.subarray(4)]).toEqual([...bytes.subarray(0, format.size), ...new Uint8Array(8).fill(0xa5)]);
      }
    });
});

describe("fields of bytes", () => {
  it("are copied, compared, exchanged and set", () => {
    const code = compile((c, p) => {
      const ether = span(c, p, 14).header(ethernet);
      const { source, destination } = ether;
      const same = destination.equals(hex("020000000001")).or(source.equals(hex("020000000002")).shl(1));
      const before = source.get();
      source.set(destination);
      destination.set(before);
      return same.or(source.equals(hex("020000000001")).shl(2)).or(ether.etherType.get().shl(16));
    });
    const { result, after, around } = code.run(hex("020000000001 020000000002 0800"));
    expect([result, around]).toEqual([0x08000007, true]);
    expect([...after]).toEqual([...hex("020000000002 020000000001 0800")]);
    expect(code.run(hex("020000000009 020000000008 0800")).result).toBe(0x08000000);
  });

  it("of 16 bytes likewise, in a header written over itself", () => {
    const a = hex("20010db8000000000000000000000001");
    const b = hex("fe800000000000000000000000000002");
    const code = compile((c, p) => {
      const ip = span(c, p, 40).header(ipv6);
      const [source, destination] = [ip.source, ip.destination];
      const equal = source.equals(a).and(destination.equals(b));
      ip.emit({ source: destination, destination: source, nextHeader: ip.nextHeader.get(), hopLimit: 255 });
      return equal;
    });
    const before = ipv6.bytes({ source: a, destination: b, nextHeader: 58, hopLimit: 3, flowLabel: 5 });
    const { result, after } = code.run(before);
    expect(result).toBe(1);
    expect([...after]).toEqual([...ipv6.bytes({ source: b, destination: a, nextHeader: 58, hopLimit: 255 })]);
    before[39] = 9;
    expect(code.run(before).result).toBe(0);
  });

  it("are refused in another size", () => {
    const wrong =
      (body: (ether: AnyHeader, ip: AnyHeader) => void): (() => unknown) =>
      () =>
        compile((c, p) => {
          body(at(ethernet, c, p), at(ipv6, c, p));
          return 0;
        });
    expect(wrong((ether, ip) => ether.source.set(ip.source))).toThrow("source has 6 bytes; 16 are given");
    expect(wrong((ether) => ether.source.set(new Uint8Array(4)))).toThrow(WireError);
    expect(wrong((ether) => ether.source.equals(new Uint8Array(4)))).toThrow(WireError);
    expect(wrong((ether, ip) => ether.emit({ source: ip.source }))).toThrow(WireError);
    expect(wrong((ether, ip) => ip.source.get(ether))).toThrow("16 bytes are no number of 64 bits");
    expect(wrong((_, ip) => ip.version.stored)).toThrow("version is a part of its bytes, and not stored as they are");
  });
});

describe("proof of length", () => {
  const comparisons = (text: string): number => (text.match(/\b(ltS|gtU|geS|gtS|ltU)\b/g) ?? []).length;

  it("is one comparison for headers that follow one another, and loads have constant offsets", () => {
    const code = compile((c, p, length) => {
      const frame = span(c, p, length).need(ethernet.size + arp.size, () => c.return(-1));
      const ether = frame.header(ethernet);
      const request = ether.payload().header(arp);
      return ether.etherType.get().add(request.operation.get());
    });
    expect(comparisons(code.text)).toBe(1);
    expect(code.text).toMatch(/load16be\[at \+ 12\]/);
    expect(code.text).toMatch(/load16be\[at \+ 20\]/);
    expect(code.run(hex(`${"00".repeat(12)}0806${"00".repeat(7)}01${"00".repeat(20)}`)).result).toBe(0x0806 + 1);
    expect(code.run(new Uint8Array(64), 41).result).toBe(-1);
    expect(code.run(new Uint8Array(64), 42).result).toBe(0);
  });

  it("is asked for where nothing is known, and may not fall through", () => {
    const refused =
      (body: Parameters<typeof compile>[0]): (() => unknown) =>
      () =>
        compile(body);
    expect(
      refused((c, p, length) => {
        span(c, p, length).header(tcp);
        return 0;
      }),
    ).toThrow("20 bytes are asked for, 0 are known to be there, and nothing says what to do otherwise");
    expect(
      refused((c, p, length) => {
        span(c, p, length).header(ethernet, "stated").payload().header(ipv4);
        return 0;
      }),
    ).toThrow(
      new WireError(
        "UNPROVEN",
        "20 bytes are asked for, 0 are known to be there, and nothing says what to do otherwise",
      ),
    );
    expect(
      refused((c, p, length) => {
        span(c, p, length).header(ipv4, "stated").payload();
        return 0;
      }),
    ).toThrow("IPv4 says how long it is, and nothing is for where that is wrong");
    expect(
      refused((c, p, length) => {
        span(c, p, length).header(tcp, () => {});
        return 0;
      }),
    ).toThrow("the branch of a `leaveIf` goes on where it must leave");
    expect(refused((c, p, length) => span(c, p, length).advance(length).length)).toThrow(WireError);
    expect(
      refused((c, p) => {
        span(c, p, 40).header(ethernet).clip("stated");
        return 0;
      }),
    ).toThrow("Ethernet does not say where its packet ends");
  });

  it("of a length below 0 is that nothing is there", () => {
    const code = compile((c, p, length) => {
      const bytes = span(c, p, length.sub(100));
      c.if(bytes.has(1), () => c.return(1));
      return bytes.advance(c.load8(p), () => c.return(-1)).length;
    });
    expect(code.run(hex("00"), 50).result).toBe(-1);
    expect(code.run(hex("00"), 100).result).toBe(0);
    expect(code.run(hex("05"), 104).result).toBe(1);
    const short = compile((c, p, length) => {
      span(c, p, length.sub(100)).header(tcp, () => c.return(-1));
      return 1;
    });
    expect([
      short.run(hex("00"), 50).result,
      short.run(hex("00"), 119).result,
      short.run(hex("00"), 120).result,
    ]).toEqual([-1, -1, 1]);
  });

  it("parts that are taken end where they say", () => {
    const code = compile((c, p, length) => {
      const bytes = span(c, p, length).need(4, () => c.return(-1));
      const four = bytes.take(4);
      c.if(four.has(5), () => c.return(-2));
      const some = bytes.take(four.header(vlan).tci.get(), () => c.return(-3));
      return some.length.add(bytes.advance(c.i32(2)).length.shl(8));
    });
    expect(code.run(hex("0005 0000 00 00")).result).toBe(5 + (4 << 8));
    expect(code.run(hex("0007 0000 00 00")).result).toBe(-3);
    expect(code.run(hex("0007 00")).result).toBe(-1);
  });
});

describe("IPv4 with options, then TCP with options", () => {
  /** The MSS of a TCP packet; what is missing otherwise, below 0. */
  const code = compile((c, p, length) => {
    const leave = (result: number) => () => c.return(result);
    const ip = span(c, p, length).header(ipv4, leave(-1));
    c.if(ip.wellFormed().eqz(), leave(-2));
    const packet = ip.clip(leave(-3));
    c.if(packet.protocol.get().ne(ipProtocols.tcp), leave(-4));
    c.if(packet.fragmentOffset.get(), leave(-5));
    const segment = packet.payload(leave(-6)).header(tcp, leave(-7));
    const { options } = segment.parts(leave(-8));
    const mss = c.var("i32", 0, "mss");
    tcpOptions.each(
      options,
      (option) => {
        c.if(option.kind.ne(tcpOptionKinds.maximumSegmentSize), () => c.continue());
        c.if(option.span.has(tcpMaximumSegmentSize.size).eqz(), () => c.continue());
        mss.set(option.span.header(tcpMaximumSegmentSize, "stated").maximumSegmentSize.get());
        c.break();
      },
      leave(-9),
    );
    return mss.get();
  });

  /** The same on the host. */
  const model = (bytes: Uint8Array): number => {
    const ip = ipv4.read(bytes);
    if (!ip.ok && ip.problem.kind === "truncated") return -1;
    if (!ip.ok && ip.problem.kind === "unexpected value") return -2;
    const header = ipv4.view(bytes);
    if (header.totalLength < ipv4.size || header.totalLength > bytes.length) return -3;
    if (header.protocol !== ipProtocols.tcp) return -4;
    if (header.fragmentOffset !== 0) return -5;
    if (!ip.ok || header.headerLength > header.totalLength) return -6;
    const segment = tcp.read(header.payload);
    if (!segment.ok && segment.problem.kind === "truncated") return -7;
    if (!segment.ok) return -8;
    const { options, malformedAt } = tcpOptions.read(segment.header.options);
    for (const { bytes } of options) {
      const mss = tcpMaximumSegmentSize.read(bytes);
      if (bytes[0] === 2 && bytes.length >= 4)
        return mss.ok ? mss.header.maximumSegmentSize : ((bytes[2] as number) << 8) | (bytes[3] as number);
    }
    return malformedAt === undefined ? 0 : -9;
  };

  const packet = (ipOptions: string, options: string, payload = 0): Uint8Array => {
    const segment = tcp.bytes({ options: hex(options), sourcePort: 1 });
    const header = ipv4.bytes({ options: hex(ipOptions), protocol: ipProtocols.tcp });
    const whole = Uint8Array.of(...header, ...segment, ...new Uint8Array(payload));
    ipv4.view(whole).totalLength = whole.length;
    return whole;
  };

  it("finds an option at any depth, and stops at any lie", () => {
    const whole = packet("94040000", "0101 0402 020405b4 0303", 10);
    expect(code.run(whole).result).toBe(1460);
    const change = (at: number, value: number): number => {
      const copy = whole.slice();
      copy[at] = value;
      expect(code.run(copy).result).toBe(model(copy));
      return code.run(copy).result;
    };
    expect(code.run(whole.subarray(0, 19)).result).toBe(-1);
    expect(change(0, 0x66)).toBe(-2);
    expect(change(3, 200)).toBe(-3);
    expect(change(3, 19)).toBe(-3);
    expect(change(9, 17)).toBe(-4);
    expect(change(7, 1)).toBe(-5);
    expect(change(0, 0x44)).toBe(-6);
    expect(change(0, 0x4f)).toBe(-7);
    expect(code.run(whole.subarray(0, 59)).result).toBe(-3);
    expect(change(3, 43)).toBe(-7);
    expect(change(24 + 12, 0x40)).toBe(-8);
    expect(change(24 + 12, 0xf0)).toBe(-8);
    expect(change(24 + 20 + 3, 1)).toBe(-9);
    expect(change(24 + 20 + 3, 40)).toBe(-9);
    expect(code.run(packet("", "")).result).toBe(0);
  });

  it("agrees with the host on changed packets, and reads nothing but them", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          packet("94040000", "0101 0402 020405b4 0303", 10),
          packet("", "020405b4 050a 00000001 00000002 08"),
        ),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 5 }),
        fc.nat(70),
        (whole, changes, cut) => {
          const bytes = whole.slice(0, Math.min(whole.length, cut < 10 ? 20 + cut : 70));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          const { result, after, around } = code.run(bytes);
          expect(result).toBe(model(bytes));
          expect([...after]).toEqual([...bytes]);
          expect(around).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe("an ARP reply", () => {
  it("is built in place of its request", () => {
    const mine = hex("020000000099");
    const code = compile((c, p, length) => {
      const leave = (): void => c.return(0);
      const frame = span(c, p, length).need(ethernet.size + arp.size, leave);
      const ether = frame.header(ethernet);
      const message = ether.payload().header(arp);
      const asked = ether.etherType.get().eq(etherTypes.arp).and(message.wellFormed());
      c.leaveIf(asked.and(message.operation.get().eq(arpOperations.request)).eqz(), leave);
      const target = message.targetProtocol.stored.get();
      ether.emit({ destination: message.senderHardware, source: mine, etherType: etherTypes.arp });
      message.targetHardware.set(message.senderHardware);
      message.targetProtocol.stored.set(message.senderProtocol.stored.get());
      message.senderHardware.set(mine);
      message.senderProtocol.stored.set(target);
      message.operation.set(arpOperations.reply);
      return 1;
    });
    const request = Uint8Array.of(
      ...hex("ffffffffffff 020000000001 0806"),
      ...hex("0001 0800 0604 0001 020000000001 0a000001 000000000000 0a000002"),
    );
    const { result, after, around } = code.run(request);
    expect([result, around]).toEqual([1, true]);
    expect([...after]).toEqual([
      ...hex("020000000001 020000000099 0806"),
      ...hex("0001 0800 0604 0002 020000000099 0a000002 020000000001 0a000001"),
    ]);
    expect(address % 16).toBe(0);
    for (const [at, value] of [
      [12, 9],
      [15, 2],
      [18, 7],
      [19, 5],
      [21, 2],
    ] as const) {
      const other = request.slice();
      other[at] = value;
      expect(code.run(other)).toEqual({ result: 0, after: other, around: true });
    }
  });
});
