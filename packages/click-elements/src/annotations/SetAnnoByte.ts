/**
 * SetAnnoByte(ANNO, VALUE) — sets a byte of packets' annotations: what Paint(VALUE, ANNO) does.
 *
 * Whoever uses it is told to use Paint.
 *
 * Handlers: anno (read), value (read, write).
 *
 *   ... -> SetAnnoByte(16, 1) -> ...
 */
import { arg, type ElementClass, element, live, required } from "@clickos/click-core/element";
import { annotationByte } from "../lib/annotations.ts";

export const SetAnnoByte: ElementClass = element({
  name: "SetAnnoByte",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { ANNO: required(annotationByte), VALUE: required(live(arg.u8, { written() {} })) },
  prepare({ warning }) {
    warning("SetAnnoByte(ANNO, VALUE) is obsolete, use Paint(VALUE, ANNO) instead");
  },
  handlers: { anno: { constant: ({ config }) => config.ANNO } },
  action(_c, packet, { config, state }) {
    packet.annotation8(config.ANNO).set(state.value.get());
  },
});
