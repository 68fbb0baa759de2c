/** What holds for one port of a switch: what a caller says, and what is made of it. */
import type { Lookup, PortRules } from "./lookup.ts";
import type { MirrorOptions } from "./mirror.ts";
import { longestFrame } from "./mtu.ts";
import { SwitchError } from "./switch-error.ts";
import { TokenBucket } from "./token-bucket.ts";
import { type PortVlans, VlanRules } from "./vlan-rules.ts";

/** How many frames a second of a port are sent to more than one port; what is beyond is dropped. */
export interface FloodLimits {
  /** Frames to group addresses: broadcast and multicast, which go to all ports alike. */
  readonly broadcast?: number;
  /** Frames to an address of one station that nobody is known to have. */
  readonly unknownUnicast?: number;
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
  /** Makes the port a mirror, which gets copies of other ports' frames and nothing else. */
  readonly mirror?: MirrorOptions;
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
  readonly mirror: MirrorOptions | undefined;
  /** Nothing where a switch has no VLANs, and for mirrors. */
  readonly vlans: VlanRules | undefined;
}

/** More than any frame has. */
const unlimited = 0x7fffffff;

/** @throws {SwitchError} for what is no option of a port, or of none with this lookup. */
export function featuresOf(name: string, options: PortOptions, lookup: Lookup, hasVlans: boolean): PortFeatures {
  const { addresses, isolated, floodLimits } = options;
  if (addresses && !lookup.admit)
    throw new SwitchError("NO_ADDRESSES", `a switch with ${lookup.name} lookup knows no addresses`);
  if (lookup.whole)
    for (const name of ["isolated", "floodLimits"] as const)
      if (options[name])
        throw new SwitchError(
          "NO_LOOKUP",
          `a switch with ${lookup.name} lookup looks no frame up: '${name}' has no use`,
        );
  if (isolated === "")
    throw new SwitchError("BAD_GROUP", "a group of isolated ports has a name of at least one character");
  if (options.vlans && !hasVlans)
    throw new SwitchError("NO_VLANS", `'vlans' of port '${name}': the switch has none, as it was made without 'vlans'`);
  checkMirror(name, options);
  return {
    frameLimit: limitOf(options.mtu),
    closed: addresses !== undefined,
    group: isolated || undefined,
    broadcastLimit: framesASecond("broadcast", floodLimits?.broadcast),
    unknownLimit: framesASecond("unknown unicast", floodLimits?.unknownUnicast),
    mirror: options.mirror,
    vlans: hasVlans && !options.mirror ? new VlanRules(options.vlans) : undefined,
  };
}

function checkMirror(name: string, options: PortOptions): void {
  if (!options.mirror) return;
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
