/**
 * VLANEncap([VLAN_TCI, VLAN_PCP] [, keywords VLAN_ID, NATIVE_VLAN, ETHERTYPE]) — puts a VLAN tag into Ethernet frames.
 *
 * VLAN_TCI is all 16 bits of the tag, or ANNO: those of the packet's VLAN annotation. VLAN_ID (0 by default) and VLAN_PCP are parts of
 * it; ETHERTYPE, 0x8100 by default, says that a tag follows. Packets of NATIVE_VLAN, VLAN 0 by default, get no tag; -1 is no VLAN. The
 * MAC header mark is set to the frame, the network header mark to what follows its header. A frame that is shorter than an
 * Ethernet header is dropped.
 *
 * Handlers: vlan_tci, vlan_id, vlan_pcp, native_vlan, ethertype, config (read). They cannot be written; Click lists them as if they could.
 *
 *   FromDevice(0) -> VLANEncap(VLAN_ID 5) -> ToDevice(1);
 */
import { annotation, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";
import { stored16 } from "@clickos/wire";
import { ethernet, etherTypes, insertTag, vlan } from "@clickos/wire/ethernet";
import { dataOf, markLink } from "../lib/headers.ts";
import { idOf, nativeText, nativeVlan, partsText, priorityOf, tagArguments, tciOf, tciWord } from "../lib/vlan.ts";

const write = (_state: unknown, _text: string, { name }: { readonly name: string }): never => {
  throw `cannot reconfigure ${name} :: VLANEncap live`;
};

export const VLANEncap: ElementClass = element({
  name: "VLANEncap",
  ports: "1/1",
  processing: "a/a",
  config: {
    VLAN_TCI: positional(tciWord, undefined),
    ...tagArguments,
    NATIVE_VLAN: nativeVlan,
    ETHERTYPE: keyword(arg.u16, etherTypes.vlan),
  },
  prepare: ({ config }) => ({
    tci: config.VLAN_TCI === "ANNO" ? undefined : tciOf(config.VLAN_TCI, config),
    native: config.NATIVE_VLAN,
  }),
  handlers: {
    config: {
      flags: "",
      constant: ({ plan: { tci, native } }) => (tci === undefined ? "ANNO" : partsText(tci)) + nativeText(native),
    },
    vlan_tci: { constant: ({ plan }) => plan.tci ?? "ANNO", write },
    vlan_id: { constant: ({ plan: { tci } }) => (tci === undefined ? "" : idOf(tci)), write },
    vlan_pcp: { constant: ({ plan: { tci } }) => (tci === undefined ? "" : priorityOf(tci)), write },
    native_vlan: { constant: ({ plan: { native } }) => (native === 0 ? "" : native & 0xffff), write },
    // Click reads it from the text of `config`, in which it is not.
    ethertype: { constant: () => "", write },
  },
  action(c, packet, { config, plan, packets, output }) {
    const { tci, native } = plan;
    const annotated = packet.annotation16(annotation.vlanTci).get();
    c.if(packet.length.ltU(ethernet.size), () => packet.drop("shorter than an Ethernet header"));
    packets.room(packet, { head: vlan.size }, (packet) => {
      const untagged = (): void => {
        markLink(packet, ethernet.size);
        output(0).push(packet);
      };
      const tagged = (): void => {
        packet.unpull(vlan.size);
        const tag = insertTag(dataOf(packet).header(ethernet, "stated"), config.ETHERTYPE);
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
