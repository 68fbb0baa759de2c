import { type Format, format, type HeaderView, readField, type Table, WireError } from "@clickos/wire";
import { ethernet } from "@clickos/wire/ethernet";
import { gre, greWords } from "@clickos/wire/gre";
import { ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formats } from "./all-formats.ts";
import { goldens, hex } from "./golden.ts";

const plain = (value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);
const fieldsOf = (header: HeaderView<Table>, { rows }: Format<Table>): Record<string, unknown> =>
  Object.fromEntries(rows.map(({ name }) => [name, plain((header as Record<string, unknown>)[name])]));

describe("golden bytes", () => {
  it("are there for every format", () => {
    expect(formats.length).toBeGreaterThan(35);
    expect(formats.filter((f) => !goldens.some((g) => g.format === f)).map((f) => f.name)).toEqual([]);
  });

  for (const { format, bytes, values, options } of goldens)
    it(`of ${format.name} are read and written`, () => {
      const expected = Object.fromEntries(
        format.rows.map((row) => [
          row.name,
          plain(values[row.name] ?? (row.kind === "bits" ? 0 : new Uint8Array(row.size))),
        ]),
      );
      const shifted = new Uint8Array(bytes.length + 7).fill(0xa5);
      shifted.set(bytes, 3);
      const read = format.read(shifted.subarray(0, bytes.length + 3), 3);
      if (!read.ok) throw new Error(read.problem.text);
      expect(fieldsOf(read.header, format)).toEqual(expected);
      expect([...read.header.options]).toEqual([...(options ?? [])]);
      expect(read.header.headerLength).toBe(bytes.length);

      const built = new Uint8Array(bytes.length + 7).fill(0xa5);
      const header = format.emit(built, { ...values, ...(options ? { options } : {}) } as never, 3);
      expect([...built]).toEqual([...shifted]);
      expect(fieldsOf(header, format)).toEqual(expected);

      // By fields alone, one by one, those taken together left out: they follow.
      const one = new Uint8Array(bytes.length).fill(0xa5);
      one.set(options ?? [], format.size);
      const target = format.view(one) as Record<string, unknown>;
      for (const name of Object.keys(expected))
        if (!("over" in (format.table.fields[name] as object)))
          target[name] = values[name] ?? (Array.isArray(expected[name]) ? Uint8Array.from(expected[name]) : 0);
      expect([...one]).toEqual([...bytes]);
    });
});

/** `first bit-last bit` of fields, from the structures in clicknet/ip.h, tcp.h, udp.h, ether.h, ip6.h and the RFCs. */
const places: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  IPv4: {
    version: "0-3",
    ihl: "4-7",
    tos: "8-15",
    totalLength: "16-31",
    identification: "32-47",
    df: "49-49",
    mf: "50-50",
    fragmentOffset: "51-63",
    ttl: "64-71",
    protocol: "72-79",
    checksum: "80-95",
    source: "96-127",
    destination: "128-159",
  },
  IPv6: { trafficClass: "4-11", flowLabel: "12-31", payloadLength: "32-47", nextHeader: "48-55", source: "64-191" },
  TCP: {
    sequenceNumber: "32-63",
    dataOffset: "96-99",
    ns: "103-103",
    flags: "104-111",
    fin: "111-111",
    window: "112-127",
    checksum: "128-143",
    urgentPointer: "144-159",
  },
  UDP: { length: "32-47", checksum: "48-63" },
  ARP: { operation: "48-63", senderHardware: "64-111", senderProtocol: "112-143", targetProtocol: "192-223" },
};

describe("tables", () => {
  it("place fields where the structures of C have them", () => {
    for (const [name, fields] of Object.entries(places)) {
      const format = formats.find((f) => f.name === name) as Format<Table>;
      expect(
        Object.fromEntries(
          Object.keys(fields).map((field) => {
            const { bit, bits } = format.fields[field] as { bit: number; bits: number };
            return [field, `${bit}-${bit + bits - 1}`];
          }),
        ),
      ).toEqual(fields);
    }
  });

  it("name the specification of every field", () => {
    for (const { rows } of formats)
      for (const row of rows)
        expect([row.name, row.reference]).toEqual([row.name, expect.stringMatching(/^(RFC|IEEE|IANA|Cisco),? /)]);
    expect(ipv4.fields.ecn.reference).toBe("RFC 3168 section 5");
    expect(ipv4.fields.ttl.rfc).toBe("Time to Live");
  });

  it("are refused where fields cannot be", () => {
    const refused =
      (fields: Table["fields"], more: Partial<Table> = {}): (() => unknown) =>
      () =>
        format({ name: "X", reference: "RFC 0", fields, ...more }).rows;
    expect(refused({ a: { bits: 3 } })).toThrow(new WireError("BAD_TABLE", "X has 3 bits, which are no whole bytes"));
    expect(refused({ a: { bits: 4 }, b: { bytes: 2 }, c: { bits: 4 } })).toThrow(
      "X.b does not start at a byte, but at bit 4",
    );
    expect(refused({ a: { bits: 4 }, b: { bits: 32 }, c: { bits: 4 } })).toThrow(
      "X.b has 32 bits at 4, which do not lie in 1, 2 or 4 bytes of the header",
    );
    expect(refused({ address: { bits: 8 } })).toThrow("X.address has the name of something that every header has");
    expect(refused({ a: { over: ["b", "b"] } })).toThrow("X.a is over fields that do not come before it: b, b");
    expect(refused({ a: { bits: 4, is: 16 }, b: { bits: 4 } })).toThrow("X.a has 4 bits, and a value that needs more");
    expect(refused({ a: { bits: 8 } }, { headerLength: { field: "b", unit: 4 } })).toThrow("X has no field 'b'");
  });
});

describe("reading", () => {
  const problem = (f: Format<Table>, bytes: Uint8Array): string => {
    const read = f.read(bytes);
    return read.ok ? "" : read.problem.text;
  };

  it("says what is wrong", () => {
    const any = (f: unknown): Format<Table> => f as Format<Table>;
    expect(problem(any(ipv4), new Uint8Array(19))).toBe("IPv4: 19 of 20 bytes");
    expect(problem(any(ipv4), hex("65".padEnd(40, "0")))).toBe("IPv4: Version 6");
    expect(problem(any(ipv4), hex("44".padEnd(40, "0")))).toBe("IPv4: a header of 16 bytes, 20 are there");
    expect(problem(any(ipv4), hex("4f".padEnd(118, "0")))).toBe("IPv4: a header of 60 bytes, 59 are there");
    expect(problem(any(ipv4), hex("4f".padEnd(120, "0")))).toBe("");
    const read = tcp.read(hex("00".repeat(20)));
    expect(read).toEqual({
      ok: false,
      problem: expect.objectContaining({ kind: "bad header length", field: "dataOffset", value: 0 }),
    });
    const odd = ipv4.read(new Uint8Array(40), 41);
    expect(odd.ok ? "" : odd.problem).toEqual({
      kind: "truncated",
      field: undefined,
      value: 0,
      text: "IPv4: 0 of 20 bytes",
    });
  });

  it("never throws, and what it gives lies in the bytes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...formats),
        fc.uint8Array({ maxLength: 96 }),
        fc.nat(8),
        fc.constantFrom(...goldens),
        (f, noise, at, golden) => {
          // Half of them start right, so that they get past the first checks.
          const bytes = noise;
          if (golden.format === f)
            bytes.set(
              golden.bytes.subarray(0, Math.max(0, Math.min(4, bytes.length - at))),
              Math.min(at, Math.max(0, bytes.length - 4)),
            );
          const read = f.read(bytes, at);
          if (!read.ok) {
            expect(read.problem.text.startsWith(f.name)).toBe(true);
            return;
          }
          const { header } = read;
          fieldsOf(header, f);
          expect(header.headerLength).toBeGreaterThanOrEqual(f.size);
          expect(f.size + header.options.length).toBe(header.headerLength);
          const end = header.payload.byteOffset + header.payload.length;
          expect(header.payload.byteOffset).toBe(bytes.byteOffset + at + header.headerLength);
          expect(end).toBeLessThanOrEqual(bytes.byteOffset + bytes.length);
          if (header.complete && f.table.totalLength) expect(end).toBeLessThanOrEqual(bytes.byteOffset + bytes.length);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("of a header that is cut off gives the fields that are there", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...formats),
        fc.uint8Array({ minLength: 80, maxLength: 80 }),
        fc.nat(9),
        fc.nat(60),
        (f, noise, at, there) => {
          const view = f.view(noise, at) as Record<string, unknown>;
          for (const row of f.rows.filter((r) => r.kind === "bits"))
            expect(readField(noise.subarray(0, at + there), at, row)).toBe(
              row.offset + row.size <= there ? view[row.name] : undefined,
            );
        },
      ),
    );
    expect(readField(new Uint8Array(20), -1, ipv4.fields.ttl)).toBe(0);
    expect(readField(new Uint8Array(20), -9, ipv4.fields.ttl)).toBe(undefined);
  });

  it("ends the payload where the packet says, as far as it is there", () => {
    const bytes = new Uint8Array(64);
    const ip = ipv4.emit(bytes, { totalLength: 30, options: new Uint8Array(4) });
    expect([ip.headerLength, ip.options.length, ip.payload.length, ip.complete]).toEqual([24, 4, 6, true]);
    ip.totalLength = 100;
    expect([ip.payload.length, ip.complete]).toEqual([40, false]);
    ip.totalLength = 23;
    expect([ip.payload.length, ip.complete]).toEqual([0, false]);
    const datagram = udp.emit(bytes, { length: 12 });
    expect(datagram.payload.length).toBe(4);
    datagram.length = 7;
    expect([datagram.payload.length, datagram.complete]).toEqual([0, false]);
  });

  it("finds the optional words of GRE by its flags", () => {
    const header = (flags: object, options: string): ReturnType<typeof greWords> => {
      const bytes = gre.bytes({ ...flags });
      const read = gre.read(Uint8Array.of(...bytes, ...hex(options)));
      if (!read.ok) throw new Error(read.problem.text);
      return greWords(read.header);
    };
    expect(header({}, "")).toEqual({ checksum: undefined, key: undefined, sequenceNumber: undefined });
    expect(header({ checksumPresent: 1, sequencePresent: 1 }, "abcd0000 00000009")).toEqual({
      checksum: 0xabcd,
      key: undefined,
      sequenceNumber: 9,
    });
    expect(gre.read(gre.bytes({ keyPresent: 1 })).ok).toBe(false);
  });
});

describe("building", () => {
  it("round trips, and touches its bytes only", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...formats),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.nat(9),
        (f, noise, at) => {
          const values: Record<string, number | Uint8Array> = {};
          const source = f.view(noise) as Record<string, number | Uint8Array>;
          for (const [name, spec] of Object.entries(f.table.fields))
            if (!("over" in spec)) values[name] = source[name] as number;
          const built = new Uint8Array(80).fill(0xa5);
          f.emit(built, values as never, at);
          expect([...built.subarray(at, at + f.size)]).toEqual([...noise.subarray(0, f.size)]);
          expect([...built.subarray(0, at), ...built.subarray(at + f.size)].every((b) => b === 0xa5)).toBe(true);
        },
      ),
    );
  });

  it("keeps the low bits of a value, and neighbours", () => {
    const bytes = new Uint8Array(20).fill(0xff);
    const ip = ipv4.view(bytes);
    ip.df = 2;
    ip.fragmentOffset = 0x2001;
    expect([ip.df, ip.reserved, ip.mf, ip.fragmentOffset]).toEqual([0, 1, 1, 1]);
    ip.ttl = 0x1_01;
    expect([ip.ttl, ip.protocol]).toEqual([1, 255]);
  });

  it("gives what is usual where nothing is said, and fits options", () => {
    const { version, ihl, ttl } = ipv4.view(ipv4.bytes());
    expect([version, ihl, ttl]).toEqual([4, 5, 0]);
    expect([...tcp.bytes({ options: hex("0303") })].slice(20)).toEqual([3, 3, 0, 0]);
    expect(tcp.view(tcp.bytes({ options: hex("0303") })).dataOffset).toBe(6);
    expect(tcp.view(tcp.bytes({ dataOffset: 15 })).dataOffset).toBe(15);
  });

  it("throws where bytes are missing: that is the caller's mistake", () => {
    expect(() => ipv4.view(new Uint8Array(19))).toThrow(
      new WireError("OUT_OF_BOUNDS", "IPv4 has 20 bytes; 19 are there"),
    );
    expect(() => tcp.emit(new Uint8Array(22), { options: hex("01010101") })).toThrow("TCP has 24 bytes; 22 are there");
    expect(() => udp.bytes({ options: new Uint8Array(4) } as never)).toThrow("UDP has no room for options of 4 bytes");
    expect(() => {
      ethernet.view(new Uint8Array(14)).source = new Uint8Array(5);
    }).toThrow("Ethernet.source: 5 bytes do not fit");
  });
});
