/**
 * StaticPullSwitch(INPUT) — pulls from one input, chosen for good.
 *
 * INPUT -1 gives nothing.
 * Costs nothing: the choice is made when the configuration is compiled.
 *
 *   a -> [0] s :: StaticPullSwitch(1); b -> [1] s; s -> Unqueue
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pullSwitch } from "../lib/switch.ts";

export const StaticPullSwitch: ElementClass = pullSwitch("StaticPullSwitch", {
  fixed: true,
});
