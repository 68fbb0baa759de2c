/** Arguments that write a handler: `HANDLER [VALUE]`, such as the END_CALL of a source. */
import { type ArgumentType, arg, HandlerError, Mistake, readText, type ServiceHost } from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import { syntaxError } from "./handlers.ts";

export interface HandlerCall {
  /** As it is called where the element stands. */
  readonly path: string;
  readonly value: string;
}

export const handlerCall: ArgumentType<HandlerCall> = {
  expects: "a handler and what is written to it",
  parse(text, scope) {
    const [path, value] = takeWord(text);
    if (path === "") return new Mistake("syntax error");
    const handler = readText(arg.handlerPath, path, scope);
    return handler instanceof Mistake ? handler : { path: handler.given, value };
  },
};

/** The name of the element in a handler's; empty for the element's own handlers, and the router's. */
const elementIn = (path: string): string => path.slice(0, Math.max(0, path.indexOf(".")));
const isName = (path: string): boolean => path !== "" && !/[^.].*\.$/s.test(path);

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

/** Writes it; what is wrong is printed. */
export function writeHandler(
  { path, value }: HandlerCall,
  host: Pick<ServiceHost, "handlers" | "chatter">,
  name: string,
): void {
  try {
    host.handlers.write(path, value);
  } catch (e) {
    if (!(e instanceof HandlerError)) throw e;
    host.chatter(`${name}: ${e.message}`);
  }
}
