/**
 * AlignmentInfo(ELEMENT CHUNK OFFSET [CHUNK OFFSET ...], ...) — says how packets are aligned at an element's inputs.
 *
 * Written by tools that check alignment. Packets here may be read at any alignment, so that nothing changes: what is not right
 * about an entry is said, and no more. Entries for elements that are not there are left out.
 *
 *   AlignmentInfo(c 4 2)
 */
import {
  arg,
  type ElementClass,
  element,
  type Information,
  type InformContext,
  Mistake,
  readText,
  rest,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

/** What was said of elements, by their names, in all AlignmentInfos of a configuration. */
const known = new WeakMap<Information, Map<string, string>>();

export const AlignmentInfo: ElementClass = element({
  name: "AlignmentInfo",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 20,
  config: { ENTRIES: rest(arg.raw) },
  inform(context, information) {
    const entries = known.get(information) ?? new Map<string, string>();
    known.set(information, entries);
    context.arguments.forEach((text, argument) => {
      const [name, ...numbers] = splitWords(text);
      if (name === undefined) {
        context.warning(`empty configuration argument ${argument}`, argument);
        return;
      }
      const named = context.scope.element(name);
      if (!named) return;
      const alignment = readPairs(numbers, argument, context);
      const before = entries.get(named.name);
      if (before !== undefined && before !== alignment)
        context.complaint(`conflicting AlignmentInfo for '${name}'`, argument);
      entries.set(named.name, alignment);
    });
  },
});

/** Pairs of chunk and offset, as a text that is the same where they are. */
function readPairs(
  words: readonly string[],
  argument: number,
  { scope, complaint }: Pick<InformContext, "scope" | "complaint">,
): string {
  if (words.length % 2 !== 0) complaint("expected 'ELEMENTNAME CHUNK OFFSET [CHUNK OFFSET...]'", argument);
  const read = (word: string, what: string): number => {
    const value = readText(arg.i32, word, scope);
    if (!(value instanceof Mistake)) return value;
    complaint(`expected ${what}`, argument);
    return -1;
  };
  const pairs: string[] = [];
  for (let i = 0; i + 1 < words.length; i += 2)
    pairs.push(`${read(words[i] as string, "CHUNK")} ${read(words[i + 1] as string, "OFFSET")}`);
  return pairs.join(", ");
}
