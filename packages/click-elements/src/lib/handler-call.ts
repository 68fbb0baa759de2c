/** Arguments that write a handler: `HANDLER [VALUE]`, such as the END_CALL of a source. */
import { type ArgumentType, HandlerError, Mistake, type ServiceHost } from "@clickos/click-core/element";
import { shiftWord, unquote } from "@clickos/click-language/arguments";
import { syntaxError } from "./handlers.ts";

export interface HandlerCall {
  /** As it is called where the element stands. */
  readonly path: string;
  readonly value: string;
}

/** A call whose handler may be missing: `checkWritable` says so. */
export function parseCall(text: string): HandlerCall {
  const [word, value] = shiftWord(text);
  return { path: unquote(word), value: value.trimEnd() };
}

/** The name of the element in a handler's; empty for the element's own handlers, and the router's. */
const elementIn = (path: string): string => path.slice(0, Math.max(0, path.indexOf(".")));
const isName = (path: string): boolean => path !== "" && !/[^.].*\.$/s.test(path);

/** A call of a handler of an element that is there, or of the router's. */
export const handlerCall: ArgumentType<HandlerCall> = {
  expects: "a handler and what is written to it",
  parse(text, scope) {
    const call = parseCall(text);
    if (!isName(call.path)) return new Mistake(undefined, undefined, syntaxError);
    const element = elementIn(call.path);
    if (element === "" || scope.element(element)) return call;
    return new Mistake(undefined, undefined, `no element named '${element}'`);
  },
};

/** Throws, as a `string`, why the handler cannot be written. */
export function checkWritable({ path }: HandlerCall, host: Pick<ServiceHost, "handlers">): void {
  if (!isName(path)) throw syntaxError;
  const none = `no '${path.replace(/^\./, "")}' write handler`;
  try {
    if (host.handlers.describe(path).access === "r") throw none;
  } catch (e) {
    if (!(e instanceof HandlerError)) throw e;
    throw e.code === "NO_ELEMENT" && elementIn(path) !== "" ? `no element named '${elementIn(path)}'` : none;
  }
}

/** Writes it; as in Click, nobody is told of what is wrong. */
export function writeHandler({ path, value }: HandlerCall, host: Pick<ServiceHost, "handlers">): void {
  try {
    host.handlers.write(path, value);
  } catch (e) {
    if (!(e instanceof HandlerError)) throw e;
  }
}
