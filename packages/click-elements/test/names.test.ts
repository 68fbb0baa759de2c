/** Names of AddressInfo and PortInfo, and of elements, at every depth: in languages of elements, and inside compounds. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const info = `AddressInfo(server 10.0.0.2 02:00:00:00:00:02, lan 10.1.2.0/24, me 10.1.2.9/24 02:00:00:00:00:09, far 9.9.9.9);
PortInfo(ctl 7777/tcp, telemetry 9000/udp, both 5000);
`;
const wasm = (text: string): Uint8Array => Router.compileSync(text, { elements }).wasm;
const problem = (text: string): string => {
  try {
    Router.compileSync(text, { elements })[Symbol.dispose]();
  } catch (e) {
    return (e as Error).message;
  }
  return "";
};
/** An element between as many inputs and outputs, inside a compound or not. */
const around = (element: string, outputs = 1): string =>
  `i :: FromDevice(0) -> x :: ${element}; ${Array.from({ length: outputs }, (_, n) => `x [${n}] -> Discard;`).join(" ")}`;

/** What is written with names, and the same without. */
const pairs: readonly [named: string, plain: string, outputs?: number][] = [
  ["IPFilter(allow src host server, deny all)", "IPFilter(allow src host 10.0.0.2, deny all)"],
  ["IPFilter(allow server)", "IPFilter(allow 10.0.0.2)"],
  ["IPFilter(allow src server:ip or far)", "IPFilter(allow src 10.0.0.2 or src 9.9.9.9)"],
  ["IPFilter(allow dst net lan and not host lan:gw)", "IPFilter(allow dst net 10.1.2.0/24 and not host 10.1.2.1)"],
  ["IPFilter(allow lan)", "IPFilter(allow net 10.1.2.0/24)"],
  ["IPFilter(allow host lan:bcast)", "IPFilter(allow host 10.1.2.255)"],
  ["IPFilter(allow net server/32)", "IPFilter(allow net 10.0.0.2/32)"],
  ["IPFilter(allow src net far mask lan:bcast)", "IPFilter(allow src net 9.9.9.9 mask 10.1.2.255)"],
  ["IPFilter(allow tcp dst port ctl)", "IPFilter(allow tcp dst port 7777)"],
  ["IPFilter(allow tcp ctl)", "IPFilter(allow tcp port 7777)"],
  ["IPFilter(allow dst port both or telemetry)", "IPFilter(allow dst port 5000 or 9000)"],
  ['IPFilter("allow udp port telemetry")', "IPFilter(allow udp port 9000)"],
  ["IPClassifier(src server, tcp src port ctl, -)", "IPClassifier(src 10.0.0.2, tcp src port 7777, -)", 3],
  [
    "StaticIPLookup(server 0, lan:ipnet far 1, lan 1, 0/0 lan:gw 2)",
    "StaticIPLookup(10.0.0.2/32 0, 10.1.2.0/24 9.9.9.9 1, 10.1.2.0/24 1, 0.0.0.0/0 10.1.2.1 2)",
    3,
  ],
  ["CheckIPHeader(BADSRC far server)", "CheckIPHeader(BADSRC 9.9.9.9 10.0.0.2)"],
  ["CheckIPHeader(INTERFACES me:ipnet lan:ip4net)", "CheckIPHeader(INTERFACES 10.1.2.9/24 10.1.2.0/24)"],
  ["CheckIPHeader(0, GOODDST server, BADSRC far)", "CheckIPHeader(OFFSET 0, GOODDST 10.0.0.2, BADSRC 9.9.9.9)"],
  ["IPRewriter(pattern server 1024-2048 far 5000 0 0)", "IPRewriter(pattern 10.0.0.2 1024-2048 9.9.9.9 5000 0 0)"],
  ["ARPResponder(me, lan server:eth)", "ARPResponder(10.1.2.9/32 02:00:00:00:00:09, 10.1.2.0/24 02:00:00:00:00:02)"],
  ["ARPResponder(me:ipnet far 02-00-00-00-00-02)", "ARPResponder(10.1.2.0/24 9.9.9.9 02:00:00:00:00:02)"],
  ["EtherEncap(0x0800, me, server:eth)", "EtherEncap(0x0800, 02:00:00:00:00:09, 02:00:00:00:00:02)"],
];

describe("names at depth", () => {
  it.each(pairs)("%s is %s", (named, plain, outputs = 1) => {
    expect(wasm(info + around(named, outputs))).toEqual(wasm(info + around(plain, outputs)));
    // Other addresses and ports make other code.
    const others = info.replace(/(\d)(?=[ ,/);])/g, (digit) => String((Number(digit) + 1) % 8));
    expect(wasm(others + around(named, outputs))).not.toEqual(wasm(info + around(plain, outputs)));
  });

  it.each(pairs)("%s, in a compound of a compound, too", (named, plain, outputs = 1) => {
    const within = (element: string): string => `o :: { ${info} in :: { ${around(element, outputs)} } }`;
    expect(wasm(within(named))).toEqual(wasm(within(plain)));
  });

  it("are those of the nearest compound", () => {
    const at = (inner: string): string =>
      `AddressInfo(a 1.1.1.1, b 2.2.2.2); o :: { ${inner} ${around("IPFilter(allow src a, deny dst b)")} }`;
    const plain = (a: string, b: string): string =>
      `AddressInfo(a 1.1.1.1, b 2.2.2.2); o :: { AddressInfo(a 3.3.3.3); ${around(`IPFilter(allow src ${a}, deny dst ${b})`)} }`;
    expect(wasm(at("AddressInfo(a 3.3.3.3);"))).toEqual(wasm(plain("3.3.3.3", "2.2.2.2")));
    expect(wasm(at("AddressInfo(a 3.3.3.3);"))).not.toEqual(wasm(at("AddressInfo(a 3.3.3.4);")));
    expect(wasm(at("AddressInfo(c 3.3.3.3);"))).toEqual(wasm(plain("1.1.1.1", "2.2.2.2")));
    expect(problem("o :: { AddressInfo(a 3.3.3.3) }; Idle -> IPFilter(allow src a) -> Discard")).toMatch(
      /pattern 0: partial directive/,
    );
  });

  it("decide as addresses and ports do, in any rules", () => {
    const host = fc.constantFrom(
      ["server", "10.0.0.2"],
      ["far", "9.9.9.9"],
      ["me:ip", "10.1.2.9"],
      ["lan:gw", "10.1.2.1"],
    );
    const net = fc.constantFrom(["lan", "10.1.2.0/24"], ["server/16", "10.0.0.0/16"], ["me:net", "10.1.2.0/24"]);
    const port = fc.constantFrom(["ctl", "7777"], ["both", "5000"], ["telemetry", "9000"], ["dns", "53"]);
    const direction = fc.constantFrom("", "src ", "dst ", "src and dst ");
    const test = fc.oneof(
      fc.tuple(direction, host).map(([d, [n, p]]) => [`${d}host ${n}`, `${d}host ${p}`]),
      fc.tuple(direction, net).map(([d, [n, p]]) => [`${d}net ${n}`, `${d}net ${p}`]),
      fc
        .tuple(direction, fc.constantFrom("=", ">", "<=", "!="), port)
        .map(([d, op, [n, p]]) => [`${d}port ${op} ${n}`, `${d}port ${op} ${p}`]),
    );
    const rule = fc
      .tuple(
        fc.constantFrom("allow", "deny", "0"),
        fc.array(test, { minLength: 1, maxLength: 3 }),
        fc.constantFrom("and", "or"),
      )
      .map(([action, tests, how]) => [0, 1].map((i) => `${action} ${tests.map((t) => `(${t[i]})`).join(` ${how} `)}`));
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 5 }), (rules) => {
        const text = (i: number): string => info + around(`IPFilter(${rules.map((r) => r[i]).join(", ")})`);
        expect(wasm(text(0))).toEqual(wasm(text(1)));
      }),
      { numRuns: 40 },
    );
  });
});

describe("what is said of names that are not known", () => {
  it.each([
    [
      "IPFilter(allow tcp, allow src host sever)",
      /pattern 1: 'src ip host': address missing[\s\S]*hint: did you mean 'server'/,
    ],
    ["IPFilter(allow port tellemetry)", /pattern 0: 'port': value missing[\s\S]*hint: did you mean 'telemetry'/],
    ["IPFilter(allow icmp port ctl)", /pattern 0: 'port icmp ctl' is meaningless; try 'port icmp ctl'/],
    [
      "IPFilter(allow echo)",
      /pattern 0: '<none> {2}echo' is ambiguous; try 'port {2}echo', 'port {2}echo', 'icmp type {2}echo'/,
    ],
    ["IPFilter(7 tcp)", /pattern 0: slot '7' out of range/],
    [
      "StaticIPLookup(lam 0)",
      /argument 1 should be 'ADDR\/MASK \[GATEWAY\] OUTPUT'\n.*\n.*\n {2}hint: did you mean 'lan'/,
    ],
    ["StaticIPLookup(lan nobody 0)", /argument 1 should be 'ADDR\/MASK \[GATEWAY\] OUTPUT'/],
    ["StaticIPLookup(lan 1)", /argument 1 bad OUTPUT/],
    ["CheckIPHeader(BADSRC far nobody)", /BADSRC: parse error[\s\S]*'nobody' is not an IP address/],
    ["IPRewriter(pattern server 0 - - 0 0)", /input spec 0: bad source port/],
    ["IPRewriter(keep 0)", /input spec 0: bad forward port/],
    ["ARPResponder(far)", /argument 0: missing ETH/],
    ["ARPResponder(far 1:1:1:1:1:1 2:2:2:2:2:2)", /argument 0: more than one ETH/],
    ["EtherEncap(0x0800, far, server)", /SRC: parse error[\s\S]*'far' is not an Ethernet address/],
  ])("%s", (element, message) => expect(problem(info + around(element))).toMatch(message));
});

describe("handlers that arguments name", () => {
  it("are of elements that are there, as they are called where the argument stands", () => {
    const counter = (call: string): string =>
      `o :: { Idle -> c :: Counter -> Discard; ${around(`Counter(COUNT_CALL ${call})`)} }; Idle -> d :: Counter -> Discard`;
    for (const call of ["5 c.reset", "5 d.reset", "5 o/c.reset", "0x10 stop"]) expect(problem(counter(call))).toBe("");
    expect(problem(counter("5 e.reset"))).toMatch(/no element named 'e'/);
    expect(problem(counter("c.reset"))).toMatch(/COUNT_CALL type mismatch/);
    expect(problem("ProgressBar(src.count); Idle -> source :: Counter -> Discard")).toMatch(/no element named 'src'/);
  });
});

describe("AddressInfo and PortInfo", () => {
  it("take names that were given before, and lines of /etc/services", () => {
    const text = (rule: string): string =>
      `AddressInfo(a 1.2.3.4, b a 1:2:3:4:5:6, c b:ip); PortInfo(web 8080/tcp www2 web2 # the web, old 1/ddp, # nothing, x 5/tcp, x 6/udp);
      ${around(`IPFilter(${rule})`)}`;
    expect(wasm(text("allow src host c, deny tcp port web2, deny udp port x"))).toEqual(
      wasm(text("allow src host 1.2.3.4, deny tcp port 8080, deny udp port 6")),
    );
    expect(problem(text("allow port x"))).toMatch(/'port {2}x' is ambiguous; try 'port {2}x', 'port {2}x'/);
    expect(problem(text("allow port old"))).toMatch(/'port': value missing/);
  });
  it.each([
    ["AddressInfo(a)", /expected 'NAME \[ADDRS\]'/],
    ["AddressInfo(a b)", /'b' is not a recognizable address/],
    ["PortInfo(a)", /expected 'NAME PORT\/PROTO'/],
    ["PortInfo(a b)", /expected 'NAME PORT\/PROTO'/],
    ["PortInfo(a 80x)", /expected 'NAME PORT\/PROTO'/],
  ])("refuse %s", (text, message) => expect(problem(text)).toMatch(message));
});

describe("ARPQuerier", () => {
  const arp = (args: string): Router =>
    Router.compileSync(`${info} Idle -> q :: ARPQuerier(${args}); Idle -> [1] q; q -> Discard`, { elements });
  it.each([
    ["10.0.0.1/24, 1:1:1:1:1:1", "10.0.0.1", "10.0.0.255"],
    ["IP 10.0.0.1/24, ETH 1:1:1:1:1:1", "10.0.0.1", "10.0.0.255"],
    ["ETH 1:1:1:1:1:1, IP 10.0.0.1", "10.0.0.1", "255.255.255.255"],
    ["me:ipnet, server", "10.1.2.9", "10.1.2.255"],
    ["me", "10.1.2.9", "255.255.255.255"],
    ["10.0.0.1/24, 1:1:1:1:1:1, BROADCAST lan:bcast", "10.0.0.1", "10.1.2.255"],
  ])("(%s) is %s, with broadcasts to %s", (args, address, broadcast) => {
    using router = arp(args);
    expect(["ipaddr", "broadcast"].map((h) => router.read(`q.${h}`))).toEqual([address, broadcast]);
  });
  it("needs an Ethernet address", () => {
    expect(() => arp("10.0.0.1")).toThrow("ETH: parse error");
    expect(() => arp("far")).toThrow("ETH: parse error");
  });
});

describe("ARPResponder", () => {
  it("answers with the most specific entry, and the last of equal ones", () => {
    using router = Router.compileSync(
      "Idle -> r :: ARPResponder(10.0.0.0/8 1:1:1:1:1:1, 10.0.0.1 2:2:2:2:2:2, 10.0.0.0/8 3:3:3:3:3:3) -> Discard",
      { elements },
    );
    expect(router.read("r.table")).toBe("10.0.0.1/32 02-02-02-02-02-02\n10.0.0.0/8 03-03-03-03-03-03\n");
  });
});
