/**
 * SetVLANAnno([VLAN_TCI, VLAN_PCP] [, keyword VLAN_ID]) — sets packets' VLAN annotation.
 *
 * VLAN_TCI is all 16 bits of a VLAN tag; VLAN_ID (0 by default) and VLAN_PCP are parts of them.
 *
 * SetVlanAnno is an earlier name of it.
 *
 * Handlers: vlan_tci, vlan_id, vlan_pcp, config (read, write).
 *
 *   ... -> SetVLANAnno(VLAN_ID 5) -> EtherVLANEncap(0x0800, 02:00:00:00:00:01, 02:00:00:00:00:02, ANNO) -> ...
 */
import { annotation, type ElementClass, element, positional } from "@clickos/click-core/element";
import { stored16 } from "@clickos/wire";
import { anyTci, idOf, partsText, priorityOf, tagArguments, tciOf } from "../lib/vlan.ts";

export const SetVLANAnno: ElementClass = element({
  name: "SetVLANAnno",
  aliases: ["SetVlanAnno"],
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { VLAN_TCI: positional(anyTci, undefined), ...tagArguments },
  prepare: ({ config }) => ({ tci: tciOf(config.VLAN_TCI, config) }),
  // A part that is written changes that of what is shown as the configuration.
  handlers: {
    config: { flags: ".", constant: ({ plan }) => partsText(plan.tci) },
    vlan_tci: {
      constant: ({ plan }) => plan.tci,
      write: (_s, value, { plan: { tci }, reconfigure }) => reconfigure(`${partsText(tci)}, VLAN_TCI ${value}`),
    },
    vlan_id: {
      constant: ({ plan }) => idOf(plan.tci),
      write: (_s, value, { plan: { tci }, reconfigure }) =>
        reconfigure(`VLAN_ID ${value}, VLAN_PCP ${priorityOf(tci)}`),
    },
    vlan_pcp: {
      constant: ({ plan }) => priorityOf(plan.tci),
      write: (_s, value, { plan: { tci }, reconfigure }) => reconfigure(`VLAN_ID ${idOf(tci)}, VLAN_PCP ${value}`),
    },
  },
  action(_c, packet, { plan }) {
    packet.annotation16(annotation.vlanTci).set(stored16(plan.tci));
  },
});
