/**
 * A primitive of an IP pattern: qualifiers (a protocol, a direction, a type, in any order), a mask, an operator and a value, most
 * of them optional: `tcp dst port >= 1024`, `src net 10.0.0.0/8`, `icmp type echo`, `ip[8:1] & 0xf0 == 0x40`. One that is only a
 * value takes its type, direction and protocol from the one before: `dst port 80 or 443`.
 */
import { ecnCodes } from "@clickos/wire/ipv4";
import { ipProtocols, protocolGroups } from "@clickos/wire/names";
import { dataTypes, directions, fieldBits, fieldOf, formatProtocol, formatType, unknown } from "./ip-types.ts";
import { join, type MatchTree, negation, word, wordPlaces } from "./match-tree.ts";
import type { Report } from "./patterns.ts";

export type Operator = "=" | ">" | "<";

/** A mask as it was given: a number, an IP address or an Ethernet address. */
export interface GivenMask {
  readonly type: number;
  /** A number; of an address, its first four bytes as a little-endian machine has them. */
  readonly value: number;
  readonly ether: Uint8Array;
}

const { integer, host, proto, frag, port, tcpOpt, ether, net, unfrag, ect, ce } = dataTypes;
const { network, transport } = wordPlaces;
const noBytes = new Uint8Array(6);
const allBytes = new Uint8Array(6).fill(0xff);

export class Primitive {
  type: number = 0;
  /** Of the value. */
  data: number = dataTypes.none;
  direction = 0;
  protocol: number = unknown;
  operator: Operator = "=";
  negated = false;
  /** Unsigned; addresses with the first byte highest. */
  value = 0;
  mask = 0;
  ether: Uint8Array = noBytes;
  etherMask: Uint8Array = allBytes;

  setType(type: number, report: Report): void {
    if (this.type) report.error("type specified twice");
    this.type = type;
  }
  setDirection(direction: number, report: Report): void {
    if (this.direction) report.error("'src' or 'dst' specified twice");
    this.direction = direction;
  }
  setProtocol(protocol: number, report: Report): void {
    if (this.protocol !== unknown && this.protocol !== protocol) report.error("transport protocol specified twice");
    this.protocol = protocol;
  }

  /**
   * Fills in what is not said, and looks whether all of it goes together; what does not is reported, and the primitive is none
   * then. `header` is the one that was named.
   */
  check(before: Primitive, header: "ip" | "ether" | undefined, mask: GivenMask | undefined, report: Report): boolean {
    const { direction } = this;
    if (this.type < 0 || (!this.type && !this.guess(before, report))) return false;
    // Where nothing is said, it is the header that the value is from.
    const level = header ?? (this.data === ether ? "ether" : "ip");
    if (level === "ether" && this.type === host) this.type = ether;
    const problem = this.fit(level, mask, report);
    if (problem !== undefined) {
      if (problem) report.error(problem);
      return false;
    }
    if ([host, port, ether].includes(this.type as never)) this.direction ||= directions.either;
    else if (direction) report.warning(`'${this}': 'src' or 'dst' ignored`);
    return true;
  }

  /** The type that a value without one has. */
  private guess(before: Primitive, report: Report): boolean {
    if (this.data === integer) {
      if (!fieldBits(before.type) && before.type !== proto && before.type !== port) {
        report.error("specify header field or 'port'");
        return false;
      }
      this.data = before.type;
    }
    const field = fieldBits(this.data);
    switch (this.data) {
      case host:
      case net:
      case tcpOpt:
      case ether:
        this.direction ||= before.direction;
        break;
      case proto:
        break;
      case port:
        this.direction ||= before.direction;
        if (this.protocol === unknown) this.protocol = before.protocol;
        break;
      case dataTypes.none:
        if (this.protocol === unknown) {
          report.error("partial directive");
          return false;
        }
        this.type = proto;
        return true;
      default:
        if (!field) {
          report.error(`unknown type '${formatType(0, this.data)}'`);
          return false;
        }
        if (field.protocol && this.protocol === unknown) this.protocol = field.protocol;
    }
    this.type = this.data;
    return true;
  }

  /** Whether type, value, operator and mask go together: what is wrong, or the empty text where that was reported. */
  private fit(level: "ip" | "ether", mask: GivenMask | undefined, report: Report): string | undefined {
    const wrong = (message: string): string => `'${this}': ${message}`;
    const masked = (full: number): string | undefined => this.setMask(full, mask?.value ?? 0, report);
    const { type, data } = this;
    if (type === host || type === net || type === ether) {
      if (level !== (type === ether ? "ether" : "ip") || data !== type) return wrong("address missing");
      if (this.operator !== "=") return wrong("operator not supported");
      if (type === ether) {
        if (mask && mask.type !== ether) return wrong("bad mask");
        this.etherMask = mask?.ether ?? allBytes;
        return undefined;
      }
      if (type === host) this.mask = 0xffffffff;
      this.type = host;
      if (mask && mask.type !== integer && mask.type !== host) return wrong("bad mask");
      if (mask) this.mask = swapBytes(mask.value);
      return undefined;
    }
    const field = fieldBits(type);
    if (level !== "ip" && (field || [proto, port, tcpOpt, ect, ce, frag, unfrag].includes(type as never)))
      return wrong("ip only");
    switch (type) {
      case proto:
        return this.fitProtocol(mask, masked, wrong);
      case port: {
        if (data === integer) this.data = port;
        if (this.data !== port) return wrong("value missing");
        const { tcp, udp, dccp } = ipProtocols;
        const { tcpudp } = protocolGroups;
        if (this.protocol === unknown) this.protocol = tcpudp;
        else if (![tcp, udp, tcpudp, dccp].includes(this.protocol as never))
          return `'port': bad protocol ${this.protocol}`;
        else if (mask && mask.type !== integer) return wrong("bad mask");
        return masked(0xffff);
      }
      case tcpOpt:
        if (data === integer) this.data = tcpOpt;
        if (this.data !== tcpOpt) return wrong("value missing");
        if (this.protocol === unknown) this.protocol = ipProtocols.tcp;
        else if (this.protocol !== ipProtocols.tcp) return `'tcp opt': bad protocol ${this.protocol}`;
        if (this.operator !== "=" || this.negated || mask) return wrong("operator or mask not supported");
        if (this.value > 255) return `'tcp opt': value ${this.value | 0} out of range`;
        this.mask = this.value;
        return undefined;
      case ect:
        if (data !== dataTypes.none && data !== integer) return wrong("value missing");
        if (data === dataTypes.none) {
          this.value = ecnCodes.notEct;
          this.negated = true;
        } else if (mask && mask.type !== integer) return wrong("bad mask");
        {
          const problem = masked(3);
          if (problem === undefined) this.type = fieldOf.tos;
          return problem;
        }
      case ce:
      case frag:
      case unfrag:
        if (data !== dataTypes.none || mask) return wrong("value not supported");
        this.mask = 1;
        if (type === ce) {
          this.mask = ecnCodes.ce;
          this.value = ecnCodes.ce;
          this.type = fieldOf.tos;
        } else if (type === unfrag) {
          this.negated = true;
          this.type = frag;
        }
        return undefined;
      default:
        if (!field) return undefined;
        if (data !== integer && data !== type) return wrong("value missing");
        if (mask && mask.type !== integer && mask.type !== type) return wrong("bad mask");
        return masked(2 ** field.bits - 1);
    }
  }

  private fitProtocol(
    mask: GivenMask | undefined,
    masked: (full: number) => string | undefined,
    wrong: (message: string) => string,
  ): string | undefined {
    const { data } = this;
    if (data === integer || data === proto) {
      if (this.protocol !== unknown && this.protocol !== (this.value | 0)) return wrong("specified twice");
      this.data = dataTypes.none;
    } else this.value = this.protocol >>> 0;
    this.protocol = unknown;
    const value = this.value | 0;
    if (this.data !== dataTypes.none || value === unknown) return wrong("value missing");
    if (value >= 256) {
      if (this.operator !== "=" || mask) return `'${formatProtocol(value)}': operator or mask not supported`;
      this.mask = 0xff;
    } else if (mask && mask.type !== integer) return wrong("bad mask");
    else {
      const problem = masked(0xff);
      if (problem !== undefined) return problem;
    }
    if (this.operator === "=" && this.mask === 0xff && !this.negated) this.protocol = this.value | 0;
    return undefined;
  }

  /** The mask, all bits of `full` where none is given, and the limit that a comparison comes to. */
  private setMask(full: number, given: number, report: Report): string | undefined {
    const mask = given === 0 ? full : given;
    if ((mask & ~full) !== 0) return `'${this}': mask out of range, bound 0x${full.toString(16).toUpperCase()}`;
    const { value } = this;
    if (this.operator === "=") {
      if (value > full) return `'${this}': out of range, bound ${full}`;
      this.mask = mask;
      return undefined;
    }
    const below = this.operator === "<";
    if (below ? value === 0 || value > mask : value >= mask) {
      const result = below && value > mask ? !this.negated : this.negated;
      report.warning(`relation '${this.relation} ${value}' is always ${result} (range 0-${mask})`);
      this.value = 0;
      this.mask = 0;
      this.negated = !result;
      this.operator = "=";
      return undefined;
    }
    // Less than a value is not more than the one before it.
    if (below) {
      this.value--;
      this.negated = !this.negated;
      this.operator = ">";
    }
    this.mask = mask;
    // Where the limit has a bit that is not under the mask, it is that of all lower bits under it: `& 5 > 2` is `& 5 > 1`.
    const outside = (this.value & ~mask) >>> 0;
    if (outside !== 0) {
      const lower = 2 ** (31 - Math.clz32(outside & full)) - 1;
      this.value = ((this.value | lower) & mask) >>> 0;
    }
    return undefined;
  }

  private get relation(): string {
    if (this.operator === ">") return this.negated ? "<=" : ">";
    return this.negated ? ">=" : "<";
  }

  toString(): string {
    return formatType(this.direction, this.type);
  }

  // ---- what it tests

  /** Whether a packet matches; `undefined` where it asks nothing. */
  tree(): MatchTree | undefined {
    const { type, protocol } = this;
    const field = fieldBits(type);
    const first = type === port || type === tcpOpt || (field && field.protocol > 0);
    return join("and", [
      protocol === unknown ? undefined : protocolTree(protocol),
      first ? word(network + 4, 0, 0x1fff) : undefined,
      field ? this.fieldTree(field) : this.ownTree(),
    ]);
  }

  private fieldTree({ protocol, first, bits }: { protocol: number; first: number; bits: number }): MatchTree {
    const place = (protocol > 0 ? transport : network) + ((first >> 3) & ~3);
    return this.opposite(this.compared(place, 32 - ((first & 31) + bits)), this.negated);
  }

  private ownTree(): MatchTree | undefined {
    switch (this.type) {
      case host:
        return this.directed(this.compared(network + 12, 0), this.compared(network + 16, 0));
      case port:
        return this.directed(this.compared(transport, 16), this.compared(transport, 0));
      case ether:
        return this.directed(this.etherTree(8), this.etherTree(2));
      case proto:
        return this.protocol < 256 ? this.opposite(this.compared(network + 8, 16), this.negated) : undefined;
      case frag:
        return this.opposite(word(network + 4, 0, 0x3fff), !this.negated);
      default:
        return word(transport + 12, this.value << 16, this.mask << 16);
    }
  }

  private compared(offset: number, shift: number): MatchTree {
    const { value, mask } = this;
    if (this.operator === ">") return { kind: "greater", offset, shift, mask, value };
    return word(offset, value << shift, mask << shift);
  }

  private opposite(tree: MatchTree, negated: boolean): MatchTree {
    return negated ? negation(tree, true) : tree;
  }

  private directed(source: MatchTree | undefined, destination: MatchTree | undefined): MatchTree | undefined {
    const { direction } = this;
    const sides = [
      direction === directions.dst ? undefined : source,
      direction === directions.src ? undefined : destination,
    ];
    const tree = join(direction === directions.either ? "or" : "and", sides);
    return tree && this.opposite(tree, this.negated);
  }

  /** An Ethernet address at so many bytes after where words are counted from. */
  private etherTree(at: number): MatchTree | undefined {
    const words = new DataView(new ArrayBuffer(16));
    const masks = new DataView(new ArrayBuffer(16));
    this.ether.forEach((byte, i) => {
      words.setUint8(at + i, byte);
    });
    this.etherMask.forEach((byte, i) => {
      masks.setUint8(at + i, byte);
    });
    return join(
      "and",
      [at & ~3, (at & ~3) + 4].map((offset) => word(offset, words.getUint32(offset), masks.getUint32(offset))),
    );
  }
}

function protocolTree(protocol: number): MatchTree | undefined {
  const test = (number: number): MatchTree => word(network + 8, number << 16, 0x00ff0000);
  if (protocol === protocolGroups.tcpudp) return join("or", [test(ipProtocols.tcp), test(ipProtocols.udp)]);
  return protocol >= 256 ? undefined : test(protocol);
}

export function swapBytes(n: number): number {
  return (((n & 0xff) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24)) >>> 0;
}
