/**
 * Switch([OUTPUT]) — sends packets to one of its outputs.
 *
 * OUTPUT is 0 by default; -1 ends packets.
 *
 * Handlers: switch (read, write): the output. Click calls it config, too.
 *
 *   ... -> s :: Switch(1); s [0] -> ...; s [1] -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pushSwitch } from "../lib/switch.ts";

export const Switch: ElementClass = pushSwitch("Switch");
