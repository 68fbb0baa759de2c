/**
 * StaticSwitch(OUTPUT) — sends packets to one output, chosen for good.
 *
 * OUTPUT -1 ends packets.
 * Costs nothing: the choice is made when the configuration is compiled.
 *
 *   ... -> s :: StaticSwitch(1); s [0] -> ...; s [1] -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pushSwitch } from "../lib/switch.ts";

export const StaticSwitch: ElementClass = pushSwitch("StaticSwitch", {
  fixed: true,
});
