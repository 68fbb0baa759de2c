/**
 * Script(INSTRUCTIONS... [, keyword TYPE]) — runs a script that reads and writes handlers.
 *
 * Instructions, one an argument. Handlers: `read HANDLER [ARGS]`, `write HANDLER [VALUE]`, `print [>FILE | >>FILE] TEXT`, where
 * text that begins with a letter is a handler to read, `printn` without a newline, `save HANDLER FILE`, `append HANDLER FILE`.
 * Variables: `set VAR VALUE`, `init VAR VALUE` once at the start, `export VAR [VALUE]` with a handler of its name. Jumps:
 * `label NAME`, `goto NAME [CONDITION]`, where `begin`, `end`, `exit`, `stop` and `error` are labels too, `loop`. Waits:
 * `wait TIME`, `wait_for TIME`, `wait_time TIME`; `pause [N]`, `wait`, `wait_step [N]`, `wait_stop [N]` for the `step` handler.
 * Ends: `return [VALUE]`, `error [TEXT]`, `end`, `exit`, `stop`, which stops the driver. With a `q` at its end, as in `writeq`,
 * an instruction takes the quotes off its value.
 *
 * Variables are `$x` and `${any name}`; `$(handler args)` is what a handler returns. `$args`, `$1`, `$2` and `$#` are what the
 * script was called with, `$0` the handler that it was called by, `$write` whether that was written, `$?` how the last `write`
 * ended, `$$` the process. Functions, as `$(add 1 2)`: add, sub, mul, div, idiv, mod, rem, neg, abs, min, max, eq, ne, lt, gt,
 * le, ge, and, or, not, nand, nor, if, in, first, length, unquote, sprintf, random, now, readable, writable, htons, htonl, ntohs,
 * ntohl, shift, cat, catq, kill.
 *
 * TYPE says when it runs: ACTIVE from the start (the default), PASSIVE when its `run` handler is used, PROXY when any handler of
 * it is used, PACKET, the default where there are ports, for each packet, which goes to the output that is returned, and to 0 at
 * the end (between pull ports the script pulls, and other outputs are pushed to), DRIVER as DriverManager does, SIGNAL NAME...
 * at signals.
 *
 * FILE is a name as it stands: nothing is put into it. A script that jumps 1,000 times without a wait is given up, and so is one
 * that runs 200,000 instructions with all that it calls. A text holds up to 1 MiB.
 *
 * Handlers: run (read, write), step, goto, set (write), get and the functions (read).
 *
 *   Script(label again, wait 1s, print "$(c.count) packets", goto again)
 */
import type { ElementClass } from "@clickos/click-core/element";
import { scriptElement } from "./script-element.ts";

export const Script: ElementClass = scriptElement("Script");
