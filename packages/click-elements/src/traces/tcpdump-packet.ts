/** A packet that is made from a line that tcpdump has printed. */
import { annotation, type HostFrame } from "@clickos/click-core/element";
import type { HeaderView } from "@clickos/wire";
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";

const headers = ipv4.size + tcp.size;
const word16 = ipv4.fields.totalLength.mask;
const timeToLive = 2;
/** What a packet's buffer has room for, as in Click, where its headers do not need more. */
const leastRoom = 2048;
const moreRoom = 128;

export class TcpdumpPacket {
  bytes: Uint8Array = new Uint8Array(leastRoom);
  length: number = headers;
  timestampNs = 0n;
  /** Bytes behind the headers; `undefined` while nothing says it. */
  dataLength: number | undefined;

  constructor() {
    ipv4.emit(this.bytes, { ttl: timeToLive, protocol: 0, totalLength: 0 });
  }

  get ip(): HeaderView<(typeof ipv4)["table"]> {
    return ipv4.view(this.bytes, 0);
  }
  get tcp(): HeaderView<(typeof tcp)["table"]> {
    return tcp.view(this.bytes, ipv4.size);
  }
  get udp(): HeaderView<(typeof udp)["table"]> {
    return udp.view(this.bytes, ipv4.size);
  }
  get isTcp(): boolean {
    return this.ip.protocol === ipProtocols.tcp;
  }
  get isUdp(): boolean {
    return this.ip.protocol === ipProtocols.udp;
  }

  /** Has options behind the TCP header. */
  addOptions(options: readonly number[]): void {
    if (this.length + options.length > this.bytes.length) {
      const bigger = new Uint8Array(this.bytes.length + options.length + moreRoom);
      bigger.set(this.bytes);
      this.bytes = bigger;
    }
    this.bytes.set(options, this.length);
    this.length += options.length;
    this.setDataOffset(tcp.size + options.length);
  }

  setDataOffset(length: number): void {
    this.tcp.dataOffset = (length >> 2) & tcp.fields.dataOffset.mask;
  }

  /** The line says that the packet is so long in all: its data is, or else the TCP header has options that it does not show. */
  setLength(length: number): void {
    const { dataLength = -1 } = this;
    if (dataLength < 0 || length === this.length + dataLength) {
      this.dataLength = (length - this.length) | 0;
      return;
    }
    if (!this.isTcp) return;
    const headerLength = length - dataLength;
    if (headerLength >= 0 && headerLength <= this.bytes.length) {
      this.bytes.fill(0, Math.max(this.length, headers), Math.max(headerLength, headers));
      this.length = headerLength;
    }
    this.setDataOffset(this.length - ipv4.size);
  }

  finish(checksums: boolean): HostFrame {
    const data = Math.max(0, this.dataLength ?? 0);
    const { ip } = this;
    ip.totalLength = (this.length + data) & word16;
    if (this.isUdp && ip.fragmentOffset === 0) this.udp.length = (ip.totalLength - ipv4.size) & word16;
    if (checksums) this.sum();
    const { bytes, length, timestampNs } = this;
    return {
      frame: bytes.subarray(0, length),
      timestampNs,
      network: 0,
      transport: ipv4.size,
      annotate: (annotations) => annotations.setUint32(annotation.extraLength, data, true),
    };
  }

  private sum(): void {
    const { ip } = this;
    ip.checksum = 0;
    ip.checksum = internetChecksum(this.bytes.subarray(0, ipv4.size));
    const header = this.isTcp ? this.tcp : this.isUdp ? this.udp : undefined;
    if (ip.fragment !== 0 || !header) return;
    const segment = this.bytes.subarray(ipv4.size, this.length);
    header.checksum = 0;
    header.checksum = internetChecksum(segment, pseudoHeaderSum(ip, ip.protocol, segment.length));
  }
}
