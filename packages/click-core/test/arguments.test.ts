/** Types of arguments: what each takes, what it says of what it does not take, and that parts are read in the scope of the whole. */
import {
  type ArgumentType,
  arg,
  emptyScope,
  formatIpAddress,
  formatIpPrefix,
  Mistake,
  readText,
  type Scope,
} from "@clickos/click-core/element";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const ether = Uint8Array.of(2, 0, 0, 0, 0, 9);
const lan = { address: 0x0a010263, mask: 0xffffff00, length: 24 };
const defined: Record<string, ReadonlyMap<string, unknown>> = {
  ip: new Map<string, unknown>([
    ["server", 0x0a000002],
    ["lan", lan.address],
    ["far:gw", 0x01010101],
  ]),
  prefix: new Map<string, unknown>([
    ["lan", lan],
    ["net", { address: 0x0a020000, mask: 0xffff0000, length: 16 }],
  ]),
  ether: new Map<string, unknown>([["server", ether]]),
  "tcp port": new Map<string, unknown>([
    ["ctl", 7777],
    ["both", 5],
    ["www", 8080],
    ["split", 1],
  ]),
  "udp port": new Map<string, unknown>([
    ["both", 5],
    ["split", 2],
  ]),
};
const scope: Scope = {
  ninputs: 1,
  noutputs: 2,
  lookup: (kind, name) => defined[kind]?.get(name) as never,
  names: (kind) => defined[kind]?.keys() ?? [],
  element: (name) =>
    name === "c"
      ? { index: 3, name: "inner/c", ninputs: 1, noutputs: 1, offers: () => false, className: "Counter" }
      : undefined,
  elementNames: () => ["c", "counter"],
};

/** The value, or what is said, with the hint after it. */
function read(type: ArgumentType<unknown>, text: string): unknown {
  const value = readText(type, text, scope);
  if (!(value instanceof Mistake)) return value;
  const hint = value.hint?.();
  return `${value.message}${hint === undefined ? "" : ` (${hint})`}`;
}

describe("numbers", () => {
  it.each([
    ["10", 10],
    ["0x1F", 31],
    ["0b101", 5],
    ["017", 15],
    ["1_000", 1000],
    ["+7", 7],
    ["-7", -7],
    ["0", 0],
    ["00", 0],
  ])("%s is %d", (text, value) => expect(read(arg.i32, text)).toBe(value));
  it.each(["", "08", "1_", "_1", "1__0", "0x", "0b2", "1.5", "ten", "--1", "2147483648", "9".repeat(400)])(
    "'%s' is none",
    (text) =>
      expect(read(arg.i32, text)).toMatch(
        /^(invalid number|out of range, bound 2147483647) \('.*' is not an integer between -2147483648 and 2147483647\)$/,
      ),
  );
  it("have their own limits", () => {
    expect([read(arg.u8, "255"), read(arg.u8, "256"), read(arg.u16, "-1")]).toEqual([
      255,
      "out of range, bound 255 ('256' is not an integer between 0 and 255)",
      "invalid number ('-1' is not an integer between 0 and 65535)",
    ]);
    expect(read(arg.u64, "0xffffffffffffffff")).toBe(2n ** 64n - 1n);
    expect(read(arg.u64, "18446744073709551616")).toBe(
      "out of range, bound 18446744073709551615 ('18446744073709551616' is not an integer between 0 and 2^64 - 1)",
    );
  });
});

describe("quantities", () => {
  const longestTime = 2n ** 32n * 1_000_000_000n - 1n;

  it.each([
    ["5", 5_000_000_000n],
    ["5s", 5_000_000_000n],
    [".5 sec", 500_000_000n],
    ["100ms", 100_000_000n],
    ["10 usec", 10_000n],
    ["1ns", 1n],
    ["2m", 120_000_000_000n],
    ["1hr", 3600_000_000_000n],
    ["1e-3s", 1_000_000n],
    ["1_000.000_000_001_", 1_000_000_000_001n],
    ["1_ms", 1_000_000n],
    ["1396432800.123456789", 1_396_432_800_123_456_789n],
    ["0.0000000005", 1n],
    ["0.00000000049", 0n],
    ["0000.0000001234567891e6us", 123n],
    ["0.00000000001h", 36n],
    [`0.${"123456789".repeat(10)}e3`, 123_456_789_123n],
    [`${"0".repeat(100)}1`, 1_000_000_000n],
    ["5e-400", 0n],
    ["0e99999999999", 0n],
    ["4294967295.999999999", longestTime],
    ["4294967296", longestTime],
    ["1e300", longestTime],
    ["1e99999999999d", longestTime],
  ])("%s is %d ns", (text, value) => expect(read(arg.time, text)).toBe(value));
  it.each(["", "5x", "s", "5 s s", "-1", "5u", "_1", "1__0", "1_.5", "1._5", "1e1_"])("'%s' is no time", (text) =>
    expect(read(arg.time, text)).toMatch(/is not a time/),
  );
  it.each([
    ["1000", 1000],
    ["8kbps", 1000],
    ["1MBps", 1e6],
    ["10 Mbps", 1.25e6],
    ["1Gb/s", 1.25e8],
    ["9600baud", 1200],
    ["1_0.5_0kBps", 10_500],
    ["1_", 1],
  ])("%s is %d bytes a second", (text, value) => expect(read(arg.bandwidth, text)).toBe(value));
  it.each(["", "1Tbps", "fast", "40Gbps", "10k"])("'%s' is no bandwidth that fits", (text) =>
    expect(read(arg.bandwidth, text)).toMatch(/is not a bandwidth/),
  );
});

describe("addresses", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["010.0.0.1", "10.0.0.1"],
    ["server", "10.0.0.2"],
    ["server:ip", "10.0.0.2"],
    ["server:IP4", "10.0.0.2"],
    ["lan:bcast", "10.1.2.255"],
    ["lan:gw", "10.1.2.1"],
    ["far:gw", "1.1.1.1"],
  ])("%s is %s", (text, value) => expect(formatIpAddress(read(arg.ipAddress, text) as number)).toBe(value));

  it.each(["10.0.0", "10.0.0.256", "10.0.0.0/8", "server:eth", "net", ""])("'%s' is no address", (text) =>
    expect(read(arg.ipAddress, text)).toMatch(/^parse error/),
  );

  it("suggest the name that may be meant", () => {
    expect(read(arg.ipAddress, "sever")).toBe("parse error (did you mean 'server'?)");
    expect(read(arg.etherAddress, "serverr:eth")).toBe("parse error (did you mean 'server'?)");
  });

  it.each([
    ["10.1.2.3/8", "10.0.0.0/8", "10.1.2.3/8"],
    ["10.1.2.3/255.255.0.0", "10.1.0.0/16", "10.1.2.3/16"],
    ["10.1.2.3/255.0.255.0", "10.0.2.0/255.0.255.0", "10.1.2.3/255.0.255.0"],
    ["10/8", "10.0.0.0/8", "10.0.0.0/8"],
    ["10.1.2.3", "10.1.2.3/32", "10.1.2.3/32"],
    ["server/24", "10.0.0.0/24", "10.0.0.2/24"],
    ["server", "10.0.0.2/32", "10.0.0.2/32"],
    ["lan", "10.1.2.99/32", "10.1.2.99/32"],
    ["lan:ipnet", "10.1.2.0/24", "10.1.2.99/24"],
    ["net", "10.2.0.0/16", "10.2.0.0/16"],
    ["0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0"],
  ])("%s is the network %s, and the address %s", (text, network, address) => {
    expect(formatIpPrefix(read(arg.ipPrefix, text) as typeof lan)).toBe(network);
    expect(formatIpPrefix(read(arg.ipAddressWithPrefix, text) as typeof lan)).toBe(address);
  });
  it.each(["10/24", "10.0.0.0/33", "/8", "10.0.0.0/", "10.0.0.0/8/8", "nobody/8", "10.0.0"])(
    "'%s' is no prefix",
    (text) => expect(read(arg.ipPrefix, text)).toMatch(/^parse error/),
  );

  it("of Ethernet have one separator, or a name", () => {
    expect(read(arg.etherAddress, "2:0:0:0:0:9")).toEqual(ether);
    expect(read(arg.etherAddress, "02-00-00-00-00-09")).toEqual(ether);
    expect(read(arg.etherAddress, "server")).toEqual(ether);
    expect(read(arg.etherAddress, "server:eth")).toEqual(ether);
    for (const text of ["02-00:00-00-00-09", "2:0:0:0:9", "server:ip", "2:0:0:0:0:0:9"])
      expect(read(arg.etherAddress, text)).toMatch(/^parse error/);
  });
});

describe("ports", () => {
  it("are numbers, or names of their protocol; the configuration's come before the well-known", () => {
    expect(read(arg.port("tcp"), "80")).toBe(80);
    expect(read(arg.port("tcp"), "www")).toBe(8080);
    expect(read(arg.port("udp"), "www")).toBe(80);
    expect(readText(arg.port("tcp"), "www", emptyScope)).toBe(80);
    expect(read(arg.port("tcp"), "ctl")).toBe(7777);
    expect(read(arg.port("udp"), "ctl")).toMatch(/^parse error/);
    expect(read(arg.port("sctp"), "www")).toBe("parse error ('www' is not a port of SCTP)");
    expect(read(arg.port("tcp"), "70000")).toBe("overflow, range 0-65535 ('70000' is not a port of TCP)");
    expect(read(arg.port("tcp"), "domian")).toBe("parse error (did you mean 'domain'?)");
  });
  it("of several protocols must be the same", () => {
    const either = arg.port("tcp", "udp");
    expect([read(either, "both"), read(either, "ctl")]).toEqual([5, 7777]);
    expect(read(either, "split")).toMatch(/^'split' is not the same port of tcp and udp/);
    expect(read(either, "constructor")).toBe("parse error ('constructor' is not a port of TCP or UDP)");
  });
  it("protocols have numbers and names", () => {
    expect([read(arg.ipProtocol, "tcp"), read(arg.ipProtocol, "89"), read(arg.ipProtocol, "toString")]).toEqual([
      6,
      89,
      "invalid number ('toString' is not an IP protocol)",
    ]);
  });
});

describe("references", () => {
  it("name an element that is there", () => {
    expect(read(arg.elementName(), "c")).toMatchObject({ index: 3, name: "inner/c", className: "Counter" });
    expect(read(arg.elementName(), "count")).toBe("does not name an element (did you mean 'counter'?)");
    const queue = { type: "Queue", is: (e: { className: string }) => e.className === "Queue" };
    expect(read(arg.elementName(queue), "c")).toBe("element type mismatch, expected Queue ('c' is a Counter)");
  });
  it("name a handler of an element that is there, or of the router", () => {
    expect(read(arg.handlerPath, "c.count")).toMatchObject({
      handler: "count",
      path: "inner/c.count",
      given: "c.count",
    });
    expect(read(arg.handlerPath, "stop")).toEqual({
      element: undefined,
      handler: "stop",
      path: "stop",
      given: "stop",
    });
    expect(read(arg.handlerPath, ".stop")).toMatchObject({ path: "stop" });
    expect(read(arg.handlerPath, "d.count")).toBe("does not name an element (there is no element 'd' here)");
    for (const text of ["", "c.", "c count", "."])
      expect(read(arg.handlerPath, text)).toMatch(/is not a handler such as/);
  });
  it("number a port that is connected", () => {
    expect([read(arg.outputPort, "1"), read(arg.outputPortOrNone, "-1")]).toEqual([1, -1]);
    expect(read(arg.outputPort, "2")).toMatch(/^output '2' is not connected; there are 2/);
    expect(read(arg.outputPort, "-1")).toMatch(/^output '-1' is not connected; there are 2/);
    expect(read(arg.inputPortOrNone, "1")).toMatch(/^input '1' is not connected; there is 1/);
    expect(read(arg.outputPort, "x")).toBe("parse error ('x' is not an output port)");
  });
});

describe("types of types", () => {
  const route = arg.words({
    PREFIX: arg.ipPrefix,
    GATEWAY: arg.optional(arg.either(arg.literal("-", null), arg.ipAddress)),
    OUTPUT: arg.outputPort,
  });

  it("read words in order; those to spare go to optional parts", () => {
    expect(read(route, "net server 1")).toMatchObject({ GATEWAY: 0x0a000002, OUTPUT: 1 });
    expect(read(route, "net - 1")).toMatchObject({ GATEWAY: null });
    expect(read(route, "net 0")).toEqual({
      PREFIX: { address: 0x0a020000, mask: 0xffff0000, length: 16 },
      GATEWAY: undefined,
      OUTPUT: 0,
    });
  });
  it("say which part is wrong, and what may be meant", () => {
    expect(read(route, "net sever 1")).toBe("GATEWAY: parse error (did you mean 'server'?)");
    expect(read(route, "net - 7")).toMatch(/^OUTPUT: output '7' is not connected; there are 2/);
    expect(read(route, "nett 1")).toBe("PREFIX: parse error (did you mean 'net'?)");
    expect(read(route, "net")).toBe("parse error ('net' is not PREFIX [GATEWAY] OUTPUT)");
    expect(read(route, "net - 1 1")).toBe("parse error ('net - 1 1' is not PREFIX [GATEWAY] OUTPUT)");
  });
  it("give a list what no other part takes", () => {
    const type = arg.words({
      A: arg.optional(arg.u8, 0),
      B: arg.listOf(arg.ipAddress, { atLeast: 1 }),
      C: arg.etherAddress,
    });
    expect(read(type, "server server")).toEqual({ A: 0, B: [0x0a000002], C: ether });
    expect(read(type, "7 server server")).toEqual({ A: 7, B: [0x0a000002], C: ether });
    expect(read(type, "7 server 1.2.3.4 server")).toEqual({ A: 7, B: [0x0a000002, 0x01020304], C: ether });
    expect(read(type, "7 server x server")).toBe("B: parse error ('x' is not an IP address)");
    expect(read(type, "server")).toBe("parse error ('server' is not [A] B... C)");
  });
  it("read lists, in quotes or not", () => {
    expect(read(arg.listOf(arg.u8), "1 2  3")).toEqual([1, 2, 3]);
    expect(read(arg.listOf(arg.u8), '"1 2"')).toEqual([1, 2]);
    expect(read(arg.listOf(arg.u8), '""')).toEqual([]);
    expect(read(arg.listOf(arg.u8), "1 x 3")).toBe("invalid number ('x' is not an integer between 0 and 255)");
  });
  it("take the first of several types that reads the text", () => {
    const type = arg.either(arg.u8, arg.ipAddress, arg.choice("ANY"));
    expect([read(type, "7"), read(type, "server"), read(type, "any")]).toEqual([7, 0x0a000002, "ANY"]);
    expect(read(type, "x")).toBe(
      "parse error ('x' is not an integer between 0 and 255 or an IP address or one of ANY)",
    );
    // What one of them alone can tell is told.
    expect(read(arg.either(arg.literal("-", 0), arg.outputPort), "9")).toMatch(
      /^output '9' is not connected; there are 2/,
    );
  });

  it("give back what was put together from words of each part", () => {
    const part = fc.oneof(
      fc.record({ type: fc.constant(arg.u16), text: fc.nat(65535).map(String) }),
      fc.record({ type: fc.constant(arg.time), text: fc.nat(1000).map((n) => `${n}ms`) }),
      fc.record({ type: fc.constant(arg.etherAddress), text: fc.constantFrom("server", "1:2:3:4:5:6") }),
      fc.record({ type: fc.constant(arg.ipPrefix), text: fc.constantFrom("net", "10.0.0.0/8", "server/24") }),
      fc.record({ type: fc.constant(arg.string), text: fc.constantFrom('"a b"', "'c d'", '"x"y') }),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const type = arg.words(Object.fromEntries(parts.map((p, i) => [`P${i}`, p.type as ArgumentType<unknown>])));
        const expected = Object.fromEntries(
          parts.map((p, i) => [`P${i}`, readText(p.type as ArgumentType<unknown>, p.text, scope)]),
        );
        expect(read(type, parts.map((p) => p.text).join("  "))).toEqual(expected);
      }),
    );
  });
});
