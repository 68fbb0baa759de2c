/**
 * PushNull — passes packets on, push only.
 *
 * Leaves nothing behind in the compiled configuration.
 *
 *   ... -> PushNull -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const PushNull: ElementClass = element({
  name: "PushNull",
  ports: "1/1",
  processing: "h/h",
  action() {},
});
