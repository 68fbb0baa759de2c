/**
 * HandlerProxy([keyword VERBOSE]) — hands its handlers on to those that it is told of.
 *
 * Reading or writing `proxy.ELEMENT.HANDLER` reads or writes `ELEMENT.HANDLER`, of another element; `proxy.HANDLER`, a handler of the
 * router.
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
  type HandlerEntry,
  type HandlerReport,
} from "@clickos/click-core/element";

export const HandlerProxy: ElementClass = element({
  name: "HandlerProxy",
  ports: "0/0",
  processing: "a/a",
  config: { VERBOSE: accepted(arg.bool, "whoever uses a handler is told what is wrong") },
  service({ host }) {
    /** Names that lead back to this element ask here again. */
    let asking = false;
    const find = (path: string): HandlerEntry | undefined => {
      asking = true;
      try {
        return findHandler(host.handlers, path);
      } finally {
        asking = false;
      }
    };
    return {
      handler: (name) => {
        // What has no dot is one of the router's.
        const path = name.includes(".") ? name : `.${name}`;
        const found = asking ? undefined : find(path);
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
    };
  },
});
