/**
 * HandlerProxy([keyword VERBOSE]) — hands its handlers on to those that it is told of.
 *
 * Reading or writing `proxy.ELEMENT.HANDLER` reads or writes `ELEMENT.HANDLER`.
 *
 * Handlers: whatever the router has.
 *
 *   p :: HandlerProxy
 */
import {
  accepted,
  arg,
  type ElementClass,
  element,
  findHandler,
  type HandlerReport,
} from "@clickos/click-core/element";

export const HandlerProxy: ElementClass = element({
  name: "HandlerProxy",
  ports: "0/0",
  processing: "a/a",
  config: { VERBOSE: accepted(arg.bool, "whoever uses a handler is told what is wrong") },
  service: ({ host }) => ({
    handler: (path) => {
      const found = findHandler(host.handlers, path);
      return (
        found && {
          kind: found.kind,
          ...(found.flags === undefined ? {} : { flags: found.flags }),
          ...(found.access !== "w"
            ? { read: (argument: string, report: HandlerReport) => host.handlers.read(path, argument, report) }
            : {}),
          ...(found.access !== "r"
            ? { write: (value: string, report: HandlerReport) => host.handlers.write(path, value, report) }
            : {}),
        }
      );
    },
  }),
});
