/**
 * StaticThreadSched(ENTRIES...) — accepted: puts tasks on threads.
 *
 * A router runs on one thread.
 *
 *   StaticThreadSched(src 0, out 1)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";

export const StaticThreadSched: ElementClass = element({
  name: "StaticThreadSched",
  ports: "0/0",
  processing: "a/a",
  config: { ENTRIES: rest(arg.raw) },
});
