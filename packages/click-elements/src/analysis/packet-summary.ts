/**
 * A packet taken apart for a summary: its headers as far as they are sound, and what is wrong with it.
 *
 * Lengths are those of IP: bytes after the packet that IP tells of are left out, as `tailpad`.
 */
import { annotation, type HostPacket } from "@clickos/click-core/element";
import { type Field, readField } from "@clickos/wire";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";

export interface SummaryOptions {
  /** Whether lengths have the extra length annotation in them. */
  readonly extraLength: boolean;
  /** Whether a packet that is shorter than IP says is bad. */
  readonly careful: boolean;
  /** Whether what is wrong with packets is wanted. */
  readonly bad: boolean;
}

/** What a field may be missing: a header's protocol, or one of these. */
export type Missing = "ethernet" | "ip" | "tcp" | "udp" | "icmp" | "ports";

const protocolOf: Partial<Record<Missing, readonly number[]>> = {
  tcp: [ipProtocols.tcp],
  udp: [ipProtocols.udp],
  icmp: [ipProtocols.icmp],
  ports: [ipProtocols.tcp, ipProtocols.udp],
};
const nameOf: Partial<Record<Missing, string>> = { tcp: "TCP", udp: "UDP", icmp: "ICMP", ports: "TCP/UDP" };

/** The shortest that an IP header is looked at. */
const leastHeader = ipv4.fields.identification.offset;

export class PacketSummary {
  readonly packet: HostPacket;
  readonly options: SummaryOptions;
  /** The packet, and what stands in front of its data that headers are in. */
  readonly bytes: Uint8Array;
  /** Offsets in `bytes`: of the data, and of headers, -1 for none. */
  readonly data: number;
  readonly mac: number;
  readonly network: number;
  readonly transport: number;
  /** The offset of the IP header where it is sound, and of those of its protocols. */
  ip = -1;
  tcp = -1;
  udp = -1;
  icmp = -1;
  tailpad = 0;
  bad: string | undefined;

  constructor(packet: HostPacket, options: SummaryOptions) {
    const { data, network, transport, mac } = packet;
    this.packet = packet;
    this.options = options;
    const known = [network, transport].filter((at) => at !== -1);
    const base = Math.min(0, mac ?? 0, ...known);
    this.bytes = base === 0 ? data : new Uint8Array(data.buffer, data.byteOffset + base, data.length - base);
    this.data = -base;
    this.mac = mac === undefined ? -1 : mac - base;
    this.network = network === -1 ? -1 : network - base;
    this.transport = transport === -1 ? -1 : transport - base;
  }

  get extra(): number {
    return this.packet.annotations.getUint32(annotation.extraLength, true);
  }
  set extra(value: number) {
    this.packet.annotations.setUint32(annotation.extraLength, value, true);
  }

  /** Bytes of the packet's data. */
  get length(): number {
    return this.bytes.length - this.data - this.tailpad;
  }
  get networkLength(): number {
    return this.bytes.length - this.network - this.tailpad;
  }
  get transportLength(): number {
    return this.bytes.length - this.transport - this.tailpad;
  }

  /** A field of the IP header, and of a header of its payload. */
  ofIp(field: Field): number {
    return readField(this.bytes, this.ip, field) ?? 0;
  }
  ofTransport(field: Field, after = 0): number {
    return readField(this.bytes, this.transport + after, field) ?? 0;
  }
  get ipHeaderLength(): number {
    return this.ofIp(ipv4.fields.ihl) * ipv4.table.headerLength.unit;
  }
  get isFirstFragment(): boolean {
    return this.ofIp(ipv4.fields.fragmentOffset) === 0;
  }
  get protocol(): number {
    return this.ofIp(ipv4.fields.protocol);
  }

  private complain(text: string): void {
    if (this.options.bad) this.bad ??= `!bad ${text}`;
  }

  /** Looks at the IP header and what follows it. */
  prepare(): void {
    this.findIp();
    if (this.ip >= 0 && this.transport >= 0 && this.isFirstFragment && this.networkLength > this.ipHeaderLength) {
      if (this.protocol === ipProtocols.tcp) this.findTcp();
      if (this.protocol === ipProtocols.udp) this.udp = this.transport;
      if (this.protocol === ipProtocols.icmp) this.icmp = this.transport;
    }
    if (this.ip < 0 || this.extra === 0) return;
    // From here on lengths are those that IP tells.
    const full = this.networkLength + this.extra;
    const most = ipv4.fields.totalLength.mask;
    this.extra = this.ofIp(ipv4.fields.totalLength) === most && full > most ? full - most : 0;
  }

  private findIp(): void {
    if (this.network < 0) return;
    this.ip = this.network;
    const wrong = this.ipFault();
    if (wrong !== undefined) {
      this.complain(wrong);
      this.ip = -1;
      return;
    }
    const totalLength = this.ofIp(ipv4.fields.totalLength);
    const { networkLength } = this;
    if (networkLength > totalLength) {
      this.extra += networkLength - totalLength;
      this.tailpad = networkLength - totalLength;
    } else if (this.options.careful && networkLength + this.extra < totalLength)
      this.complain(`truncated IP missing ${totalLength - networkLength - this.extra}`);
  }

  private ipFault(): string | undefined {
    if (this.networkLength < leastHeader) return "truncated IP header";
    const version = this.ofIp(ipv4.fields.version);
    if (version !== ipv4.fields.version.is) return `IP version ${version}`;
    const words = this.ofIp(ipv4.fields.ihl);
    if (words * ipv4.table.headerLength.unit < ipv4.size) return `IP header length ${words}`;
    const length = this.ofIp(ipv4.fields.totalLength);
    return length < this.ipHeaderLength ? `IP length ${length}` : undefined;
  }

  private findTcp(): void {
    const words = this.ofTransport(tcp.fields.dataOffset);
    if (this.transportLength > tcp.fields.dataOffset.offset && words * tcp.table.headerLength.unit < tcp.size)
      this.complain(`TCP header length ${words}`);
    else this.tcp = this.transport;
  }

  /** Says of a field that the packet does not have it; `length` is how much of the header it takes. */
  missing(what: Missing, length: number): undefined {
    if (!this.options.bad || this.bad !== undefined) return undefined;
    const protocols = protocolOf[what];
    if (what === "ethernet") this.complain("Ethernet header");
    else if (this.ip < 0) this.complain("no IP header");
    else if (!protocols) this.complain("truncated IP header capture");
    // Another protocol is nothing bad.
    else if (this.networkLength > ipv4.fields.protocol.offset && !protocols.includes(this.protocol)) return undefined;
    else if (!this.isFirstFragment) this.complain(`fragmented ${nameOf[what]} header`);
    else
      this.complain(`truncated ${nameOf[what]} header${this.transportLength + this.extra >= length ? " capture" : ""}`);
    return undefined;
  }
}

/** Where the payload starts in the data, most likely, and how long it is; both may be beyond what there is. */
export function payloadOf(s: PacketSummary): { readonly at: number; readonly length: number } {
  if (s.ip < 0) return { at: 0, length: s.length };
  let at = s.transport - s.data;
  if (s.isFirstFragment) at += transportHeader(s);
  const length = s.ofIp(ipv4.fields.totalLength) - (at - (s.network - s.data));
  return { at, length: length >>> 0 };
}

/** The length of the transport header, of protocols that are known. */
function transportHeader(s: PacketSummary): number {
  const { protocol } = s;
  if (protocol === ipProtocols.tcp) {
    const there = s.transportLength > tcp.fields.dataOffset.offset;
    const stated = there ? s.ofTransport(tcp.fields.dataOffset) * tcp.table.headerLength.unit : 0;
    return Math.max(stated, tcp.size);
  }
  return protocol === ipProtocols.udp || protocol === ipProtocols.udplite ? 8 : 0;
}
