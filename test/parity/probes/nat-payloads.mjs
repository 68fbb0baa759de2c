// What rewriters change inside packets: FTP's commands, and the packets that ICMP errors are about.
import {
  about,
  be16,
  be32,
  inside,
  ip,
  nat,
  outside,
  ping,
  reads,
  rewriting,
  server,
  settled,
  simulated,
  tcp,
  udp,
  withPorts,
} from "../rewriting.mjs";

/** A client's FTP command, and what else goes on in its connection: through an FTPPortMapper to a TCPRewriter. */
const ftp = (packets, { data = "rw", more = "", keywords = "pattern 9.9.9.9 5000-5010# - - 0 1", args = [] } = {}) => ({
  config: rewriting(
    `TCPRewriter(${keywords}, drop)`,
    packets.map((packet) => (packet[0] === 0x45 ? [packet, 9] : packet)),
    {
      more: `${more} in9 :: MarkIPHeader -> ftp :: FTPPortMapper(rw, ${data}, 0) -> [0] rw;`,
    },
  ),
  args: [...simulated, ...reads("table", "size"), ...args],
});
const bytesOf = (text) => [...Buffer.from(text)];
const command = (text, seq, more = {}) =>
  tcp(inside, 1234, server, 21, { flags: 24, data: bytesOf(text), seq, ack: 500, ...more });
/** What the server says. */
const answer = (ack, { data = [1], seq = 500, ...more } = {}) => [
  tcp(server, 21, outside, 5000, { flags: 24, data, seq, ack, ...more }),
  1,
];
const syn = tcp(inside, 1234, server, 21, { seq: 99 });

/** @type {import("../probe.mjs").Probe[]} */
const transfers = [
  {
    name: "FTPPortMapper's arguments",
    config:
      "i :: Idle -> rw :: IPRewriter(drop) -> Discard; Idle -> ad :: IPAddrRewriter(drop) -> Discard; Idle -> FTPPortMapper -> rw; Idle -> FTPPortMapper(i, rw, 0) -> rw; Idle -> FTPPortMapper(rw, i, 0) -> rw; Idle -> FTPPortMapper(ad, ad, 0) -> rw; Idle -> FTPPortMapper(rw, ad, 1) -> rw; Idle -> FTPPortMapper(rw, ad, -1) -> rw; Idle -> FTPPortMapper(nosuch, rw, x, y) -> rw",
  },
  {
    name: "FTPPortMapper without its rewriter downstream",
    config: "Idle -> rw :: IPRewriter(drop) -> Discard; Idle -> f :: FTPPortMapper(rw, rw, 0) -> Discard; Script(stop)",
    args: ["-h", "f.handlers"],
  },
  {
    name: "a PORT command gets longer, and shorter",
    ...ftp([
      syn,
      command("PORT 10,0,0,1,3,9\r\n", 100),
      answer(122),
      command("NOOP\r\n", 119),
      answer(125),
      command("port  10,0,0,1,200,100\r\nx", 125),
      command("NOOP\r\n", 150),
      answer(172),
    ]),
  },
  {
    name: "a PORT command of the same length",
    ...ftp([syn, command("PORT 10,0,0,1,19,9\r\n", 100), command("NOOP\r\n", 120)]),
  },
  {
    name: "PORT commands again and again",
    ...ftp(
      [
        syn,
        ...Array.from({ length: 12 }, (_, i) => command(`PORT 1,0,0,1,3,${i}\n`, 100 + 20 * i)),
        command("NOOP\r\n", 400),
        command("NOOP\r\n", 300),
        answer(430),
        answer(320),
        tcp(server, 20, outside, 5003, { flags: 2 }),
      ].map((packet) => packet),
    ),
  },
  {
    name: "a PORT command that comes again",
    ...ftp([
      syn,
      command("PORT 1,0,0,1,3,9\r\n", 100),
      command("PORT 1,0,0,1,3,9\r\n", 100),
      command("NOOP\r\n", 118),
      command("PORT 1,0,0,1,3,8\r\n", 90),
      command("NOOP\r\n", 118),
    ]),
  },
  {
    name: "what is no PORT command",
    ...ftp([
      syn,
      ...[
        "PORT",
        "PORT ",
        "PORT 1,2,3,4,5\r\n",
        "PORT 1,2,3,4,5,6",
        "PORT 1,2,3,4,5,6,7\r\n",
        "PORT 1,2,3,4,5,256\r\n",
        "PORT 256,2,3,4,5,6\r\n",
        "PORT 1,2,3,4,5,6x\r\n",
        "PORT1,2,3,4,5,6\r\n",
        "PASV\r\n",
        "XPORT 1,2,3,4,5,6\r\n",
        "",
      ].map((text) => command(text, 100)),
      command("PORT ,,,,,\r\n", 200),
      command("PORT 4294967297,0,0,1,3,9\n", 300),
    ]),
  },
  {
    name: "a PORT command of an unknown connection",
    ...ftp([command("PORT 10,0,0,1,3,9\r\n", 100)]),
  },
  {
    name: "data connections in another rewriter",
    ...ftp([syn, command("PORT 10,0,0,1,3,9\r\n", 100)], {
      data: "other",
      more: "Idle -> other :: IPRewriter(pattern 5.5.5.5 7000-7001# - - 0 0) -> Discard;",
      args: ["-h", "other.tcp_table", "-h", "other.udp_table"],
    }),
  },
  {
    name: "data connections that get no mapping",
    ...ftp([syn, command("PORT 10,0,0,1,3,9\r\n", 100)], {
      data: "other",
      more: "Idle -> other :: IPRewriter(pass 0) -> Discard;",
      args: ["-h", "other.tcp_table"],
    }),
  },
  {
    name: "sequence numbers that wrap around",
    ...ftp([
      tcp(inside, 1234, server, 21, { seq: 0xfffffff0 }),
      command("PORT 1,0,0,1,3,9\r\n", 0xfffffff1),
      command("NOOP\r\n", 3),
      answer(6),
      command("NOOP\r\n", 0x40000010),
      command("NOOP\r\n", 0x80000010),
      answer(0x80000014),
    ]),
  },
  {
    name: "what is acknowledged selectively",
    ...ftp([
      syn,
      command("PORT 1,0,0,1,3,9\r\n", 100),
      ...[
        [1, 1, 5, 10, ...be32(105), ...be32(140)],
        [5, 18, ...be32(105), ...be32(140), ...be32(140), ...be32(160), 1, 1],
        [1, 5, 10, ...be32(105), ...be32(140), 0],
        [1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 9],
        [8, 10, 0, 0, 0, 5, 0, 0, 0, 9, 5, 10, ...be32(125), ...be32(140)],
        [5, 11, ...be32(105), ...be32(140), 0, 0],
        [5, 40, ...be32(105), ...be32(140), 0, 0],
      ].map((options) => {
        const segment = [
          ...[...be16(21), ...be16(5000), ...be32(500), ...be32(125), ((20 + options.length) / 4) << 4, 16],
          ...[32, 0, 0, 0, 0, 0, ...options],
        ];
        return [withPorts(6, server, outside, segment, 16), 1];
      }),
    ]),
  },
];

/** Errors about packets that a rewriter has made, to an ICMPRewriter beside it. */
const errorsAbout = (spec, packets, errors, { maps = "rw", keywords = "", outputs = 1 } = {}) =>
  rewriting(spec, [...packets.map((packet) => [packet]), ...errors.map((packet) => [packet, 9])], {
    more: `in9 :: MarkIPHeader -> ir :: ICMPRewriter(${maps}${keywords}); ${Array.from({ length: outputs }, (_, i) => `ir[${i}] -> Print(err${i}, 100) -> Discard;`).join(" ")}`,
  });

/** @type {import("../probe.mjs").Probe[]} */
const errors = [
  {
    name: "errors about flows of TCP and UDP",
    config: errorsAbout(
      `IPRewriter(${nat}, drop)`,
      [tcp(inside, 1234, server, 80), udp(inside, 1234, server, 53)],
      [
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80)),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80), { bytes: 40, type: 11 }),
        about("7.7.7.7", outside, udp(outside, 5001, server, 53), { bytes: 40, type: 4 }),
        about("7.7.7.7", outside, udp(outside, 5001, server, 53, { plain: true }), { type: 12 }),
        about("7.7.7.7", "7.7.7.8", udp(outside, 5001, server, 53), { type: 5 }),
        about("7.7.7.7", inside, udp(server, 53, inside, 1234)),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors that are dropped",
    config: errorsAbout(
      `IPRewriter(${nat}, drop)`,
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 5001, server, 80)),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80), { type: 8 }),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80), { bytes: 19 }),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80), { bytes: 24 }),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80, { fragment: 5 })),
        about("7.7.7.7", outside, udp(outside, 5000, server, 80)),
        udp("7.7.7.7", 1, outside, 2),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors leave on the output that replies do",
    config: errorsAbout(
      `IPRewriter(${nat}, drop)`,
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80)),
        about("7.7.7.7", inside, tcp(server, 80, inside, 1234)),
      ],
      { maps: "rw:1", outputs: 3 },
    ),
    args: simulated,
  },
  {
    name: "errors about pings",
    config: errorsAbout(
      "ICMPPingRewriter(pattern 9.9.9.9 1024-1030# - - 0 1, drop)",
      [ping(inside, server, 0x1234)],
      [
        about("7.7.7.7", outside, ping(outside, server, 1024)),
        about("7.7.7.7", outside, ping(outside, server, 1025)),
        about("7.7.7.7", outside, ping(outside, server, 1024), { bytes: 26 }),
        about("7.7.7.7", outside, ping(outside, server, 1024, 0)),
        about("7.7.7.7", outside, udp(outside, 1024, server, 1025)),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors about flows of a UDPRewriter",
    config: errorsAbout(
      `UDPRewriter(${nat}, drop)`,
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80)),
        about("7.7.7.7", outside, udp(outside, 5000, server, 80)),
        about("7.7.7.7", outside, tcp(outside, 5000, server, 80, { protocol: 33 })),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors about an address's packets",
    config: errorsAbout(
      "IPAddrRewriter(pattern 9.9.9.9 - 0 1, drop)",
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 1234, server, 80)),
        about("7.7.7.7", outside, ip(50, outside, server, [1, 2, 3, 4, 5, 6, 7, 8])),
      ],
    ),
    args: simulated,
  },
  {
    name: "errors about two addresses' packets",
    config: errorsAbout(
      "IPAddrPairRewriter(pattern 9.9.9.9 - 0 1, drop)",
      [tcp(inside, 1234, server, 80)],
      [
        about("7.7.7.7", outside, tcp(outside, 1234, server, 80)),
        about("7.7.7.7", outside, ip(50, outside, server, [1, 2, 3, 4, 5, 6, 7, 8])),
      ],
    ),
    args: simulated,
  },
];

/** @type {import("../probe.mjs").Probe[]} */
export const probes = settled([...transfers, ...errors], {
  meant: {
    "errors about an address's packets":
      "Click's puts zeros for the other address and the ports of the packet that an error is about",
    "errors about two addresses' packets": "Click's puts zeros for the ports of the packet that an error is about",
  },
  anyOrder: [
    "a PORT command gets longer, and shorter",
    "a PORT command of the same length",
    "PORT commands again and again",
    "a PORT command that comes again",
    "what is no PORT command",
  ],
});
