// AddressTranslator: its arguments, and what becomes of packets on both ways.
import { refusals } from "../packets.mjs";

const length16 = (n) => n.toString(16).padStart(4, "0");
const bytesOf = (hex) => hex.replaceAll(" ", "").length / 2;
const host = (n) => `3ffe000100000000000000000000${length16(n)}`;
const far = `3ffe0002${"0".repeat(20)}0002`;
const mappedTo = (n) => `3ffe0009${"0".repeat(20)}${length16(n)}`;
const packet = (next, payload, from, to, size = bytesOf(payload)) =>
  `60000000 ${length16(size)}${next}40 ${from} ${to} ${payload}`;
const udp = (from, to) => `${length16(from)}${length16(to)}000b0000 616263`;
const tcp = (from, to) => `${length16(from)}${length16(to)} 11111111 22222222 50020000 12340000 6162`;
const echo = (type = "80") => `${type}00 0000 12340001 616263`;

/** Packets of both ways, one after the other: each is a way (0 or 1) and its bytes. */
const passed = (name, args, packets) => {
  const source = (way) =>
    packets
      .map(([to, hex], i) =>
        to === way ? `i${i} :: InfiniteSource(DATA \\<${hex}>, LIMIT 1, ACTIVE false) -> w${way};` : "",
      )
      .join(" ");
  return {
    name: `AddressTranslator ${name}`,
    config: `w0 :: Null -> a :: AddressTranslator(${args}) -> Print(out, 100, PRINTANNO true) -> Discard; w1 :: Null -> [1] a [1] -> Print(in, 100, PRINTANNO true) -> Discard; ${source(0)} ${source(1)} Script(${packets.map((_, i) => `write i${i}.active true, wait 0.01`).join(", ")}, stop)`,
  };
};

const outward = (from, port = 1000 + from, make = udp, next = "11") => [
  0,
  packet(next, make(port, 53), host(from), far),
];
const inward = (to, port, make = udp, next = "11") => [1, packet(next, make(53, port), far, to)];
const icmp = (way, from, to, type) => [way, packet("3a", echo(type), from, to)];

const ports = "0, true, true, false, 3ffe:9::9 2000 2002";
const addresses = "0, true, false, false, 3ffe:9::1, 3ffe:9::2";

/** What Click does too, until it is over. */
const untilItsEnd = (probe) => ({
  ...probe,
  differs: "Click's output is the same, and it ends by a signal when it forgets its flows",
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  passed("has fixed pairs", "2, false, 3ffe:1::1 3ffe:9::1, 3ffe:1::2 3ffe:9::2, false", [
    outward(1),
    outward(2, 7, tcp, "06"),
    outward(3),
    inward(mappedTo(1), 1001),
    inward(mappedTo(2), 7, tcp, "06"),
    inward(mappedTo(3), 7),
    icmp(0, host(1), far),
    icmp(1, far, mappedTo(1), "81"),
    icmp(0, host(1), far, "87"),
  ]),
  passed("has fixed pairs with ports", "1, true, 3ffe:1::1 1001 3ffe:9::1 5001, false", [
    outward(1),
    outward(1, 1002),
    outward(1, 1001, tcp, "06"),
  ]),
  passed("gives addresses to hosts", addresses, [
    outward(1),
    outward(2, 7, tcp, "06"),
    outward(3),
    outward(1, 9),
    inward(mappedTo(1), 1001),
    inward(mappedTo(2), 7),
    inward(mappedTo(3), 7),
    icmp(0, host(2), far),
    icmp(1, far, mappedTo(2), "81"),
  ]),
  passed("gives addresses to hosts that packets come for", "0, true, false, true, 3ffe:9::1, 3ffe:9::2", [
    inward(host(1), 80),
    inward(host(2), 80),
    inward(host(3), 80),
    inward(host(1), 81),
    [0, packet("11", udp(80, 53), mappedTo(1), far)],
    [0, packet("11", udp(80, 53), mappedTo(3), far)],
  ]),
  passed("has pairs and addresses", "1, false, 3ffe:1::1 3ffe:9::7, true, false, false, 3ffe:9::1", [
    outward(1),
    outward(2),
    outward(3),
    inward(mappedTo(7), 1),
    inward(mappedTo(1), 2),
  ]),
  untilItsEnd(
    passed("gives ports to flows", ports, [
      outward(1),
      outward(2),
      outward(1),
      outward(1, 9),
      outward(3),
      outward(1, 1001, tcp, "06"),
      inward(mappedTo(9), 2000),
      inward(mappedTo(9), 2001),
      inward(mappedTo(9), 2002, tcp, "06"),
      inward(mappedTo(9), 2003),
    ]),
  ),
  untilItsEnd(
    passed("has one port for all flows", "0, true, true, false, 3ffe:9::9 2000 2000", [
      outward(1),
      outward(2),
      inward(mappedTo(9), 2000),
      outward(1),
    ]),
  ),
  passed("has no mappings", "0, false", [outward(1), inward(mappedTo(1), 1)]),
  passed("knows no other protocol", addresses, [[0, packet("2f", "01020304", host(1), far)]]),
  passed("keeps padding", addresses, [[0, `${packet("11", udp(1, 2), host(1), far)} 0000`]]),
  {
    name: "AddressTranslator of pulled packets",
    config: `InfiniteSource(DATA \\<${outward(1)[1]}>, LIMIT 1) -> Queue -> a :: AddressTranslator(${addresses}) -> Print(MAXLENGTH 100) -> Unqueue -> Discard; Idle -> Queue -> [1] a [1] -> Unqueue -> Discard; Script(wait 0.01, stop)`,
  },
  ...refusals(
    "AddressTranslator",
    [
      "x",
      "0, x",
      "0, true, x, y",
      "0, true, false, false",
      "0, true, false, false, 3ffe::1, x, 3ffe::2",
      "0, true, true, false, 3ffe::1 100 200",
      "0, true, true, false, x 1 2",
      "1, x, 3ffe::1 3ffe::2, false",
      "1, false, 3ffe::1 3ffe::2, false",
      "1, true, 3ffe::1 5 3ffe::2 6, false",
      "0, false, x",
      "1, false, x y, false",
      "0, true, true, false, 3ffe::1 x 200",
      "1, false, 3ffe::1 3ffe::2, x",
    ],
    { after: "-> Discard; Idle -> [1] e [1] -> Discard" },
  ),
  {
    name: "AddressTranslator with too few arguments",
    differs: "Click ends by a signal",
    config: "Idle -> a :: AddressTranslator(1, false, 3ffe::1 3ffe::2) -> Discard; Idle -> [1] a [1] -> Discard",
  },
];
