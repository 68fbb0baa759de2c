/**
 * Switch([OUTPUT]) — sends packets to one of its outputs.
 *
 * OUTPUT is 0 by default; a negative one ends packets.
 *
 * Handlers: switch (read, write): the output; one that is not there is written as -1. config (read, write): the same as
 * `switch` where it is read.
 *
 *   ... -> s :: Switch(1); s [0] -> ...; s [1] -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { pushSwitch } from "../lib/switch.ts";

export const Switch: ElementClass = pushSwitch("Switch");
