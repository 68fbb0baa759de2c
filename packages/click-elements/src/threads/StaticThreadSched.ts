/**
 * StaticThreadSched(ELEMENT THREAD, ...) — puts tasks on threads.
 *
 * A router runs on one thread, number 0, so that nothing changes: what is not right about an entry is said, and no more. THREAD is -1
 * for none in particular. ELEMENT may be a compound element, for all that is in it.
 *
 *   StaticThreadSched(src 0, out 0)
 */
import {
  arg,
  type ElementClass,
  element,
  Mistake,
  type PrepareContext,
  readText,
  rest,
} from "@clickos/click-core/element";
import { splitWords, unquote } from "@clickos/click-language/arguments";

const threads = 1;

export const StaticThreadSched: ElementClass = element({
  name: "StaticThreadSched",
  ports: "0/0",
  processing: "a/a",
  config: { ENTRIES: rest(arg.raw) },
  prepare(context) {
    for (const [argument, text] of context.arguments.entries())
      if (!checkEntry(splitWords(text), argument, context)) return;
  },
});

/** Whether it is one; what it names need not be there. */
function checkEntry(
  [name, thread, ...more]: readonly string[],
  argument: number,
  { scope, error, warning, complaint }: PrepareContext<unknown>,
): boolean {
  const number = thread === undefined ? new Mistake("required argument missing") : readText(arg.i32, thread, scope);
  if (name === undefined) error("required argument missing", { argument, subject: "ELEMENT" });
  if (number instanceof Mistake) error(number.message as string, { argument, subject: "THREAD" });
  if (more.length > 0) error("too many arguments", argument);
  if (name === undefined || number instanceof Mistake || more.length > 0) return false;
  if (number < -1 || number >= threads) warning(`thread preference ${number} out of range`, argument);
  const inside = `${unquote(name)}/`;
  if (!scope.element(unquote(name)) && ![...scope.elementNames()].some((known) => known.startsWith(inside)))
    complaint(`'${inside}' does not name an element`, argument);
  return true;
}
