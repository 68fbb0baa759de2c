/** Makes packets from the values of a summary. */
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { icmp, icmpEcho } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import type { Values } from "./ip-summary.ts";

/** The longest that the length fields of IPv4 and TCP can say. */
const maximumHeader = ipv4.fields.ihl.mask * ipv4.table.headerLength.unit;
/** Bytes of a transport header that has no options. */
const headerBytes: Readonly<Record<number, number>> = {
  [ipProtocols.udp]: udp.size,
  [ipProtocols.icmp]: icmp.size + icmpEcho.size,
};

export interface BuildOptions {
  /** Zeros stand for data that is not given; else the packet ends with its headers. */
  readonly zero: boolean;
  readonly checksum: boolean;
}

/** Makes the packet that a line describes. The longest that fits a buffer is made; the rest is extra length. */
export function buildPacket(
  values: Values,
  options: BuildOptions,
  limit: number,
): { frame: Uint8Array; transport: number; extra: number } {
  const n = (name: string): number | undefined => {
    const value = values[name];
    return value === undefined || value instanceof Uint8Array ? undefined : Number(value);
  };
  const bytes = (name: string): Uint8Array | undefined => {
    const value = values[name];
    return value instanceof Uint8Array ? value : undefined;
  };
  const protocol = n("ip_proto") ?? ipProtocols.tcp;
  const flagsAndOffset = n("ip_fragoff") ?? n("ip_frag") ?? 0;
  const tcpOptions = bytes("tcp_opt") ?? bytes("tcp_ntopt") ?? bytes("tcp_sack") ?? new Uint8Array();
  const ipHeader = wholeWords(n("ip_hl"), ipv4.size);
  const tcpHeader = Math.max(tcp.size + tcpOptions.length, wholeWords(n("tcp_off"), tcp.size));
  const first = (flagsAndOffset & ipv4.fields.fragmentOffset.mask) === 0;
  const transportHeader = !first ? 0 : protocol === ipProtocols.tcp ? tcpHeader : (headerBytes[protocol] ?? 0);
  const payload = bytes("payload");
  const headers = ipHeader + transportHeader;
  const payloadLength = payload?.length ?? n("payload_len");
  const ipLength = Math.min(ipv4.fields.totalLength.mask, n("ip_len") ?? headers + (payloadLength ?? 0));
  const present = options.zero
    ? Math.max(ipLength, headers)
    : headers + Math.min(payload?.length ?? 0, Math.max(0, ipLength - headers) || (payload?.length ?? 0));
  const frame = new Uint8Array(Math.min(present, limit));
  ipv4.emit(frame, {
    ihl: ipHeader / ipv4.table.headerLength.unit,
    tos: (n("ip_tos") ?? (n("ip_dscp") ?? 0) << ipv4.fields.dscp.shift) | (n("ip_ecn") ?? 0),
    totalLength: ipLength,
    identification: n("ip_id") ?? 0,
    flagsAndOffset,
    ttl: n("ip_ttl") ?? 100,
    protocol,
    checksum: n("ip_sum") ?? 0,
    source: n("ip_src") ?? 0,
    destination: n("ip_dst") ?? 0,
  });
  const ports = { sourcePort: n("sport") ?? 0, destinationPort: n("dport") ?? 0 };
  if (first && protocol === ipProtocols.tcp) {
    const segment = {
      ...ports,
      sequenceNumber: n("tcp_seq") ?? 0,
      acknowledgmentNumber: n("tcp_ack") ?? 0,
      dataOffset: Math.floor(tcpHeader / tcp.table.headerLength.unit),
      window: n("tcp_window") ?? 0,
      checksum: n("tcp_sum") ?? 0,
      urgentPointer: n("tcp_urp") ?? 0,
    };
    const flags = n("tcp_flags");
    tcp.emit(frame, flags === undefined ? { ...segment, ack: 1 } : { ...segment, flags }, ipHeader);
    frame.set(tcpOptions, ipHeader + tcp.size);
  } else if (first && protocol === ipProtocols.udp) {
    const length = n("udp_len") ?? Math.max(udp.size, ipLength - ipHeader);
    udp.emit(frame, { ...ports, length, checksum: n("udp_sum") ?? 0 }, ipHeader);
  } else if (first && protocol === ipProtocols.icmp) {
    icmp.emit(frame, { type: n("icmp_type") ?? 0, code: n("icmp_code") ?? 0 }, ipHeader);
    const echo = { identifier: n("icmp_flowid") ?? 0, sequenceNumber: n("icmp_seq") ?? 0 };
    icmpEcho.emit(frame, echo, ipHeader + icmp.size);
  }
  if (payload) frame.set(payload.subarray(0, Math.max(0, frame.length - headers)), headers);
  if (options.checksum) setChecksums(frame, ipHeader, first);
  return { frame, transport: ipHeader, extra: Math.max(0, ipLength - frame.length) };
}

/** A header length in bytes that is given, in whole words, within what a header may have. */
function wholeWords(given: number | undefined, least: number): number {
  return Math.max(least, Math.min(maximumHeader, (given ?? least) & ~3));
}

function setChecksums(frame: Uint8Array, ipHeader: number, first: boolean): void {
  const ip = ipv4.view(frame);
  ip.checksum = 0;
  ip.checksum = internetChecksum(frame.subarray(0, ipHeader));
  const format = { [ipProtocols.tcp]: tcp, [ipProtocols.udp]: udp, [ipProtocols.icmp]: icmp }[ip.protocol];
  const packet = frame.subarray(ipHeader, Math.max(ipHeader, ip.totalLength));
  if (!first || !format) return;
  const { offset, size } = format.fields.checksum;
  if (packet.length < offset + size) return;
  const header: { checksum: number } = format.view(frame, ipHeader);
  header.checksum = 0;
  const isIcmp = ip.protocol === ipProtocols.icmp;
  const start = isIcmp ? 0 : pseudoHeaderSum(ip, ip.protocol, ip.totalLength - ipHeader);
  const checksum = internetChecksum(packet, start);
  // A computed 0 is sent as all ones: 0 says that there is none (RFC 768).
  header.checksum = ip.protocol === ipProtocols.udp && checksum === 0 ? 0xffff : checksum;
}
