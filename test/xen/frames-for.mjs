/** Frames that a configuration has something to do with: of the addresses and networks that stand in its text. */
import { arp } from "@clickos/wire/arp";
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { concat } from "../fuzz/mutate.mjs";

const ports = [22, 25, 53, 80, 443, 1024, 4789, 5000, 5001, 40000];
const everybody = [255, 255, 255, 255, 255, 255];

/**
 * @param text a configuration
 * @param r random numbers
 * @returns so many frames, of 60 bytes and more
 */
export function framesFor(text, r, count) {
  const code = text.replace(/\/\/.*$/gm, "");
  const macs = [...new Set(code.match(/\b[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}\b/gi) ?? ["02:00:00:00:00:01"])].map((mac) =>
    mac.split(":").map((byte) => Number.parseInt(byte, 16)),
  );
  const networks = [...code.matchAll(/\b(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?\b/g)].map(([, a, b, c, d, bits]) => ({
    address: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0,
    hosts: bits === undefined ? 0 : 2 ** Math.min(8, 32 - bits),
  }));
  networks.push({ address: 0xc6336407, hosts: 200 });
  const host = () => {
    const { address, hosts } = r.pick(networks);
    return (address + (hosts > 0 ? r.below(hosts) : 0)) >>> 0;
  };
  const frame = (etherType, payload) => {
    const header = ethernet.bytes({ etherType });
    header.set(r.once(8) ? everybody : r.pick(macs), 0);
    header.set(r.pick(macs), 6);
    return concat(header, payload, new Uint8Array(Math.max(0, 46 - payload.length)));
  };
  return Array.from({ length: count }, () =>
    r.once(6)
      ? frame(
          etherTypes.arp,
          arp.bytes({
            operation: 1 + r.below(2),
            senderHardware: Uint8Array.from(r.pick(macs)),
            senderProtocol: host(),
            targetProtocol: host(),
          }),
        )
      : frame(etherTypes.ip, packet(r, host(), host())),
  );
}

/** A whole IP packet, with the checksums that belong to it. */
function packet(r, source, destination) {
  const [sourcePort, destinationPort] = [r.pick(ports), r.pick(ports)];
  const data = Uint8Array.from({ length: r.pick([0, 8, 100, 1200]) }, () => r.below(256));
  const [protocol, header, format] = r.pick([
    [ipProtocols.udp, udp.bytes({ sourcePort, destinationPort, length: 8 + data.length }), udp],
    [ipProtocols.tcp, tcp.bytes({ sourcePort, destinationPort, syn: 1, window: 8192 }), tcp],
    [ipProtocols.tcp, tcp.bytes({ sourcePort, destinationPort, ack: 1, sequenceNumber: 1, window: 8192 }), tcp],
    [ipProtocols.icmp, concat(icmp.bytes({ type: r.pick([0, 8]) }), new Uint8Array(4)), icmp],
  ]);
  const segment = concat(header, data);
  const pseudo = format === icmp ? 0 : pseudoHeaderSum({ source, destination }, protocol, segment.length);
  format.view(segment).checksum = internetChecksum(segment, pseudo);
  const ip = ipv4.bytes({ protocol, source, destination, ttl: r.pick([1, 64]), totalLength: 20 + segment.length });
  ipv4.view(ip).checksum = internetChecksum(ip);
  return concat(ip, segment);
}
