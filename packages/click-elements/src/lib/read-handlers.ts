/** Handlers that an element reads: a list of them, with spaces between, whose values are added. */
import { HandlerError, type HandlerTree } from "@clickos/click-core/element";
import { splitWords, unquote } from "@clickos/click-language/arguments";

/** Their full names. Throws, as a `string`, why one of them cannot be read. */
export function readableHandlers(text: string, handlers: HandlerTree): string[] {
  return splitWords(text).map((word) => {
    const name = unquote(word);
    const none = `no '${name}' read handler`;
    try {
      const { access, path } = handlers.describe(name);
      if (access === "w") throw none;
      return path;
    } catch (e) {
      if (!(e instanceof HandlerError)) throw e;
      throw e.code === "NO_ELEMENT" ? e.reason : none;
    }
  });
}

/** The sum of their values; nothing where one is no number, or where there are none. */
export function sumOf(paths: readonly string[], handlers: HandlerTree): number | undefined {
  let sum = paths.length > 0 ? 0 : undefined;
  for (const path of paths) {
    const value = numberOf(path, handlers);
    sum = value === undefined || sum === undefined ? undefined : sum + value;
  }
  return sum;
}

function numberOf(path: string, handlers: HandlerTree): number | undefined {
  try {
    const text = handlers.read(path).trim();
    const value = text === "" ? Number.NaN : Number(text);
    return Number.isNaN(value) ? undefined : value;
  } catch (e) {
    if (!(e instanceof HandlerError)) throw e;
    return undefined;
  }
}
