/**
 * HandlerAggregate(ELEMENT, ...) — reads or writes a handler of several elements.
 *
 * Runs in process only, not in a virtual machine. It is an element of FastClick.
 *
 * Handlers: add, avg (read, with a handler's name): the sum and the mean of what the elements' handlers of that name say; write
 * (write: `HANDLER [VALUE]`): writes it in all of them.
 *
 *   ... -> a :: Counter -> ...; ... -> b :: Counter -> ...;
 *   all :: HandlerAggregate(a, b); DriverManager(wait 1s, print $(all.add count), stop)
 */
import { arg, type ElementClass, element, HandlerError, rest } from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import { realText } from "../lib/real-text.ts";

/** What a text says at its start: C's `atof`. */
const numberIn = (text: string): number => {
  const value = Number.parseFloat(text);
  return Number.isNaN(value) ? 0 : value;
};

/** What a handler refuses is said as it says it. */
function reported<T>(call: () => T): T {
  try {
    return call();
  } catch (e) {
    throw e instanceof HandlerError ? e.message : e;
  }
}

export const HandlerAggregate: ElementClass = element({
  name: "HandlerAggregate",
  ports: "0/0",
  processing: "a/a",
  config: { ELEMENT: rest(arg.elementName()) },
  service({ config: { ELEMENT }, host }) {
    const sum = (handler: string): number =>
      reported(() =>
        ELEMENT.reduce((all, { name }) => all + numberIn(host.router.read(`${name}.${handler.trim()}`)), 0),
      );
    return {
      handlers: {
        add: { flags: "+", read: (handler) => realText(sum(handler)) },
        avg: { flags: "+", read: (handler) => realText(sum(handler) / ELEMENT.length) },
        write: {
          flags: "",
          write(text) {
            const [handler, value] = takeWord(text);
            reported(() => {
              for (const { name } of ELEMENT) host.router.write(`${name}.${handler}`, value);
            });
          },
        },
      },
    };
  },
});
