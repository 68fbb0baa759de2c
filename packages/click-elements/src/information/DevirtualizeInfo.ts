/**
 * DevirtualizeInfo(ENTRIES...) — accepted: says which elements Click's tool `click-devirtualize` may share code of.
 *
 * Code is made for each element of a configuration here, so that nothing changes.
 *
 *   DevirtualizeInfo(c 0)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";

export const DevirtualizeInfo: ElementClass = element({
  name: "DevirtualizeInfo",
  ports: "0/0",
  processing: "a/a",
  config: { ENTRIES: rest(arg.raw) },
});
