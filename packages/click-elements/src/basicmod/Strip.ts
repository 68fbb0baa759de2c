/**
 * Strip(LENGTH) — takes LENGTH bytes off the front of packets.
 *
 * Of a packet that is shorter nothing is left; a message says so.
 *
 *   ... -> Strip(14) -> CheckIPHeader -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";

export const Strip: ElementClass = element({
  name: "Strip",
  ports: "1/1",
  processing: "a/a",
  config: { LENGTH: required(arg.u32) },
  action(c, packet, { config, line }) {
    const { LENGTH } = config;
    c.if(
      packet.length.geU(LENGTH),
      () => packet.pull(LENGTH),
      () => {
        line()
          .text(`Packet::pull ${LENGTH | 0} > length `)
          .decimal(packet.length)
          .end();
        packet.pull(packet.length);
      },
    );
  },
});
