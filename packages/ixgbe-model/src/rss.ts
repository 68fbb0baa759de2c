/**
 * Receive-side scaling, section 7.1.2.8: a Toeplitz hash over addresses and ports, whose low seven bits choose an entry of the
 * redirection table, which names a queue. What is hashed of which packet is in MRQC.
 *
 * Section 7.1.2.8.3 has verification vectors, which are Microsoft's.
 */
import { ipv4, ipv6, protocol } from "./headers.ts";
import type { Inspection } from "./inspection.ts";
import * as R from "./registers.ts";

/** RSS types in a descriptor, section 7.1.6.2. */
export const rssType = { none: 0, tcpIpv4: 1, ipv4: 2, tcpIpv6: 3, ipv6: 5, udpIpv4: 7, udpIpv6: 8 } as const;

const keyBytes = 40;
/** Two addresses of IPv6 and two ports. */
const mostInput = 36;
const ports = 4;

/** The Toeplitz hash with one key. Each byte of the input chooses one of 256 words, so that a hash is a few look-ups. */
export class Toeplitz {
  private readonly table = new Uint32Array(mostInput * 256);

  setKey(key: Uint8Array): void {
    if (key.length !== keyBytes) throw new RangeError(`a key of ${key.length} bytes; it has ${keyBytes}`);
    for (let i = 0; i < mostInput; i++)
      for (let value = 0; value < 256; value++) {
        let hash = 0;
        for (let bit = 0; bit < 8; bit++) if (value & (0x80 >> bit)) hash ^= window(key, i * 8 + bit);
        this.table[i * 256 + value] = hash;
      }
  }
  /** The hash of some bytes, which are the input's from its byte `from` on; those of several pieces are joined by xor. */
  hash(bytes: Uint8Array, at: number, length: number, from = 0): number {
    let hash = 0;
    for (let i = 0; i < length; i++) hash ^= this.table[((from + i) << 8) | (bytes[at + i] as number)] as number;
    return hash;
  }
}
/** The 32 bits of a key from a bit on. */
function window(key: Uint8Array, bit: number): number {
  let word = 0;
  for (let i = 0; i < 32; i++) {
    const at = bit + i;
    word = (word << 1) | (((key[at >> 3] as number) >> (7 - (at & 7))) & 1);
  }
  return word;
}

export class Rss {
  /** What the last packet came to: hash, its type, and the queue. */
  hash = 0;
  type = 0;
  private readonly toeplitz = new Toeplitz();
  private readonly key = new Uint8Array(keyBytes);
  private readonly table = new Uint8Array(128);
  private stale = true;
  /** MRQC. */
  private mode = 0;

  setMode(mrqc: number): void {
    this.mode = mrqc;
  }
  /** Four bytes of the key, RSSRK: its first is the lowest. */
  setKey(word: number, n: number): void {
    for (let k = 0; k < 4; k++) this.key[n * 4 + k] = word >>> (k * 8);
    this.stale = true;
  }
  /** Four entries of the redirection table, RETA. */
  setEntries(word: number, n: number): void {
    for (let k = 0; k < 4; k++) this.table[n * 4 + k] = (word >>> (k * 8)) & 15;
  }
  reset(): void {
    this.mode = 0;
    this.key.fill(0);
    this.table.fill(0);
    this.stale = true;
  }
  get enabled(): boolean {
    return (this.mode & R.MRQC_MRQE) === R.MRQC_RSS;
  }

  /** Hashes a packet and returns its queue: 0 for what is not hashed. */
  queueOf(packet: Inspection): number {
    this.hash = 0;
    this.type = this.enabled ? this.typeOf(packet) : rssType.none;
    if (this.type === rssType.none) return 0;
    if (this.stale) {
      this.toeplitz.setKey(this.key);
      this.stale = false;
    }
    const { bytes, ipAt, payloadAt } = packet;
    const at = ipAt + (packet.ip === 4 ? ipv4.source : ipv6.source);
    const length = packet.ip === 4 ? 8 : 32;
    this.hash = this.toeplitz.hash(bytes, at, length);
    if (this.type !== rssType.ipv4 && this.type !== rssType.ipv6)
      this.hash ^= this.toeplitz.hash(bytes, payloadAt, ports, length);
    return this.table[this.hash & 127] as number;
  }

  /** With ports where the packet has some and that is enabled, else of addresses alone. */
  private typeOf({ ip, protocol: number }: Inspection): number {
    const { mode } = this;
    if (ip === 4) {
      if (number === protocol.tcp && mode & R.MRQC_TCP_IPV4) return rssType.tcpIpv4;
      if (number === protocol.udp && mode & R.MRQC_UDP_IPV4) return rssType.udpIpv4;
      return mode & R.MRQC_IPV4 ? rssType.ipv4 : rssType.none;
    }
    if (ip === 6) {
      if (number === protocol.tcp && mode & R.MRQC_TCP_IPV6) return rssType.tcpIpv6;
      if (number === protocol.udp && mode & R.MRQC_UDP_IPV6) return rssType.udpIpv6;
      return mode & R.MRQC_IPV6 ? rssType.ipv6 : rssType.none;
    }
    return rssType.none;
  }
}
