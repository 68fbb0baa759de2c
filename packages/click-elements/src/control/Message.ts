/**
 * Message(TEXT [, TYPE]) — prints a message when the router starts.
 *
 * TYPE is MESSAGE (the default), WARNING or ERROR; an error keeps the router from starting.
 *
 *   Message("the test network")
 */
import { arg, type ElementClass, element, positional, required } from "@clickos/click-core/element";

export const Message: ElementClass = element({
  name: "Message",
  ports: "0/0",
  processing: "a/a",
  config: { MESSAGE: required(arg.string), TYPE: positional(arg.choice("MESSAGE", "WARNING", "ERROR"), "MESSAGE") },
  prepare({ config, error }) {
    if (config.TYPE === "ERROR") error(config.MESSAGE);
  },
  service: ({ config, host }) => ({
    start: () => host.chatter(config.TYPE === "WARNING" ? `warning: ${config.MESSAGE}` : config.MESSAGE),
  }),
});
