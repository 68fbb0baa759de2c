/**
 * StripGREHeader — takes the GRE header off the front of packets.
 *
 * The header has as many words as its flags say. Packets that end before it does are dropped.
 *
 *   ... -> CheckGREHeader -> StripGREHeader -> CheckIPHeader -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { gre } from "@clickos/wire/gre";
import { dataOf } from "../lib/headers.ts";

export const StripGREHeader: ElementClass = element({
  name: "StripGREHeader",
  ports: "1/1",
  processing: "a/a",
  action(c, packet) {
    const short = (): void => packet.drop("too short for its GRE header");
    const { headerLength } = dataOf(packet).header(gre, short).parts(short);
    packet.pull(c.var("i32", headerLength, "headerLength").get());
  },
});
