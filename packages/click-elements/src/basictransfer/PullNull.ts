/**
 * PullNull — passes packets on, pull only.
 *
 * Leaves nothing behind in the compiled configuration.
 *
 *   ... -> PullNull -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const PullNull: ElementClass = element({
  name: "PullNull",
  ports: "1/1",
  processing: "l/l",
  action() {},
});
