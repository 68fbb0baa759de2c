/**
 * PokeHandlers(DIRECTIVES...) — reads and writes handlers at given times.
 *
 * Directives, in order: `read HANDLER`, whose value is printed; `write HANDLER VALUE`; a time, to wait; `stop`,
 * which stops the driver; `loop`, which starts again; `quit`, which ends. Script does all this and more.
 *
 *   PokeHandlers(1s, read c.count, 1s, stop)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import { readScript } from "./instructions.ts";
import { scriptService } from "./service.ts";

export const PokeHandlers: ElementClass = element({
  name: "PokeHandlers",
  ports: "0/0",
  processing: "a/a",
  config: { DIRECTIVES: rest(arg.raw) },
  prepare({ arguments: args, error, scope, attach }) {
    const instructions = args.map((text) => {
      const [word] = takeWord(text);
      if (arg.time.parse(text, scope) !== undefined) return `wait ${text}`;
      if (word === "quit") return "end";
      return ["read", "readq", "write", "writeq", "stop", "loop", "print", "wait", "save", "append"].includes(word)
        ? text
        : `unknown_${word}`;
    });
    return readScript(
      {
        arguments: instructions,
        ninputs: 0,
        noutputs: 0,
        attach,
        error: (message, argument) => error(message.replace("unknown_", ""), argument),
      },
      "ACTIVE",
    );
  },
  service: ({ plan, name, landmark, host }) =>
    scriptService({ ...plan, name, landmark, className: "PokeHandlers", host }),
});
