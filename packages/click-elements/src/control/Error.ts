/**
 * Error(TEXT) — keeps the router from starting, with a message.
 *
 * For classes that an alternative must not be chosen of.
 *
 *   elementclass Old { $x | Error("Old is gone: use New") }
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";

export const ErrorElement: ElementClass = element({
  name: "Error",
  ports: "-/-",
  processing: "a/a",
  config: { MESSAGE: positional(arg.string, "<unspecified error>") },
  prepare({ config, error }) {
    error(config.MESSAGE);
  },
  action() {},
});
