/**
 * Script(INSTRUCTIONS... [, keyword TYPE]) — runs a script that reads and writes handlers.
 *
 * Instructions, one an argument: `set VAR VALUE`, `init VAR VALUE`, `print [>FILE] TEXT`, `printn TEXT`,
 * `read HANDLER`, `write HANDLER VALUE`, `writeq`, `save HANDLER FILE`, `append HANDLER FILE`, `label NAME`,
 * `goto NAME [CONDITION]`, `loop`, `return VALUE`, `returnq`, `wait TIME`, `wait_time TIME`, `wait_step [N]`,
 * `wait_stop [N]`, `error TEXT`, `end`, `exit`, `stop`. Variables are `$x`; `$(handler args)` is what a handler
 * returns. Functions: add, sub, mul, div, idiv, mod, rem, neg, abs, eq, ne, lt, gt, le, ge, and, or, not, nand,
 * nor, if, in, first, last, length, unquote, cat, catq, sprintf, random, now, readable, writable, htons, htonl.
 *
 * TYPE says when it runs: ACTIVE from the start (the default), PASSIVE when its `run` handler is used, PROXY when
 * any handler of it is used (`$0` is its name), PACKET for each packet, which goes to the output that is returned,
 * DRIVER as DriverManager does, SIGNAL NAME... at signals.
 *
 * FILE is a name as it stands: nothing is put into it. A script does 1,000 instructions at a time, or writes one
 * configuration, and then goes on in the next turn, so that others are not kept waiting; one that never waits is given
 * up after a million jumps, and one whose result is wanted at once (TYPE PASSIVE, PROXY, PACKET) after a thousand. A text
 * holds up to 1 MiB.
 *
 * Handlers: run, step, goto, set (write), get and the functions (read).
 *
 *   Script(label again, wait 1s, print "$(c.count) packets", goto again)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { parseScript } from "./instructions.ts";
import { scriptService } from "./service.ts";

export const Script: ElementClass = element({
  name: "Script",
  ports: "-/-",
  processing: "h/h",
  config: { INSTRUCTIONS: rest(arg.raw) },
  prepare({ arguments: args, ninputs, noutputs, error }) {
    const script = parseScript(args, error);
    if (script.type !== "PACKET" && ninputs + noutputs > 0) error("only a script of TYPE PACKET has ports");
    return script;
  },
  service: ({ plan, name, host }) => scriptService({ ...plan, name, className: "Script", host }, plan.signals),
  push(c, port, packet, { service, output, noutputs }) {
    const to = service.give(packet, port);
    c.switch(
      to,
      Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
      () => packet.kill(),
    );
  },
});
