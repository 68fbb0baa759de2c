/**
 * DriverManager(INSTRUCTIONS...) — says when the driver stops.
 *
 * A script of TYPE DRIVER: the driver goes on until it ends. `wait_stop N` waits until elements have asked N times
 * for the driver to stop; `wait TIME` waits. At the end, the driver stops. The instructions are Script's.
 *
 *   DriverManager(wait_stop, read c.count, stop)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { parseScript } from "./instructions.ts";
import { scriptService } from "./service.ts";

export const DriverManager: ElementClass = element({
  name: "DriverManager",
  ports: "0/0",
  processing: "a/a",
  config: { INSTRUCTIONS: rest(arg.raw) },
  prepare: ({ arguments: args, error }) => parseScript(args, error),
  service: ({ plan, name, host }) => scriptService({ ...plan, type: "DRIVER", name, className: "DriverManager", host }),
});
