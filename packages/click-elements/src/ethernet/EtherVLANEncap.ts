/**
 * EtherVLANEncap(ETHERTYPE, SRC, DST [, VLAN_TCI, VLAN_PCP] [, keywords VLAN_ID, NATIVE_VLAN]) — puts an Ethernet header with a VLAN
 * tag before each packet.
 *
 * VLAN_TCI is all 16 bits of the tag, or ANNO: those of the packet's VLAN annotation. VLAN_ID (0 by default) and VLAN_PCP are parts of
 * it. Packets of NATIVE_VLAN, VLAN 0 by default, get a header without a tag; -1 is no VLAN. The MAC header mark is set to the header,
 * the network header mark to what follows. A packet without room for the header moves to a larger buffer.
 *
 * EtherVlanEncap is an earlier name of it.
 *
 * Handlers: src, dst, ethertype, vlan_tci, vlan_id, vlan_pcp, native_vlan (read, write); config (read, write).
 *
 *   ... -> EtherVLANEncap(0x0800, 02:00:00:00:00:01, 02:00:00:00:00:02, VLAN_ID 5) -> ToDevice(1);
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  formatEtherAddress,
  live,
  positional,
  required,
} from "@clickos/click-core/element";
import { stored16 } from "@clickos/wire";
import { ethernet, etherTypes, vlan } from "@clickos/wire/ethernet";
import { liveEther, storedEther } from "../lib/ether-address.ts";
import { dataOf, markLink } from "../lib/headers.ts";
import { writeKeyword } from "../lib/keyword-handlers.ts";
import { idOf, nativeText, nativeVlan, partsText, priorityOf, tagArguments, tciOf, tciWord } from "../lib/vlan.ts";

export const EtherVLANEncap: ElementClass = element({
  name: "EtherVLANEncap",
  aliases: ["EtherVlanEncap"],
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    ETHERTYPE: required(live(arg.u16, { written() {} })),
    SRC: required(liveEther),
    DST: required(liveEther),
    VLAN_TCI: positional(tciWord, undefined),
    ...tagArguments,
    NATIVE_VLAN: nativeVlan,
  },
  prepare: ({ config }) => ({
    tci: config.VLAN_TCI === "ANNO" ? undefined : tciOf(config.VLAN_TCI, config),
    native: config.NATIVE_VLAN,
  }),
  handlerOrder: ["src", "dst", "ethertype"],
  handlers: {
    config: {
      flags: ".",
      read: (s, { plan: { tci, native } }) =>
        [
          formatEtherAddress(storedEther(s.src)),
          formatEtherAddress(storedEther(s.dst)),
          s.ethertype,
          (tci === undefined ? "ANNO" : partsText(tci)) + nativeText(native),
        ].join(", "),
    },
    vlan_tci: { constant: ({ plan }) => plan.tci ?? "ANNO", write: writeKeyword("VLAN_TCI") },
    vlan_id: {
      constant: ({ plan: { tci } }) => (tci === undefined ? "" : idOf(tci)),
      write: writeKeyword("VLAN_ID"),
    },
    vlan_pcp: {
      constant: ({ plan: { tci } }) => (tci === undefined ? "" : priorityOf(tci)),
      write: writeKeyword("VLAN_PCP"),
    },
    native_vlan: {
      constant: ({ plan: { native } }) => (native === 0 ? "" : native & 0xffff),
      write: writeKeyword("NATIVE_VLAN"),
    },
  },
  action(c, packet, { state, plan, packets, output }) {
    const { tci, native } = plan;
    const annotated = packet.annotation16(annotation.vlanTci).get();
    packets.room(packet, { head: ethernet.size + vlan.size }, (packet) => {
      const addresses = { destination: state.dst.get(), source: state.src.get() };
      const untagged = (): void => {
        packet.unpull(ethernet.size);
        const header = dataOf(packet).header(ethernet, "stated");
        header.emit({ ...addresses, etherType: state.ethertype.get() });
        markLink(packet, ethernet.size);
        output(0).push(packet);
      };
      const tagged = (): void => {
        packet.unpull(ethernet.size + vlan.size);
        const header = dataOf(packet).header(ethernet, "stated");
        header.emit({ ...addresses, etherType: etherTypes.vlan });
        const tag = header.payload("stated").header(vlan, "stated");
        tag.emit({ etherType: state.ethertype.get() });
        if (tci === undefined) tag.tci.stored.set(annotated);
        else tag.tci.set(tci);
        markLink(packet, ethernet.size + vlan.size);
        output(0).push(packet);
      };
      if (tci !== undefined) idOf(tci) === native ? untagged() : tagged();
      else if (native < 0) tagged();
      else c.if(annotated.and(stored16(vlan.fields.vid.mask)).eq(stored16(native)), untagged, tagged);
    });
  },
});
