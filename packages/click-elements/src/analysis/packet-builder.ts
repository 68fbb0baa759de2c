/**
 * A packet that is made from the columns of a summary, one after another: headers come into being when a column needs them.
 */
import { annotation, annotationBytes, type HostFrame } from "@clickos/click-core/element";
import type { HeaderView } from "@clickos/wire";
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";

const dccpHeader = 12;
/** What a packet may grow by beyond what it says: headers of the longest kind. */
const room = 256;
/** How long a packet may become. */
const maximumLength = 1 << 17;
const lastHeaderByte = tcp.fields.dataOffset.offset + 1;

export interface BuilderOptions {
  readonly protocol: number;
  /** Whether a header of IP is made even where no column needs one. */
  readonly hasFlow: boolean;
  /** The minor version of the dump's format. */
  readonly minorVersion: number;
}

/** Shorter than its transport header, a packet is one of a kind that has none. */
export class PacketBuilder {
  readonly options: BuilderOptions;
  private bytes = new Uint8Array(room * 2);
  /** Bytes that the packet has. */
  length = 0;
  /** Offsets; -1 where there is no such header. */
  mac = -1;
  network = -1;
  transport = -1;
  isIp = true;
  hasIcmpType = false;
  hasIcmpCode = false;
  /** Whether columns said how long the headers are. */
  hasIpHeaderLength = false;
  hasTcpHeaderLength = false;
  /** The length that the packet is to have been of; 0 when nothing said it. */
  wanted = 0;
  timestampNs = 0n;
  readonly annotations: DataView = new DataView(new ArrayBuffer(annotationBytes));

  constructor(options: BuilderOptions) {
    this.options = options;
  }

  /** Has so many bytes more, of zeros. */
  put(more: number): boolean {
    if (this.length + more > maximumLength) return false;
    if (this.length + more + room > this.bytes.length) {
      const bigger = new Uint8Array(this.length + more + 2 * room);
      bigger.set(this.bytes);
      this.bytes = bigger;
    }
    this.length += more;
    return true;
  }

  /** The packet's bytes. More than `length` may be written: that is not part of it. */
  get data(): Uint8Array {
    return this.bytes;
  }
  get networkLength(): number {
    return this.length - this.network;
  }
  get transportLength(): number {
    return this.length - this.transport;
  }
  get ip(): HeaderView<(typeof ipv4)["table"]> {
    return ipv4.view(this.bytes, this.network);
  }
  get tcp(): HeaderView<(typeof tcp)["table"]> {
    return tcp.view(this.bytes, this.transport);
  }
  get udp(): HeaderView<(typeof udp)["table"]> {
    return udp.view(this.bytes, this.transport);
  }
  get icmp(): HeaderView<(typeof icmp)["table"]> {
    return icmp.view(this.bytes, this.transport);
  }
  get ether(): HeaderView<(typeof ethernet)["table"]> {
    return ethernet.view(this.bytes, this.mac);
  }
  get hasIp(): boolean {
    return this.isIp && this.network >= 0 && this.networkLength >= ipv4.size;
  }

  makeEther(): void {
    if (this.mac >= 0) return;
    this.mac = 0;
    this.put(ethernet.size);
    this.network = ethernet.size;
    this.transport = this.network;
    this.ether.etherType = etherTypes.ip;
  }

  /** Has an IP header; `false` where the packet is none of the protocol, 0 for any. */
  makeIp(protocol: number): boolean {
    if (!this.isIp) return false;
    if (this.network < 0) this.network = 0;
    if (this.networkLength < ipv4.size) {
      if (!this.put(ipv4.size - this.networkLength)) return false;
      this.transport = this.network + ipv4.size;
      ipv4.emit(this.bytes, { ttl: 100, protocol: this.options.protocol, totalLength: 0 }, this.network);
    }
    return protocol === 0 || this.ip.protocol === 0 || this.ip.protocol === protocol;
  }

  /** Has a transport header, as long as the packet is to be; `false` in a later fragment. There is an IP header. */
  makeTransport(): boolean {
    if (this.ip.fragmentOffset !== 0) return false;
    if (this.transportLength >= udp.size) return true;
    let length = headerLengths[this.ip.protocol];
    if (length === undefined) return true;
    if (this.wanted > 0 && this.wanted < this.transport + length) length = this.wanted - this.transport;
    if (this.transportLength >= length) return true;
    const more = Math.max(length, 4) - this.transportLength;
    if (!this.put(more)) return false;
    if (this.ip.protocol === ipProtocols.tcp && length >= lastHeaderByte)
      this.tcp.dataOffset = tcp.size / tcp.table.headerLength.unit;
    if (length < 4) this.length -= 4 - length;
    return true;
  }

  /** Makes the IP header longer; what follows it is not moved. */
  setIpHeaderLength(length: number): void {
    this.transport = this.network + length;
    this.ip.ihl = length / ipv4.table.headerLength.unit;
  }

  /** Says the lengths that no column said, and makes the sums that are wanted. */
  finish(checksums: boolean): void {
    if (this.options.hasFlow) this.makeIp(0);
    if (!this.hasIp) return;
    this.makeTransport();
    const { ip } = this;
    let length = ip.totalLength;
    if (length === 0) {
      length = this.wanted >= this.network ? this.wanted - this.network : this.wanted;
      length = Math.min(length, ipv4.fields.totalLength.mask) || this.networkLength;
      ip.totalLength = length;
    }
    const headerLength = ip.ihl * ipv4.table.headerLength.unit;
    if (ip.protocol === ipProtocols.udp && ip.fragmentOffset === 0 && this.udp.length === 0)
      this.udp.length = (length - headerLength) & 0xffff;
    this.annotations.setUint32(annotation.dstIp, ip.destination);
    if (!checksums) return;
    if (length > this.networkLength && !this.put(length - this.networkLength)) return;
    this.sum();
  }

  private sum(): void {
    const { ip } = this;
    const headerLength = ip.ihl * ipv4.table.headerLength.unit;
    ip.checksum = 0;
    ip.checksum = internetChecksum(this.bytes.subarray(this.network, this.network + headerLength));
    if (ip.fragment !== 0) return;
    const segment = this.bytes.subarray(this.transport, Math.max(this.transport, this.length));
    const pseudo = (): number => pseudoHeaderSum(ip, ip.protocol, segment.length);
    const header =
      ip.protocol === ipProtocols.tcp
        ? this.tcp
        : ip.protocol === ipProtocols.udp
          ? this.udp
          : ip.protocol === ipProtocols.icmp
            ? this.icmp
            : undefined;
    if (!header) return;
    header.checksum = 0;
    header.checksum = internetChecksum(segment, ip.protocol === ipProtocols.icmp ? 0 : pseudo());
  }

  /** The packet; what it is to have been longer is its extra length. */
  frame(): HostFrame {
    const { length, annotations, mac, network, transport, timestampNs } = this;
    annotations.setUint32(annotation.extraLength, this.wanted > length ? this.wanted - length : 0, true);
    return {
      frame: this.bytes.subarray(0, length),
      timestampNs: timestampNs < 0n ? 0n : timestampNs,
      ...(mac >= 0 ? { mac } : {}),
      network: this.isIp ? network : mac >= 0 ? network : -1,
      transport: network >= 0 ? transport : -1,
      annotate(to) {
        for (let i = 0; i < annotationBytes; i++) to.setUint8(i, annotations.getUint8(i));
      },
    };
  }
}

const headerLengths: Readonly<Record<number, number>> = {
  [ipProtocols.tcp]: tcp.size,
  [ipProtocols.udp]: udp.size,
  [ipProtocols.udplite]: udp.size,
  [ipProtocols.dccp]: dccpHeader,
  [ipProtocols.icmp]: 8,
};
