/** Arguments that write a handler: `HANDLER [VALUE]`, such as the END_CALL of a source. */
import { type ArgumentType, arg, HandlerError, Mistake, readText, type ServiceHost } from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";

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

/** Throws, as a `string`, why the handler cannot be written. */
export function checkWritable(call: HandlerCall, host: Pick<ServiceHost, "handlers">): void {
  const none = `no '${call.path}' write handler`;
  try {
    if (host.handlers.describe(call.path).access === "r") throw none;
  } catch (e) {
    throw e instanceof HandlerError ? none : e;
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
