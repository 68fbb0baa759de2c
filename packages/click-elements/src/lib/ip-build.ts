/** Makes packets from the values of a summary. */
import type { Values } from "./ip-summary.ts";

const [icmp, tcp, udp] = [1, 6, 17];

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
  const protocol = n("ip_proto") ?? tcp;
  const fragment = n("ip_fragoff") ?? n("ip_frag") ?? 0;
  const options_ = bytes("tcp_opt") ?? bytes("tcp_ntopt") ?? bytes("tcp_sack") ?? new Uint8Array();
  const ipHeader = Math.max(20, Math.min(60, (n("ip_hl") ?? 20) & ~3));
  const first = (fragment & 0x1fff) === 0;
  const tcpHeader = Math.max(20 + options_.length, Math.min(60, (n("tcp_off") ?? 20) & ~3));
  const transportHeader = !first ? 0 : protocol === tcp ? tcpHeader : protocol === udp || protocol === icmp ? 8 : 0;
  const payload = bytes("payload");
  const headers = ipHeader + transportHeader;
  const payloadLength = payload?.length ?? n("payload_len");
  const ipLength = Math.min(65535, n("ip_len") ?? headers + (payloadLength ?? 0));
  const present = options.zero
    ? Math.max(ipLength, headers)
    : headers + Math.min(payload?.length ?? 0, Math.max(0, ipLength - headers) || (payload?.length ?? 0));
  const frame = new Uint8Array(Math.min(present, limit));
  const data = new DataView(frame.buffer);
  data.setUint8(0, 0x40 | (ipHeader >> 2));
  data.setUint8(1, (n("ip_tos") ?? (n("ip_dscp") ?? 0) << 2) | (n("ip_ecn") ?? 0));
  data.setUint16(2, ipLength);
  data.setUint16(4, n("ip_id") ?? 0);
  data.setUint16(6, fragment);
  data.setUint8(8, n("ip_ttl") ?? 100);
  data.setUint8(9, protocol);
  data.setUint16(10, n("ip_sum") ?? 0);
  data.setUint32(12, n("ip_src") ?? 0);
  data.setUint32(16, n("ip_dst") ?? 0);
  if (first && (protocol === tcp || protocol === udp)) {
    data.setUint16(ipHeader, n("sport") ?? 0);
    data.setUint16(ipHeader + 2, n("dport") ?? 0);
  }
  if (first && protocol === tcp) {
    data.setUint32(ipHeader + 4, n("tcp_seq") ?? 0);
    data.setUint32(ipHeader + 8, n("tcp_ack") ?? 0);
    data.setUint8(ipHeader + 12, (tcpHeader >> 2) << 4);
    data.setUint8(ipHeader + 13, n("tcp_flags") ?? 16);
    data.setUint16(ipHeader + 14, n("tcp_window") ?? 0);
    data.setUint16(ipHeader + 16, n("tcp_sum") ?? 0);
    data.setUint16(ipHeader + 18, n("tcp_urp") ?? 0);
    frame.set(options_, ipHeader + 20);
  } else if (first && protocol === udp) {
    data.setUint16(ipHeader + 4, n("udp_len") ?? Math.max(8, ipLength - ipHeader));
    data.setUint16(ipHeader + 6, n("udp_sum") ?? 0);
  } else if (first && protocol === icmp) {
    data.setUint8(ipHeader, n("icmp_type") ?? 0);
    data.setUint8(ipHeader + 1, n("icmp_code") ?? 0);
    data.setUint16(ipHeader + 4, n("icmp_flowid") ?? 0);
    data.setUint16(ipHeader + 6, n("icmp_seq") ?? 0);
  }
  if (payload) frame.set(payload.subarray(0, Math.max(0, frame.length - headers)), headers);
  if (options.checksum) setChecksums(data, ipHeader, protocol, first, ipLength);
  return { frame, transport: ipHeader, extra: Math.max(0, ipLength - frame.length) };
}

function setChecksums(data: DataView, ipHeader: number, protocol: number, first: boolean, ipLength: number): void {
  const sum = (from: number, to: number, start: number): number => {
    let total = start;
    for (let i = from; i < to; i += 2) total += i + 1 < to ? data.getUint16(i) : data.getUint8(i) << 8;
    while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
    return ~total & 0xffff;
  };
  data.setUint16(10, 0);
  data.setUint16(10, sum(0, ipHeader, 0));
  const at = { [tcp]: 16, [udp]: 6, [icmp]: 2 }[protocol];
  const end = Math.min(ipLength, data.byteLength);
  if (!first || at === undefined || end < ipHeader + at + 2) return;
  let start = 0;
  if (protocol !== icmp) {
    for (let i = 12; i < 20; i += 2) start += data.getUint16(i);
    start += protocol + ipLength - ipHeader;
  }
  data.setUint16(ipHeader + at, 0);
  const value = sum(ipHeader, end, start);
  data.setUint16(ipHeader + at, protocol === udp && value === 0 ? 0xffff : value);
}
