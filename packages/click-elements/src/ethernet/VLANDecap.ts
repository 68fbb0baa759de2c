/**
 * VLANDecap([ANNO] [, keyword ETHERTYPE]) — takes the VLAN tag out of Ethernet frames.
 *
 * A frame of type ETHERTYPE, 0x8100 by default, loses its outermost tag; others pass as they are. Unless ANNO is false, the VLAN
 * annotation becomes the tag's 16 bits, or 0 where there was no tag. The MAC header mark is set to the frame, the network header mark to
 * what follows its header.
 *
 *   FromDevice(0) -> VLANDecap -> ToDevice(1);
 */
import { annotation, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";
import { stored16 } from "@clickos/wire";
import { ethernet, etherTypes, removeTag, vlan } from "@clickos/wire/ethernet";
import { dataOf, markLink } from "../lib/headers.ts";

export const VLANDecap: ElementClass = element({
  name: "VLANDecap",
  ports: "1/1",
  processing: "a/a",
  config: { ANNO: positional(arg.bool, true), ETHERTYPE: keyword(arg.u16, etherTypes.vlan) },
  action(c, packet, { config }) {
    const tci = c.var("i32", 0, "tci");
    const frame = dataOf(packet);
    c.if(frame.has(ethernet.size + vlan.size), () => {
      const header = frame.header(ethernet, "stated");
      c.if(header.etherType.stored.get().eq(stored16(config.ETHERTYPE)), () => {
        tci.set(header.payload("stated").header(vlan, "stated").tci.stored.get());
        removeTag(header);
        packet.pull(vlan.size);
      });
    });
    markLink(packet, ethernet.size);
    if (config.ANNO) packet.annotation16(annotation.vlanTci).set(tci.get());
  },
});
