/**
 * Null — passes packets on.
 *
 * Leaves nothing behind in the compiled configuration.
 *
 *   ... -> Null -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const Null: ElementClass = element({
  name: "Null",
  ports: "1/1",
  processing: "a/a",
  action() {},
});
