/** The front end as staged code, by the kind of its rings. */
import type { RingKind } from "./device-page.ts";
import type { GuestContext } from "./guest.ts";
import { stageNetifVif } from "./staged-netif.ts";
import { type StagedVif, stageNetmapVif } from "./staged-netmap.ts";

/** Reserves an interface's memory and stages its code. `table` is the address of the grant table. */
export function stageVif(context: GuestContext, device: number, table: number, rings: RingKind = "netmap"): StagedVif {
  return rings === "netmap"
    ? stageNetmapVif(context, device, table)
    : stageNetifVif(context, device, table, rings === "persistent");
}
