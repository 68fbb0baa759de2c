/**
 * What the NIC sees in a frame: its tag, where IP and what follows begin, and whether it is whole. Filters, hashes and checksums
 * read it. One is filled in for each frame in turn.
 *
 * Every byte that is read is inside of the frame, whatever its headers say. Section 7.1.2.8 has what is told apart for RSS,
 * section 7.1.11 for checksums.
 */
import {
  etherHeaderBytes,
  etherTypeAt,
  etherTypeIpv4,
  etherTypeIpv6,
  extension,
  ipv4,
  ipv6,
  protocol,
  read16,
  tcp,
  udp,
  vlanTagBytes,
} from "./headers.ts";

/** IPv6 extension headers that are looked through. */
const mostExtensions = 8;

export class Inspection {
  bytes: Uint8Array = new Uint8Array();
  /** Where the frame is, and its bytes. */
  at = 0;
  length = 0;
  /** The tag's control information; -1 of a frame without a tag. */
  tag = -1;
  /** 4 or 6 where there is a whole header of IP, and 0. */
  ip: 0 | 4 | 6 = 0;
  /** Where the header of IP is, and where what follows begins and ends, as far as it is there. */
  ipAt = 0;
  payloadAt = 0;
  payloadEnd = 0;
  /** Options or extension headers. */
  extended = false;
  /** A fragment, the first one too. */
  fragment = false;
  /** TCP, UDP or SCTP where the packet is no fragment and the first bytes of its header are there; 0 otherwise. */
  protocol = 0;
  /** Whether the packet's end is in the frame, as far as IP tells its length. */
  whole = false;

  /** Looks at a frame of so many bytes. Tags have the EtherType `tagType`. */
  look(bytes: Uint8Array, at: number, length: number, tagType: number): void {
    this.bytes = bytes;
    this.at = at;
    this.length = length;
    this.tag = -1;
    this.ip = 0;
    this.protocol = 0;
    this.extended = this.fragment = this.whole = false;
    if (length < etherHeaderBytes) return;
    let type = read16(bytes, at + etherTypeAt);
    let ipAt = at + etherHeaderBytes;
    if (type === tagType && length >= etherHeaderBytes + vlanTagBytes) {
      this.tag = read16(bytes, ipAt);
      type = read16(bytes, ipAt + 2);
      ipAt += vlanTagBytes;
    }
    this.ipAt = ipAt;
    if (type === etherTypeIpv4) this.lookIpv4(at + length);
    else if (type === etherTypeIpv6) this.lookIpv6(at + length);
  }

  private lookIpv4(end: number): void {
    const { bytes, ipAt } = this;
    if (ipAt + ipv4.bytes > end || (bytes[ipAt] as number) >> 4 !== 4) return;
    const headerBytes = ((bytes[ipAt] as number) & 15) * 4;
    if (headerBytes < ipv4.bytes || ipAt + headerBytes > end) return;
    this.ip = 4;
    this.extended = headerBytes > ipv4.bytes;
    this.payloadAt = ipAt + headerBytes;
    const total = read16(bytes, ipAt + ipv4.totalLength);
    this.endAt(ipAt + total, end);
    this.fragment = (read16(bytes, ipAt + ipv4.fragment) & (ipv4.moreFragments | ipv4.fragmentOffset)) !== 0;
    if (!this.fragment) this.lookProtocol(bytes[ipAt + ipv4.protocol] as number);
  }
  private lookIpv6(end: number): void {
    const { bytes, ipAt } = this;
    if (ipAt + ipv6.bytes > end || (bytes[ipAt] as number) >> 4 !== 6) return;
    this.ip = 6;
    this.payloadAt = ipAt + ipv6.bytes;
    this.endAt(ipAt + ipv6.bytes + read16(bytes, ipAt + ipv6.payloadLength), end);
    let next = bytes[ipAt + ipv6.nextHeader] as number;
    let at = ipAt + ipv6.bytes;
    for (let n = 0; n < mostExtensions && at + 8 <= this.payloadEnd; n++) {
      if (next === extension.fragment) this.fragment = true;
      else if (next !== extension.hopByHop && next !== extension.routing && next !== extension.destination) break;
      this.extended = true;
      const size = next === extension.fragment ? 8 : ((bytes[at + 1] as number) + 1) * 8;
      if (at + size > this.payloadEnd) break;
      next = bytes[at] as number;
      at += size;
    }
    this.payloadAt = at;
    if (!this.fragment) this.lookProtocol(next);
  }
  private endAt(said: number, end: number): void {
    this.whole = said >= this.payloadAt && said <= end;
    this.payloadEnd = Math.min(said, end);
  }
  private lookProtocol(number: number): void {
    const there = this.payloadEnd - this.payloadAt;
    if (number === protocol.tcp ? there >= tcp.bytes : number === protocol.udp && there >= udp.bytes)
      this.protocol = number;
    else if (number === protocol.sctp && there >= 12) this.protocol = number;
  }
}
