/**
 * DriverManager(INSTRUCTIONS... [, keyword TYPE]) — says when the driver stops.
 *
 * A Script whose TYPE is DRIVER unless another is given: it runs before anything else does, to its first wait. Each time the
 * driver is asked to stop, it goes on from there, past a `wait TIME` too; the driver stops when the script ends. `pause N` waits
 * until that was asked N times. The instructions are Script's.
 *
 *   DriverManager(pause, read c.count, stop)
 */
import type { ElementClass } from "@clickos/click-core/element";
import { scriptElement } from "./script-element.ts";

export const DriverManager: ElementClass = scriptElement("DriverManager", "DRIVER");
