/**
 * Truncate([LENGTH] [, keywords NBYTES, EXTRA_ANNO]) — cuts packets.
 *
 * Packets longer than LENGTH bytes are cut to that; with NBYTES instead, that many bytes are cut off the end. How
 * much was cut is added to the packet's extra length annotation, unless EXTRA_ANNO is false.
 *
 * Handlers: nbytes (read).
 *
 *   ... -> Truncate(64) -> ...
 */
import { annotation, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";

export const Truncate: ElementClass = element({
  name: "Truncate",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    LENGTH: positional(arg.u32, 0xffffffff),
    NBYTES: keyword(arg.u32, 0),
    EXTRA_ANNO: keyword(arg.bool, true),
  },
  prepare({ config, error }) {
    if (config.LENGTH === 0xffffffff && config.NBYTES === 0) error("give LENGTH or NBYTES");
  },
  handlers: { nbytes: { constant: ({ config }) => (config.LENGTH === 0xffffffff ? config.NBYTES : config.LENGTH) } },
  action(c, packet, { config }) {
    const { length } = packet;
    const wanted =
      config.LENGTH !== 0xffffffff
        ? c.select(length.gtU(config.LENGTH), c.i32(config.LENGTH), length)
        : c.select(length.gtU(config.NBYTES), length.sub(config.NBYTES), c.i32(0));
    if (config.EXTRA_ANNO) {
      const extra = packet.annotation32(annotation.extraLength);
      c.if(length.ne(wanted), () => extra.set(extra.get().add(length.sub(wanted))));
    }
    packet.setLength(wanted);
  },
});
