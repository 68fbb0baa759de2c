/**
 * StripIPHeader — takes everything up to the end of the marked IP header off the front of packets.
 *
 * The mark stays where it is: UnstripIPHeader puts the header back, and CheckIPHeader or MarkIPHeader marks the header of a packet
 * inside. A packet that ends before its header does is left empty; a message says so.
 *
 *   ... -> CheckIPHeader -> StripIPHeader -> CheckIPHeader -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { strip } from "../lib/strip.ts";

export const StripIPHeader: ElementClass = element({
  name: "StripIPHeader",
  ports: "1/1",
  processing: "a/a",
  action(c, packet, { line }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    // Less than nothing where the header is off already.
    strip(c, packet, packet.transport.sub(packet.data), line);
  },
});
