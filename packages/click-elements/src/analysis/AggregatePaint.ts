/**
 * AggregatePaint([BITS] [, keyword INCREMENTAL]) — sets the aggregate annotation to the paint annotation.
 *
 * BITS (8) is how many of the paint's lower bits to take. With INCREMENTAL true the annotation is moved up by so many bits, and the
 * paint stands below what it was.
 *
 *   ... -> AggregateIPFlows -> AggregatePaint(1, INCREMENTAL true) -> AggregateCounter -> ...
 */
import { annotation, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";

const paintBits = 8;

export const AggregatePaint: ElementClass = element({
  name: "AggregatePaint",
  ports: "1/1",
  processing: "a/a",
  config: { BITS: positional(arg.i32, paintBits), INCREMENTAL: keyword(arg.bool, false) },
  prepare({ config, error }) {
    if (config.BITS <= 0 || config.BITS > paintBits) error("bad number of bits", 0);
  },
  action(_c, packet, { config }) {
    const paint = packet
      .annotation8(annotation.paint)
      .get()
      .and(2 ** config.BITS - 1);
    const aggregate = packet.annotation32(annotation.aggregate);
    aggregate.set(config.INCREMENTAL ? aggregate.get().shl(config.BITS).add(paint) : paint);
  },
});
