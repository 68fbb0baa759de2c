/**
 * Message(MESSAGE [, TYPE]) — prints a message when it is configured.
 *
 * TYPE is MESSAGE (the default), WARNING or ERROR. A warning and an error keep the router from starting.
 *
 *   Message("the test network")
 */
import { arg, type ElementClass, element, positional, required } from "@clickos/click-core/element";

export const Message: ElementClass = element({
  name: "Message",
  ports: "0/0",
  processing: "a/a",
  config: { MESSAGE: required(arg.string), TYPE: positional(arg.string, "MESSAGE") },
  prepare({ config: { MESSAGE, TYPE }, error, complaint, warning }) {
    if (TYPE === "MESSAGE") complaint(MESSAGE);
    else if (TYPE === "ERROR") error(MESSAGE);
    else if (TYPE === "WARNING") {
      warning(MESSAGE);
      error("unspecified error");
    } else error(/^\S+$/.test(TYPE) ? "unrecognized message type" : "TYPE: parse error");
  },
});
