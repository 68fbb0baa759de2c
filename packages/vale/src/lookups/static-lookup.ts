/** A table that says where addresses are; nothing is learned. */
import type { FrameBatch } from "../frame-batch.ts";
import type { FrameRegion } from "../frame-memory.ts";
import type { Lookup } from "../lookup.ts";
import { nowhere } from "../lookup-result.ts";
import { staticCode } from "../staged/static-lookup.ts";
import { SwitchError } from "../switch-error.ts";
import { addressKey, vidShift } from "./address-key.ts";
import { type Destination, Destinations } from "./destination.ts";
import { keepAddresses, word16, word32 } from "./frame-bytes.ts";
import { tagBytes, typeOffset, types } from "./ip-frame.ts";
import { KeyTable } from "./key-table.ts";

/** Where frames to an address go. */
export interface StaticEntry {
  /** As `02:00:00:00:00:01`; that of a group, too. */
  readonly address: string;
  /** Holds for frames of this VLAN only, and before an entry without one. */
  readonly vlan?: number;
  /** The name of the port, which may be attached later. */
  readonly port: string;
}

export interface StaticOptions {
  readonly table: readonly StaticEntry[];
  /** Where frames go whose address is not in the table, for one station; dropped by default. */
  readonly otherwise?: Destination;
  /** The same for a group, all stations among them; flooded by default. */
  readonly groups?: Destination;
}

/** A lookup whose table is replaced as a whole. */
export interface StaticLookup extends Lookup {
  /** Another table takes the place of the one there is. @throws {SwitchError} `BAD_TABLE`; all stays as it is. */
  replace(table: readonly StaticEntry[]): void;
}

const vidMask = 0xfff;

/**
 * Sends frames by their destination, and their VLAN: in a switch with VLANs the one that the frame is in, else that of its tag (0x8100),
 * or none.
 *
 * @throws {SwitchError} `BAD_TABLE` for an entry that is none, or is there twice.
 */
export function staticLookup(options: StaticOptions): StaticLookup {
  const { otherwise = "drop", groups = "flood" } = options;
  const destinations = new Destinations();
  const station = destinations.numberOf(otherwise, false);
  const group = destinations.numberOf(groups, true);
  const made = (entries: readonly StaticEntry[]): KeyTable => {
    const table = new KeyTable(entries.length);
    for (const { address, vlan, port } of entries) {
      const said = vlan === undefined ? address : `${address} in VLAN ${vlan}`;
      const key = addressKey(address, vlan);
      if (!key) throw new SwitchError("BAD_TABLE", `'${said}' is no address, or no VLAN from 1 to 4094`);
      if (!table.add(key, destinations.numberOfPort(port)))
        throw new SwitchError("BAD_TABLE", `${said} is in the table more than once`);
    }
    return table;
  };
  let table = made(options.table);

  const find = (batch: FrameBatch, i: number, ingress: number, vid: number): number => {
    const at = batch.offsets[i] as number;
    const { bytes } = batch.memory;
    keepAddresses(batch, i, at);
    const low = word16(bytes, at);
    const high = word32(bytes, at + 2);
    let number = vid === 0 ? -1 : table.get(high, low | (vid << vidShift));
    if (number < 0) number = table.get(high, low);
    if (number < 0) number = low & 1 ? group : station;
    const to = destinations.resultOf(number);
    return to === ingress ? nowhere : to;
  };
  return {
    name: "static",
    lookup(batch, i, ingress) {
      const at = batch.offsets[i] as number;
      const { bytes } = batch.memory;
      const isTagged =
        (batch.lengths[i] as number) >= typeOffset + 2 + tagBytes && word16(bytes, at + typeOffset) === types.vlan;
      const tag = typeOffset + 2;
      const vid = isTagged ? (((bytes[at + tag] as number) << 8) | (bytes[at + tag + 1] as number)) & vidMask : 0;
      return find(batch, i, ingress, vid);
    },
    lookupInVlan: find,
    lookupBatch(batch, first, count, ingress, out) {
      const { memory, words, mask, seed } = table;
      if (!memory || !destinations.memory) return first;
      return staticCode(memory).find(
        words.byteOffset,
        mask,
        seed,
        destinations.words.byteOffset,
        destinations.resultOf(group),
        destinations.resultOf(station),
        ingress,
        batch.offsets.byteOffset,
        batch.lengths.byteOffset,
        (batch.memory.region as FrameRegion).at,
        first,
        count,
        out.byteOffset,
      );
    },
    enter: (port, name) => destinations.enter(port, name),
    forget: (port) => destinations.leave(port),
    replace(entries) {
      table = made(entries);
    },
  };
}
