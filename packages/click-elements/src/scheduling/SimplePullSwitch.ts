/**
 * SimplePullSwitch([INPUT]) — pulls from one of its inputs.
 *
 * INPUT is 0 by default; one that is not there, such as -1, gives nothing, and is shown as -1. The same as PullSwitch.
 *
 * Handlers: switch, config (read, write): the input.
 *
 *   ... -> Queue -> [0] s :: SimplePullSwitch(1); ... -> Queue -> [1] s; s -> Unqueue -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pullSwitch } from "../lib/switch.ts";

export const SimplePullSwitch: ElementClass = pullSwitch("SimplePullSwitch");
