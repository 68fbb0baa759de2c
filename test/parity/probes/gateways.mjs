// A whole gateway, of examples/: what it sends where, of traffic that goes both ways.
import { readFileSync } from "node:fs";
import { pcap } from "../captures.mjs";
import { about, be16, icmp, ip, ping, tcp, udp } from "../rewriting.mjs";

const example = readFileSync(new URL("../../../examples/gateway.click", import.meta.url), "utf8");
/** The example, with captures for devices, and a seed for the ports that it draws. */
const config = `${example
  .replace("FromDevice($number)", "FromDump(in$number.pcap, TIMING true)")
  .replace("ToDevice($number)", "ToDump(out$number.pcap)")
  .replace("Queue -> ToDevice(2)", "Null -> ToDump(out2.pcap)")}
  RandomSeed(7);
  Script(set times 0, wait 20, goto tables, label later, wait 3000, label tables,
    print flows.tcp_table, print flows.udp_table, print ftp.table, print pings.table, print neighbors.table,
    set times $(add $times 1), goto later $(lt $times 2), stop);`;

const [client, laptop, server] = ["10.0.0.5", "10.0.0.6", "10.0.0.10"];
const [own, inside, provider] = ["192.0.2.1", "10.0.0.1", "192.0.2.254"];
const [web, files, stranger] = ["198.51.100.80", "198.51.100.21", "203.0.113.9"];
const text = (line) => [...Buffer.from(`${line}\r\n`)];

const address = (dotted) => dotted.split(".").map(Number);
/** The Ethernet address of a host inside follows from its address there. */
const macOf = (host) => [2, 0, 0, 0, 0, address(host)[3]];
const macs = { private: [2, 0, 0, 0, 0, 1], public: [2, 0, 0, 0, 0, 2], provider: [2, 0, 0, 0, 1, 0] };
const broadcast = Array(6).fill(255);
const frame = (to, from, type, payload) => [...to, ...from, ...be16(type), ...payload];
const arp = (operation, mac, host, askedMac, asked) =>
  [0, 1, 8, 0, 6, 4, 0, operation].concat(mac, address(host), askedMac, address(asked));

/** A packet of a host inside, to the gateway. */
const from = (host, packet) => [0, frame(macs.private, macOf(host), 0x0800, packet)];
/** A packet that the provider delivers. */
const comes = (packet) => [1, frame(macs.public, macs.provider, 0x0800, packet)];
/** A host inside says where it is, as it does when it is asked. */
const here = (host) => [0, frame(macs.private, macOf(host), 0x0806, arp(2, macOf(host), host, macs.private, inside))];
const asks = (device, mac, host, asked) => [
  device,
  frame(broadcast, mac, 0x0806, arp(1, mac, host, Array(6).fill(0), asked)),
];

/** A connection that a host opens and closes. */
function connection(host, port, peer, peerPort, sentTo = own) {
  const go = (flags, seq, ack, data = []) => from(host, tcp(host, port, peer, peerPort, { flags, seq, ack, data }));
  const back = (flags, seq, ack, data = []) => comes(tcp(peer, peerPort, sentTo, port, { flags, seq, ack, data }));
  return [
    go(2, 1000, 0),
    back(18, 5000, 1001),
    here(host),
    go(16, 1001, 5001),
    go(24, 1001, 5001, text("GET / HTTP/1.0")),
    back(24, 5001, 1017, text("HTTP/1.0 200 OK")),
    go(17, 1017, 5018),
    back(17, 5018, 1018),
    go(16, 1018, 5019),
  ];
}
/** A session of FTP's control connection, with a data connection that the server opens; and one that is lost on the way. */
function transfer(host, port, dataPort) {
  const go = (flags, seq, ack, line) =>
    from(host, tcp(host, port, files, 21, { flags, seq, ack, data: line ? text(line) : [] }));
  const back = (flags, seq, ack, line) =>
    comes(tcp(files, 21, own, port, { flags, seq, ack, data: line ? text(line) : [] }));
  const command = `PORT ${host.replaceAll(".", ",")},${be16(dataPort)}`;
  const length = command.length + 2;
  return [
    go(2, 100, 0),
    back(18, 900, 101),
    go(16, 101, 901),
    go(24, 101, 901, command),
    go(24, 101, 901, command),
    back(24, 901, 101 + length, "200 PORT command successful."),
    comes(tcp(files, 20, own, dataPort, { seq: 7 })),
    from(host, tcp(host, dataPort, files, 20, { flags: 18, seq: 70, ack: 8 })),
    comes(tcp(files, 20, own, dataPort, { flags: 24, seq: 8, ack: 71, data: [1, 2, 3] })),
    go(24, 101 + length, 931, "QUIT"),
    back(16, 931, 107 + length),
    back(17, 931, 107 + length),
  ];
}
const changed = (bytes, at, value) => bytes.with(at, value);

const sessions = {
  "connections to the outside": [...connection(client, 50_001, web, 80), ...connection(laptop, 50_001, web, 80)],
  "a connection that is refused, and one that is reset": [
    from(client, tcp(client, 50_002, web, 81)),
    comes(tcp(web, 81, own, 50_002, { flags: 20, ack: 2 })),
    here(client),
    ...connection(client, 50_003, web, 443).slice(0, 4),
    comes(tcp(web, 443, own, 50_003, { flags: 4, seq: 5001 })),
    comes(tcp(web, 443, own, 50_003, { flags: 16, seq: 5001 })),
  ],
  "names are looked up, with ports that are drawn": [
    ...[client, laptop].flatMap((host) => [
      from(host, udp(host, 1025, provider, 53, { data: [1, 2, 3, 4, 5] })),
      here(host),
    ]),
    from(client, udp(client, 53_000, provider, 53, { plain: true })),
    comes(udp(provider, 53, own, 53_000, { data: [9, 9, 9] })),
    comes(udp(provider, 53, own, 53_000, { plain: true })),
    comes(udp(stranger, 53, own, 53_000)),
  ],
  "pings of two hosts with one identifier, and their replies": [
    ...[client, laptop].flatMap((host) => [from(host, ping(host, web, 60_000)), here(host)]),
    comes(ping(web, own, 60_000, 0)),
    comes(ping(web, own, 5, 0)),
    comes(ping(stranger, own, 60_000, 8)),
  ],
  "errors about what hosts have sent, and about what nobody has": [
    from(client, udp(client, 50_010, web, 33_434)),
    here(client),
    from(client, tcp(client, 50_011, web, 80)),
    from(client, ping(client, web, 50_012)),
    from(client, tcp(client, 50_013, files, 21)),
    ...[
      udp(own, 50_010, web, 33_434),
      tcp(own, 50_011, web, 80),
      ping(own, web, 50_012),
      tcp(own, 50_013, files, 21),
    ].flatMap((lost) => [
      comes(about(stranger, own, lost)),
      comes(about(stranger, own, lost, { type: 11, bytes: lost.length })),
      comes(about(stranger, own, lost, { type: 12, bytes: 20 })),
    ]),
    comes(about(stranger, own, udp(own, 50_099, web, 33_434))),
    comes(about(stranger, own, udp(own, 50_010, web, 33_434), { type: 13 })),
  ],
  "files are transferred": [...transfer(client, 50_020, 60_020), ...transfer(laptop, 50_021, 1234)],
  strangers: [
    comes(tcp(stranger, 60_001, own, 80)),
    here(server),
    from(server, tcp(server, 80, inside, 60_001, { flags: 18, ack: 2 })),
    comes(tcp(stranger, 60_001, own, 80, { flags: 16, seq: 2, ack: 2 })),
    comes(tcp(stranger, 60_001, own, 22)),
    comes(tcp(stranger, 21, own, 60_001)),
    comes(udp(stranger, 60_001, own, 53)),
    comes(ip(50, stranger, own, [1, 2, 3, 4])),
    comes(udp(stranger, 1, "192.0.2.2", 2)),
    comes(udp(client, 1, own, 2)),
  ],
  "the server by the gateway's address, from inside": [
    from(client, tcp(client, 60_002, inside, 80)),
    here(server),
    from(server, tcp(server, 80, inside, 60_002, { flags: 18, ack: 2 })),
    here(client),
    from(client, tcp(client, 60_002, inside, 22)),
    from(client, udp(client, 60_002, inside, 53)),
    from(client, ping(client, inside, 1)),
    from(client, ping(client, laptop, 1)),
  ],
  "fragments, and packets with mistakes": [
    ...[
      [0x2000, 0, 24],
      [3, 24, 32],
    ].map(([fragment, start, end]) =>
      from(
        client,
        ip(17, client, web, udp(client, 50_030, web, 53, { data: Array(24).fill(7) }).slice(20 + start, 20 + end), {
          fragment,
        }),
      ),
    ),
    comes(ip(17, web, own, [0, 53, 195, 110, 0, 20, 0, 0], { fragment: 0x2000 })),
    ...[udp(client, 50_031, web, 53), tcp(client, 50_031, web, 80)].flatMap((packet) => [
      from(client, changed(packet, 0, 0x44)),
      from(client, changed(packet, 10, packet[10] ^ 1)),
      from(client, changed(packet, 3, packet[3] + 9)),
      from(client, packet.slice(0, 27)),
      from(client, changed(packet, 8, 0)),
      from(client, changed(packet, packet.length - 1, 0x55)),
    ]),
    from(client, icmp(client, web, 8, [1])),
  ],
  "who has which address": [
    asks(0, macOf(client), client, inside),
    asks(0, macOf(client), client, own),
    asks(1, macs.provider, provider, own),
    asks(1, macs.provider, provider, inside),
    here(client),
    [1, frame(macs.public, macs.provider, 0x0806, arp(2, macs.provider, provider, macs.public, own))],
    [0, frame(macs.private, macOf(client), 0x86dd, Array(40).fill(1))],
    [1, frame(macs.public, macs.provider, 0x0806, [0, 1, 8])],
  ],
};

/** Captures for both devices: a frame every tenth of a second, or after the seconds that stand before it. */
function captures(frames) {
  const packets = [[], []];
  let at = 10;
  for (const step of frames) {
    if (typeof step === "number") at += 10 * step;
    else {
      const [device, bytes] = step;
      at++;
      packets[device].push([1_000_000_000 + Math.floor(at / 10), (at % 10) * 100_000, Buffer.from(bytes)]);
    }
  }
  return { "in0.pcap": pcap(packets[0]), "in1.pcap": pcap(packets[1]) };
}
/** Flows in one order, whatever the tables' is; and nothing of where Click had to copy a packet to make it longer. */
const inOrder = (said) =>
  said
    .replace(/(?:.* => .*\n)+/g, (table) => `${table.trimEnd().split("\n").sort().join("\n")}\n`)
    .replace(/expensive Packet::put;.*\n/g, "");
const probe = (name, frames) => ({
  name,
  config,
  args: ["--simtime"],
  files: captures(frames),
  outputs: ["out0.pcap", "out1.pcap", "out2.pcap"],
  mask: inOrder,
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  ...Object.entries(sessions).map(([name, frames]) => probe(name, frames)),
  probe("all of that", Object.values(sessions).flat()),
  probe("flows are forgotten after a time", [
    ...connection(client, 50_001, web, 80).slice(0, 4),
    from(client, udp(client, 50_002, provider, 53)),
    comes(udp(provider, 53, own, 50_002)),
    290,
    comes(udp(provider, 53, own, 50_002)),
    1200,
    comes(udp(provider, 53, own, 50_002)),
    comes(tcp(web, 80, own, 50_001, { flags: 24, seq: 5001, ack: 1001, data: [1] })),
    from(client, tcp(client, 50_001, web, 80, { flags: 16, seq: 1001, ack: 5002 })),
  ]),
];
