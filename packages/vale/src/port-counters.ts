/** What is counted of each port of a switch. */
export interface PortStats {
  /** Frames and bytes that entered the switch here. */
  readonly inPackets: number;
  readonly inBytes: number;
  /** Frames and bytes that left it here. */
  readonly outPackets: number;
  readonly outBytes: number;
  /** Frames for this port that it had no room for. */
  readonly noRoom: number;
  /** Frames for this port that are longer than its MTU allows. */
  readonly tooLong: number;
  /** Frames that entered here and went no further: their source is not an address of this port. */
  readonly foreignSource: number;
  /** The same: this port has as many addresses as it may, and the lookup drops frames from others. */
  readonly overLimit: number;
  /** The same: the lookup drops such frames. */
  readonly refused: number;
  /** The same: they are for a port that this one does not reach. */
  readonly isolated: number;
  /** The same: more of them to group addresses, or to addresses that nobody is known to have, than this port may send. */
  readonly overBroadcast: number;
  readonly overUnknown: number;
  /** The same: their VLAN is none of this port's, or they have none. */
  readonly otherVlan: number;
  /** The same: more bits than this port may send. */
  readonly overRate: number;
  /** Frames for this port that are more bits than it may get. */
  readonly overRateOut: number;
  /** Frames that entered here and went no further: this port is a mirror. */
  readonly fromMirror: number;
}

const names: readonly (keyof PortStats)[] = [
  "inPackets",
  "inBytes",
  "outPackets",
  "outBytes",
  "noRoom",
  "tooLong",
  "foreignSource",
  "overLimit",
  "refused",
  "isolated",
  "overBroadcast",
  "overUnknown",
  "otherVlan",
  "overRate",
  "overRateOut",
  "fromMirror",
];

/** Which counter is which. */
export const counter: Readonly<Record<keyof PortStats, number>> = Object.fromEntries(
  names.map((name, i) => [name, i]),
) as Record<keyof PortStats, number>;

/** Counters of one port: plain numbers, exact up to 2^53. */
export class PortCounters {
  private readonly values = new Float64Array(names.length);

  add(which: number, n: number): void {
    this.values[which] = (this.values[which] as number) + n;
  }
  get stats(): PortStats {
    return Object.fromEntries(names.map((name, i) => [name, this.values[i]])) as unknown as PortStats;
  }
}
