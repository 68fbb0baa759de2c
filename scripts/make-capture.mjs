// Makes the capture of the demo: an hour on the wire of a small office, as its uplink sees it. Deterministic.
//
// ARP, ICMP, TCP sessions from handshake to close, DNS over UDP, NTP, fragmented datagrams, VLAN-tagged frames,
// IPv6 with neighbour discovery, and malformed headers. Checksums are real (but for the frames meant to be bad).
//
//   node scripts/make-capture.mjs [FILE]
import { writeFileSync } from "node:fs";

const file = process.argv[2] ?? "apps/clickos/demo/office.pcap";

// ---- deterministic randomness (mulberry32)
let seed = 20140402;
function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const between = (low, high) => low + Math.floor(random() * (high - low + 1));
const pick = (list) => list[between(0, list.length - 1)];

// ---- bytes
const _u8 = (n) => [n & 255];
const u16 = (n) => [(n >>> 8) & 255, n & 255];
const u32 = (n) => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const ip = (text) => text.split(".").map(Number);
const mac = (text) => text.split(":").map((p) => Number.parseInt(p, 16));
const text = (s) => [...s].map((ch) => ch.charCodeAt(0));
const noise = (n) => Array.from({ length: n }, () => between(0, 255));

function checksum(bytes) {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum >>> 16) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

// ---- headers
const router = mac("02:00:5e:00:00:01");
const hostMac = (address) => [0x02, 0x42, ...address];
const ether = (dst, src, type, payload) => {
  const frame = [...dst, ...src, ...u16(type), ...payload];
  while (frame.length < 60) frame.push(0);
  return frame;
};
let ipId = 1;
function ipv4(src, dst, protocol, payload, { ttl = 64, id = ipId++, fragment = 0x4000, tos = 0, options = [] } = {}) {
  const length = 20 + options.length;
  const header = [
    0x40 | (length / 4),
    tos,
    ...u16(length + payload.length),
    ...u16(id & 0xffff),
    ...u16(fragment),
    ttl,
    protocol,
    0,
    0,
    ...src,
    ...dst,
    ...options,
  ];
  const sum = checksum(header);
  header[10] = sum >> 8;
  header[11] = sum & 255;
  return [...header, ...payload];
}
const pseudo = (src, dst, protocol, length) => [...src, ...dst, 0, protocol, ...u16(length)];
function udp(src, dst, sport, dport, data) {
  const header = [...u16(sport), ...u16(dport), ...u16(8 + data.length), 0, 0];
  const sum = checksum([...pseudo(src, dst, 17, 8 + data.length), ...header, ...data]) || 0xffff;
  return [...header.slice(0, 6), ...u16(sum), ...data];
}
const FIN = 1,
  SYN = 2,
  RST = 4,
  PSH = 8,
  ACK = 16;
function tcp(src, dst, sport, dport, seq, ack, flags, data = [], options = []) {
  const header = [
    ...u16(sport),
    ...u16(dport),
    ...u32(seq),
    ...u32(ack),
    ((20 + options.length) / 4) << 4,
    flags,
    ...u16(64240),
    0,
    0,
    0,
    0,
    ...options,
  ];
  const sum = checksum([...pseudo(src, dst, 6, header.length + data.length), ...header, ...data]);
  header[16] = sum >> 8;
  header[17] = sum & 255;
  return [...header, ...data];
}
function icmp(type, code, rest, data) {
  const message = [type, code, 0, 0, ...rest, ...data];
  const sum = checksum(message);
  message[2] = sum >> 8;
  message[3] = sum & 255;
  return message;
}

// ---- the wire: conversations run at once, each a list of [time, frame]
const wire = [];
const start = 1396432800;
const at = (seconds, frame) => wire.push([seconds, frame]);
const send = (seconds, src, dst, protocol, payload, options) => {
  // Inside hosts have addresses of their own; everything outside is behind the router.
  const inside = (a) => a[0] === 192 || a[0] === 10;
  at(
    seconds,
    ether(
      inside(dst) ? hostMac(dst) : router,
      inside(src) ? hostMac(src) : router,
      0x0800,
      ipv4(src, dst, protocol, payload, options),
    ),
  );
};

const hosts = Array.from({ length: 12 }, (_, i) => ip(`192.168.1.${10 + i}`));
const quarantined = ip("10.66.3.7");
const gateway = ip("192.168.1.1");
const servers = ["93.184.216.34", "151.101.1.69", "172.217.16.142", "104.16.132.229", "198.51.100.80"].map(ip);
const resolver = ip("9.9.9.9");
const names = ["example.com", "www.example.org", "updates.example.net", "mail.example.com", "api.example.io"];

function arp(time, host, target, answered = true) {
  at(
    time,
    ether([255, 255, 255, 255, 255, 255], hostMac(host), 0x0806, [
      0,
      1,
      8,
      0,
      6,
      4,
      0,
      1,
      ...hostMac(host),
      ...host,
      0,
      0,
      0,
      0,
      0,
      0,
      ...target,
    ]),
  );
  if (answered)
    at(
      time + 0.0004,
      ether(hostMac(host), router, 0x0806, [0, 1, 8, 0, 6, 4, 0, 2, ...router, ...target, ...hostMac(host), ...host]),
    );
}

/** A DNS question for an address: name, type A, class IN. */
function question(name) {
  return [...name.split(".").flatMap((label) => [label.length, ...text(label)]), 0, ...u16(1), ...u16(1)];
}

function dns(time, host) {
  const port = between(32768, 60999);
  const asked = question(pick(names));
  const id = u16(between(0, 65535));
  send(
    time,
    host,
    resolver,
    17,
    udp(host, resolver, port, 53, [...id, ...u16(0x0100), ...u16(1), 0, 0, 0, 0, 0, 0, ...asked]),
  );
  const answer = [0xc0, 12, ...u16(1), ...u16(1), ...u32(300), ...u16(4), ...pick(servers)];
  send(
    time + 0.018,
    resolver,
    host,
    17,
    udp(resolver, host, 53, port, [...id, ...u16(0x8180), ...u16(1), ...u16(1), 0, 0, 0, 0, ...asked, ...answer]),
    { ttl: 57 },
  );
}

function ping(time, host, server, count) {
  const id = u16(between(1, 65535));
  for (let i = 1; i <= count; i++) {
    const data = Array.from({ length: 48 }, (_, k) => k + 8);
    send(time + i, host, server, 1, icmp(8, 0, [...id, ...u16(i)], [...u32(start + i), ...u32(0), ...data]));
    send(time + i + 0.012, server, host, 1, icmp(0, 0, [...id, ...u16(i)], [...u32(start + i), ...u32(0), ...data]), {
      ttl: 55,
    });
  }
}

function session(time, host, server, dport, exchanges, end = "close") {
  const sport = between(32768, 60999);
  let seq = between(1, 0x7fffffff);
  let ack = between(1, 0x7fffffff);
  let t = time;
  const out = (flags, data = [], options = []) => {
    send(
      (t += 0.0005),
      host,
      server,
      6,
      tcp(host, server, sport, dport, seq, flags & ACK ? ack : 0, flags, data, options),
    );
    seq = (seq + data.length + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
  };
  const back = (flags, data = [], options = []) => {
    send((t += 0.011), server, host, 6, tcp(server, host, dport, sport, ack, seq, flags, data, options), { ttl: 55 });
    ack = (ack + data.length + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
  };
  const syn = [2, 4, ...u16(1460), 1, 3, 3, 7, 4, 2, 1, 1];
  out(SYN, [], syn);
  if (end === "refused") {
    back(RST | ACK);
    return;
  }
  back(SYN | ACK, [], syn);
  out(ACK);
  for (const [request, response] of exchanges) {
    out(PSH | ACK, request);
    for (let i = 0; i < response.length; i += 1448)
      back(ACK | (i + 1448 >= response.length ? PSH : 0), response.slice(i, i + 1448));
    out(ACK);
  }
  if (end === "reset") {
    out(RST | ACK);
    return;
  }
  out(FIN | ACK);
  back(FIN | ACK);
  out(ACK);
}

const http = (host) => [
  text(`GET / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: demo\r\n\r\n`),
  [...text("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"), ...noise(between(200, 4000))],
];
const tls = () => [
  [0x16, 3, 1, ...u16(200), ...noise(200)],
  [0x16, 3, 3, ...u16(1200), ...noise(between(1200, 5000))],
];

/** A datagram too long for one frame, in fragments of 1480 bytes. */
function fragmented(time, src, dst, length) {
  const datagram = udp(src, dst, 40000, 4500, noise(length));
  const id = ipId++;
  for (let i = 0; i < datagram.length; i += 1480) {
    const more = i + 1480 < datagram.length ? 0x2000 : 0;
    send(time + i * 1e-7, src, dst, 17, datagram.slice(i, i + 1480), { id, fragment: more | (i / 8) });
  }
}

function ipv6(time, host, next, payload, dstMac = router) {
  const src = [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, host[3]];
  const dst = [0x20, 0x01, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x35];
  const body = payload(src, dst);
  at(
    time,
    ether(dstMac, hostMac(host), 0x86dd, [0x60, 0, 0, 0, ...u16(body.length), next, 64, ...src, ...dst, ...body]),
  );
}
const pseudo6 = (src, dst, next, length) => [...src, ...dst, ...u32(length), 0, 0, 0, next];
const icmp6 = (type, rest) => (src, dst) => {
  const body = [type, 0, 0, 0, ...rest(dst)];
  const sum = checksum([...pseudo6(src, dst, 58, body.length), ...body]);
  return [type, 0, ...u16(sum), ...body.slice(4)];
};
const udp6 = (sport, dport, data) => (src, dst) => {
  const length = 8 + data.length;
  const sum =
    checksum([...pseudo6(src, dst, 17, length), ...u16(sport), ...u16(dport), ...u16(length), 0, 0, ...data]) || 0xffff;
  return [...u16(sport), ...u16(dport), ...u16(length), ...u16(sum), ...data];
};

function vlan(time, host, id) {
  const inner = ipv4(
    host,
    gateway,
    17,
    udp(host, gateway, 514, 514, text(`<30>phone-${host[3]}: registered on VLAN ${id}`)),
  );
  at(time, ether(router, hostMac(host), 0x8100, [...u16(id), ...u16(0x0800), ...inner]));
}

function malformed(time) {
  const host = pick(hosts);
  const server = pick(servers);
  const good = ipv4(host, server, 17, udp(host, server, 5000, 5001, noise(40)));
  const bad = (change) => {
    const packet = [...good];
    change(packet);
    at((time += 0.01), ether(router, hostMac(host), 0x0800, packet));
  };
  bad((p) => {
    p[10] ^= 0x5a;
  }); // header checksum
  bad((p) => {
    p[0] = 0x65;
  }); // version 6 in an IPv4 frame
  bad((p) => {
    p[0] = 0x43;
  }); // header of 12 bytes
  bad((p) => {
    p[2] = 0x40;
  }); // longer than the frame
  bad((p) => {
    p[2] = 0;
    p[3] = 12;
  }); // shorter than its header
  at((time += 0.01), [...router, ...hostMac(host), 0x08, 0x00, ...good.slice(0, 14)]); // cut in the IP header
  at((time += 0.01), [...router, ...hostMac(host), 0x08]); // cut in the Ethernet header
}

// ---- the hour
for (let minute = 0; minute < 60; minute++) {
  const t = minute * 60;
  for (const host of hosts) {
    if (random() < 0.18) arp(t + random() * 60, host, gateway);
    if (random() < 0.25) dns(t + random() * 60, host);
    if (random() < 0.07) session(t + random() * 60, host, pick(servers), 80, [http(pick(names))]);
    if (random() < 0.04)
      session(t + random() * 60, host, pick(servers), 443, [tls(), tls()], random() < 0.1 ? "reset" : "close");
  }
  if (minute % 4 === 0) ping(t + 5, pick(hosts), pick(servers), 3);
  if (minute % 7 === 0)
    session(t + 20, pick(hosts), ip("198.51.100.23"), 23, [[text("login: root\r\n"), text("Password: ")]]);
  if (minute % 9 === 0) fragmented(t + 25, pick(hosts), ip("203.0.113.9"), between(1600, 4200));
  if (minute % 5 === 0) vlan(t + 31, pick(hosts), between(10, 12));
  if (minute % 6 === 0) {
    ipv6(
      t + 33,
      pick(hosts),
      58,
      icmp6(135, (dst) => [0, 0, 0, 0, ...dst]),
      mac("33:33:ff:00:00:35"),
    );
    ipv6(
      t + 34,
      pick(hosts),
      17,
      udp6(between(32768, 60999), 53, [
        ...u16(between(0, 65535)),
        ...u16(0x0100),
        ...u16(1),
        0,
        0,
        0,
        0,
        0,
        0,
        ...question(pick(names)),
      ]),
    );
  }
  if (minute % 10 === 3) malformed(t + 40);
  if (minute % 8 === 2) session(t + 44, quarantined, pick(servers), 80, [http("beacon.invalid")]);
  if (minute % 11 === 5)
    for (let port = 20; port < 26; port++)
      session(t + 50 + port / 100, ip("203.0.113.66"), pick(hosts), port, [], "refused");
  if (minute % 12 === 6)
    send(t + 55, hosts[3], ip("192.0.2.123"), 17, udp(hosts[3], ip("192.0.2.123"), 123, 123, [0x23, ...noise(47)]));
  if (minute % 15 === 7)
    send(t + 57, pick(servers), pick(hosts), 1, icmp(11, 0, [0, 0, 0, 0], ipv4(hosts[1], servers[0], 17, noise(8))));
}
wire.sort((a, b) => a[0] - b[0]);

const head = Buffer.alloc(24);
head.writeUInt32LE(0xa1b2c3d4, 0);
head.writeUInt16LE(2, 4);
head.writeUInt16LE(4, 6);
head.writeUInt32LE(65535, 16);
head.writeUInt32LE(1, 20);
const records = wire.map(([time, frame]) => {
  const record = Buffer.alloc(16 + frame.length);
  const us = Math.round((start + time) * 1e6);
  record.writeUInt32LE(Math.floor(us / 1e6), 0);
  record.writeUInt32LE(us % 1e6, 4);
  record.writeUInt32LE(frame.length, 8);
  record.writeUInt32LE(frame.length, 12);
  Buffer.from(frame).copy(record, 16);
  return record;
});
writeFileSync(file, Buffer.concat([head, ...records]));
console.log(`${file}: ${wire.length} frames, ${records.reduce((n, r) => n + r.length, 24)} bytes`);
