/**
 * StripEtherVLANHeader([NATIVE_VLAN]) — takes Ethernet headers off, with a VLAN tag or without.
 *
 * Of a frame with a VLAN tag it takes off header and tag, and sets the packet's VLAN annotation to the tag's 16 bits. Of a frame
 * without, it takes off the header and sets the annotation to NATIVE_VLAN, 0 by default; where that is below 0, such frames leave on
 * output 1, or are dropped where that is not connected. So do frames that are shorter than their headers.
 *
 * StripEtherVlanHeader is an earlier name of it.
 *
 *   FromDevice(0) -> StripEtherVLANHeader -> CheckIPHeader -> ...
 */
import { annotation, arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { stored16 } from "@clickos/wire";
import { ethernet, etherTypes, vlan } from "@clickos/wire/ethernet";
import { dataOf } from "../lib/headers.ts";

export const StripEtherVLANHeader: ElementClass = element({
  name: "StripEtherVLANHeader",
  aliases: ["StripEtherVlanHeader"],
  ports: "1/1-2",
  processing: "a/ah",
  live: true,
  config: { NATIVE_VLAN: positional(arg.i32, 0) },
  prepare({ config, error }) {
    if (config.NATIVE_VLAN > vlan.fields.vid.mask) error("bad NATIVE_VLAN");
  },
  action(c, packet, { config, output }) {
    const tooShort = (): void => output(1).push(packet, "shorter than its header");
    const header = dataOf(packet).header(ethernet, tooShort);
    const tci = packet.annotation16(annotation.vlanTci);
    c.if(
      header.etherType.stored.get().eq(stored16(etherTypes.vlan)),
      () => {
        tci.set(header.payload().header(vlan, tooShort).tci.stored.get());
        packet.pull(ethernet.size + vlan.size);
      },
      () => {
        if (config.NATIVE_VLAN < 0) output(1).push(packet, "no VLAN tag");
        else {
          tci.set(stored16(config.NATIVE_VLAN));
          packet.pull(ethernet.size);
        }
      },
    );
  },
});
