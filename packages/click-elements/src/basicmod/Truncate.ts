/**
 * Truncate([LENGTH] [, keywords NBYTES, EXTRA_LENGTH]) — cuts packets.
 *
 * Packets longer than LENGTH bytes are cut to that; with NBYTES instead, that many bytes are cut off the end. How
 * much was cut is added to the packet's extra length annotation, unless EXTRA_LENGTH is false; EXTRA_ANNO is the same.
 *
 * Handlers: nbytes (read, write): LENGTH.
 *
 *   ... -> Truncate(64) -> ...
 */
import { annotation, arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";

export const Truncate: ElementClass = element({
  name: "Truncate",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    LENGTH: positional(live(arg.u32, { handler: "nbytes" }), 0xffffffff),
    NBYTES: keyword(arg.u32, 0),
    EXTRA_LENGTH: keyword(arg.bool, true),
    EXTRA_ANNO: keyword(arg.bool, true),
  },
  prepare({ config, error }) {
    if ((config.LENGTH === 0xffffffff) === (config.NBYTES === 0)) error("give LENGTH or NBYTES");
  },
  action(c, packet, { config, state }) {
    const { length } = packet;
    const cut = length.sub(config.NBYTES);
    const most = state.length.get();
    const wanted =
      config.NBYTES === 0
        ? c.select(length.gtU(most), most, length)
        : c.select(length.gtU(config.NBYTES), cut, c.i32(0));
    if (config.EXTRA_LENGTH && config.EXTRA_ANNO) {
      const extra = packet.annotation32(annotation.extraLength);
      c.if(length.ne(wanted), () => extra.set(extra.get().add(length.sub(wanted))));
    }
    packet.setLength(wanted);
  },
});
