/** What holds for one port of a switch: what a caller says, and what is made of it. */
import type { Lookup, PortRules } from "./lookup.ts";
import type { MirrorOptions } from "./mirror.ts";
import { longestFrame } from "./mtu.ts";
import { highestPriority } from "./port-turns.ts";
import { SwitchError } from "./switch-error.ts";
import { bitsPerByte, TokenBucket } from "./token-bucket.ts";
import { type PortVlans, VlanRules } from "./vlan-rules.ts";

/** How many frames a second of a port are sent to more than one port; what is beyond is dropped. */
export interface FloodLimits {
  /** Frames to group addresses: broadcast and multicast, which go to all ports alike. */
  readonly broadcast?: number;
  /** Frames to an address of one station that nobody is known to have. */
  readonly unknownUnicast?: number;
}

/** Bits a second, those of frames as the switch has them: without preamble, check sequence and gap. */
export interface RateLimits {
  /** Of frames that enter the switch at the port. */
  readonly entering?: number;
  /** Of frames that leave it there. */
  readonly leaving?: number;
  /**
   * Bytes that may come at once, no fewer than the port's longest frame has; by default what comes in a tenth of a second, and no
   * fewer than ten of the longest frames have.
   */
  readonly burst?: number;
}

/** Its rules for lookups, how long the frames are that it gets, and what it may reach. */
export interface PortOptions extends PortRules {
  /**
   * Bytes behind the Ethernet header, up to 9,000. A port that is given gets no longer frames; a memory port that is made by
   * its name carries those. Without it a port carries what it can by itself, and a memory port 2,032 bytes.
   */
  readonly mtu?: number;
  /**
   * Isolated ports do not reach each other, and reach all other ports: `isolated` of Linux's bridge(8), the isolated ports of
   * RFC 5517. A name puts the port into a group of that name, whose ports do not reach each other, and reach other groups'.
   */
  readonly isolated?: boolean | string;
  /** Limits of what enters here and goes to many: token buckets, which hold the frames of one second. */
  readonly floodLimits?: FloodLimits;
  /** Limits of the port's rates, as policers have them (RFC 2697 with one bucket): what is beyond is dropped, and nothing waits. */
  readonly rateLimits?: RateLimits;
  /** Makes the port a mirror, which gets copies of other ports' frames and nothing else. */
  readonly mirror?: MirrorOptions;
  /**
   * Where room is scarce frames that enter here go before those of ports of lower priority: a whole number from 0, the default, to 7.
   * One round of eight is begun by another priority than the highest.
   */
  readonly priority?: number;
  /**
   * `false`: the port gets no frames that go to many: to groups, or to addresses that nobody is known to have. As with `flood`,
   * `mcast_flood` and `bcast_flood` of Linux's bridge(8) off.
   */
  readonly flood?: boolean;
  /** The VLANs of the port, in a switch that has some; an access port of VLAN 1 without it. */
  readonly vlans?: PortVlans;
}

/** What a switch asks of a port while it moves frames. */
export interface PortFeatures {
  /** Bytes of the longest frame that goes there. */
  readonly frameLimit: number;
  /** Its addresses are fixed: it gets nothing that is for nobody known. */
  readonly closed: boolean;
  /** The group whose ports it does not reach. */
  readonly group: string | true | undefined;
  readonly broadcastLimit: TokenBucket | undefined;
  readonly unknownLimit: TokenBucket | undefined;
  /** Bits that may enter and leave. */
  readonly entering: TokenBucket | undefined;
  readonly leaving: TokenBucket | undefined;
  readonly mirror: MirrorOptions | undefined;
  /** Nothing where a switch has no VLANs, and for mirrors. */
  readonly vlans: VlanRules | undefined;
  readonly priority: number;
  /** Whether it gets what goes to many. */
  readonly flood: boolean;
}

/** More than any frame has. */
const unlimited = 0x7fffffff;

/** @throws {SwitchError} for what is no option of a port, or of none with this lookup. */
export function featuresOf(name: string, options: PortOptions, lookup: Lookup, hasVlans: boolean): PortFeatures {
  const { addresses, isolated, floodLimits } = options;
  if (addresses && !lookup.admit)
    throw new SwitchError("NO_ADDRESSES", `a switch with ${lookup.name} lookup knows no addresses`);
  if (lookup.whole)
    for (const option of ["isolated", "floodLimits"] as const)
      if (options[option])
        throw new SwitchError(
          "NO_LOOKUP",
          `a switch with ${lookup.name} lookup looks no frame up: '${option}' has no use`,
        );
  if (isolated === "")
    throw new SwitchError("BAD_GROUP", "a group of isolated ports has a name of at least one character");
  if (options.vlans && !hasVlans)
    throw new SwitchError("NO_VLANS", `'vlans' of port '${name}': the switch has none, as it was made without 'vlans'`);
  checkMirror(name, options);
  const { priority = 0 } = options;
  if (!Number.isInteger(priority) || priority < 0 || priority > highestPriority)
    throw new SwitchError(
      "BAD_PRIORITY",
      `a priority of ${priority}; it is a whole number from 0 to ${highestPriority}`,
    );
  return {
    priority,
    flood: options.flood ?? true,
    frameLimit: limitOf(options.mtu),
    closed: addresses !== undefined,
    group: isolated || undefined,
    broadcastLimit: framesASecond("broadcast", floodLimits?.broadcast),
    unknownLimit: framesASecond("unknown unicast", floodLimits?.unknownUnicast),
    ...ratesOf(name, options),
    mirror: options.mirror,
    vlans: hasVlans && !options.mirror ? new VlanRules(options.vlans) : undefined,
  };
}

function checkMirror(name: string, options: PortOptions): void {
  if (!options.mirror) return;
  if (options.rateLimits?.entering !== undefined)
    throw new SwitchError("BAD_MIRROR", `mirror '${name}' sends no frames: a rate of what is 'entering' has no use`);
  const { entering = [], leaving = [] } = options.mirror;
  if (entering.length === 0 && leaving.length === 0)
    throw new SwitchError(
      "BAD_MIRROR",
      `mirror '${name}' names no port: it says what is copied with 'entering' or 'leaving'`,
    );
  for (const ports of [entering, leaving])
    if (ports !== "all" && ports.includes(name)) throw new SwitchError("BAD_MIRROR", `mirror '${name}' names itself`);
  for (const option of ["addresses", "isolated", "floodLimits", "vlans"] as const)
    if (options[option])
      throw new SwitchError("BAD_MIRROR", `mirror '${name}' sends no frames: '${option}' has no use`);
}

/** The longest frame of an MTU that somebody gave. */
function limitOf(mtu: number | undefined): number {
  if (mtu === undefined) return unlimited;
  try {
    return longestFrame(mtu);
  } catch (e) {
    throw e instanceof RangeError ? new SwitchError("BAD_MTU", e.message) : e;
  }
}

function framesASecond(what: string, rate: number | undefined): TokenBucket | undefined {
  if (rate === undefined) return undefined;
  if (!Number.isSafeInteger(rate) || rate < 0 || rate > 0xffffffff)
    throw new SwitchError(
      "BAD_RATE",
      `a limit of ${rate} ${what} frames a second; it is a whole number up to 2^32 - 1`,
    );
  return new TokenBucket(rate, rate);
}

/** Bits a second at most. */
const fastest = 1e12;
const mostBurst = 0xffffffff;
const framesAtOnce = 10;
const burstsASecond = 10;

function ratesOf(name: string, { rateLimits, mtu }: PortOptions): Pick<PortFeatures, "entering" | "leaving"> {
  if (!rateLimits) return { entering: undefined, leaving: undefined };
  const longest = longestFrame(mtu);
  const { entering, leaving, burst } = rateLimits;
  if (entering === undefined && leaving === undefined)
    throw new SwitchError("BAD_RATE", `the rates of port '${name}' are limited neither 'entering' nor 'leaving'`);
  if (burst !== undefined && !(Number.isInteger(burst) && burst >= longest && burst <= mostBurst))
    throw new SwitchError(
      "BAD_RATE",
      `a burst of ${burst} bytes; it is a whole number from ${longest}, the longest frame's, to 2^32 - 1`,
    );
  const bucketOf = (rate: number | undefined): TokenBucket | undefined => {
    if (rate === undefined) return undefined;
    if (!Number.isInteger(rate) || rate < 1 || rate > fastest)
      throw new SwitchError("BAD_RATE", `a rate of ${rate} bits a second; it is a whole number from 1 to 10^12`);
    const usual = Math.max(Math.ceil(rate / burstsASecond), framesAtOnce * longest * bitsPerByte);
    return new TokenBucket(rate, burst === undefined ? usual : burst * bitsPerByte);
  };
  return { entering: bucketOf(entering), leaving: bucketOf(leaving) };
}
