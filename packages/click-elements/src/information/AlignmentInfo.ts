/**
 * AlignmentInfo(ENTRIES...) — accepted: says how packets are aligned.
 *
 * Written by tools that check alignment; packets here may be read at any alignment.
 *
 *   AlignmentInfo(c 4 2)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";

export const AlignmentInfo: ElementClass = element({
  name: "AlignmentInfo",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 20,
  config: { ENTRIES: rest(arg.raw) },
});
