// Frames for the middleboxes of the benchmark, of 64 bytes at least, by the tables of their headers.
import { arp, arpOperations } from "@clickos/wire/arp";
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { packetsOf } from "./rule-lists.mjs";

export const address = (text) => text.split(".").reduce((sum, byte) => ((sum << 8) | Number(byte)) >>> 0, 0);
export const mac = (n) => Uint8Array.of(2, 0, 0, 0, n >> 8, n & 255);
export const shortest = 64;

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
/** A frame of 64 bytes at least. */
export function frame(payload, { from = mac(1), to = mac(2), type = etherTypes.ip } = {}) {
  const whole = concat(ethernet.bytes({ source: from, destination: to, etherType: type }), payload);
  return whole.length < shortest ? concat(whole, new Uint8Array(shortest - whole.length)) : whole;
}
export function ip(source, destination, protocol, payload, values = {}) {
  const header = { ttl: 64, ...values, source, destination, protocol, totalLength: ipv4.size + payload.length };
  const packet = concat(ipv4.bytes(header), payload);
  ipv4.view(packet).checksum = internetChecksum(packet.subarray(0, ipv4.size));
  return packet;
}
export function udpPacket(source, destination, sourcePort, destinationPort, data = new Uint8Array(22)) {
  const length = udp.size + data.length;
  const message = concat(udp.bytes({ sourcePort, destinationPort, length }), data);
  const pseudo = pseudoHeaderSum({ source, destination }, ipProtocols.udp, length);
  udp.view(message).checksum = internetChecksum(message, pseudo) || 0xffff;
  return ip(source, destination, ipProtocols.udp, message);
}
export function tcpPacket(source, destination, sourcePort, destinationPort, values, data = new Uint8Array(6)) {
  const segment = concat(tcp.bytes({ window: 8192, ...values, sourcePort, destinationPort }), data);
  const pseudo = pseudoHeaderSum({ source, destination }, ipProtocols.tcp, segment.length);
  tcp.view(segment).checksum = internetChecksum(segment, pseudo);
  return ip(source, destination, ipProtocols.tcp, segment);
}
export const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));
export const udpFrame = (source, destination, sport, dport, ends) =>
  frame(udpPacket(address(source), address(destination), sport, dport), ends);

/** Packets drawn over the rules of a list. */
export const drawnFrames = (list, n) =>
  packetsOf(list, n).map(({ src, dst, sport, dport, protocol }) =>
    frame(protocol === ipProtocols.tcp ? tcpPacket(src, dst, sport, dport, {}) : udpPacket(src, dst, sport, dport)),
  );
/** Who has an address tells who has asked for it, with Ethernet addresses by number. */
export function says(from, own, to, asker) {
  const [senderHardware, targetHardware] = [mac(from), mac(to)];
  const ends = { senderProtocol: address(own), targetProtocol: address(asker) };
  const reply = arp.bytes({ operation: arpOperations.reply, senderHardware, targetHardware, ...ends });
  return frame(reply, { from: senderHardware, to: targetHardware, type: etherTypes.arp });
}
/** Segments of so many connections to a web server. */
export const connections = (server, n) =>
  times(n, (i) =>
    frame(tcpPacket(address("203.0.113.0") + (i & 255), address(server), 1024 + (i >> 8), 443, { ack: 1 })),
  );
/** What an IP router gets to forward between its two sides. */
export function routedFrames() {
  return {
    0: times(256, (i) => udpFrame("10.0.0.9", `203.0.113.${i}`, 1024 + i, 53)),
    1: times(256, (i) => udpFrame(`203.0.113.${i}`, "10.0.0.9", 53, 1024 + i)),
  };
}
export const neighbours = () => ({
  0: [says(9, "10.0.0.9", 1, "10.0.0.1")],
  1: [says(254, "192.0.2.254", 2, "192.0.2.1")],
});
