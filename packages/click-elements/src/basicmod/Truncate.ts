/**
 * Truncate(LENGTH [, keyword EXTRA_LENGTH]) — cuts packets.
 *
 * Packets longer than LENGTH bytes are cut to that. How much was cut is added to the packet's extra length annotation,
 * unless EXTRA_LENGTH is false.
 *
 * Handlers: nbytes (read, write): LENGTH.
 *
 *   ... -> Truncate(64) -> ...
 */
import { annotation, arg, type ElementClass, element, keyword, live, required } from "@clickos/click-core/element";

export const Truncate: ElementClass = element({
  name: "Truncate",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { LENGTH: required(live(arg.u32, { handler: "nbytes" })), EXTRA_LENGTH: keyword(arg.bool, true) },
  action(c, packet, { config, state }) {
    const { length } = packet;
    const most = state.length.get();
    c.if(length.gtU(most), () => {
      if (config.EXTRA_LENGTH) {
        const extra = packet.annotation32(annotation.extraLength);
        extra.set(extra.get().add(length.sub(most)));
      }
      packet.setLength(most);
    });
  },
});
