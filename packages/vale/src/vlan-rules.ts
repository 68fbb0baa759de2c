/**
 * The VLANs of a port, IEEE 802.1Q: an access port is in one, whose frames have no tag there; a trunk is in several, whose frames have
 * tags, but for those of its native VLAN.
 */
import { SwitchError } from "./switch-error.ts";

/** VIDs that a VLAN can have; 0 says "no VLAN" in a tag, and 4,095 is reserved (IEEE 802.1Q, table 9-2). */
export const firstVid = 1;
export const lastVid = 4094;
/** The VLAN of ports that say nothing, the default PVID of the same table. */
const defaultVid = 1;
const highestPriority = 7;
/** Where the priority (PCP) is in a tag. */
const priorityShift = 13;

interface AnyPortVlans {
  /** The priority of frames that have no tag when they enter, 0 to 7; 0 by default. */
  readonly priority?: number;
}
/** A port of one VLAN: `access` is its PVID. */
export interface AccessVlans extends AnyPortVlans {
  readonly access: number;
}
/** A port of several. `native` is the VLAN of frames without a tag, its PVID; without it they are dropped. */
export interface TrunkVlans extends AnyPortVlans {
  readonly trunk: readonly number[] | "all";
  readonly native?: number;
}
export type PortVlans = AccessVlans | TrunkVlans;

/** What a switch asks of a port's VLANs. */
export class VlanRules {
  /** The VLAN of frames without a tag; 0 for none. */
  readonly untagged: number;
  /** What the tag of such frames says, but for the VID. */
  readonly defaultTag: number;
  /** A bit for each VID of a trunk. */
  private readonly tagged: Int32Array | undefined;

  /** @throws {SwitchError} */
  constructor(given: PortVlans = { access: defaultVid }) {
    const { access, trunk, native, priority = 0 } = given as Partial<AccessVlans & TrunkVlans>;
    if ((access === undefined) === (trunk === undefined))
      throw bad("a port is an 'access' port of one VLAN or a 'trunk' of several");
    if (access !== undefined && native !== undefined) throw bad("only a trunk has a 'native' VLAN");
    if (!isWhole(priority, 0, highestPriority))
      throw bad(`a priority of ${priority}; it is a whole number from 0 to 7`);
    this.untagged = access ?? native ?? 0;
    if (this.untagged !== 0 || access === 0 || native === 0) check(this.untagged);
    this.defaultTag = priority << priorityShift;
    if (trunk === undefined) return;
    if (trunk.length === 0) throw bad("a trunk without VLANs; it lists some, or is of 'all'");
    const tagged = new Int32Array((lastVid + 32) >>> 5);
    if (trunk === "all") tagged.fill(-1);
    else for (const vid of trunk) tagged[check(vid) >>> 5] = (tagged[vid >>> 5] as number) | (1 << (vid & 31));
    this.tagged = tagged;
  }
  /** Whether the port is in a VLAN. */
  has(vid: number): boolean {
    if (vid === this.untagged) return vid !== 0;
    const { tagged } = this;
    return (
      tagged !== undefined &&
      vid >= firstVid &&
      vid <= lastVid &&
      ((tagged[vid >>> 5] as number) & (1 << (vid & 31))) !== 0
    );
  }
  /** All VLANs that it is in. */
  get vids(): number[] {
    const vids: number[] = [];
    for (let vid = firstVid; vid <= lastVid; vid++) if (this.has(vid)) vids.push(vid);
    return vids;
  }
}

function bad(message: string): SwitchError {
  return new SwitchError("BAD_VLAN", message);
}
function isWhole(n: number, least: number, most: number): boolean {
  return Number.isInteger(n) && n >= least && n <= most;
}
function check(vid: number): number {
  if (!isWhole(vid, firstVid, lastVid))
    throw bad(`VLAN ${vid}; a VID is a whole number from ${firstVid} to ${lastVid}`);
  return vid;
}
