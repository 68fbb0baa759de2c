/**
 * Error(...) — keeps the router from starting.
 *
 * Any arguments will do; it says nothing of its own.
 *
 *   elementclass Old { $x | Error("Old is gone: use New") }
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";

export const ErrorElement: ElementClass = element({
  name: "Error",
  aliases: ["ErrorElement"],
  ports: "-/-",
  processing: "a/a",
  config: { ARGUMENTS: rest(arg.raw) },
  peers({ fail }) {
    fail();
  },
  action() {},
});
