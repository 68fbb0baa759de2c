/**
 * Handlers that are an element's arguments: reading gives the text that stands in the configuration, or nothing, and writing
 * reconfigures the element with another. They are Click's `read_keyword_handler` and `reconfigure_keyword_handler`.
 */
import { assignArguments, type ConfigSpec } from "@clickos/click-core/element";

/** The texts of the arguments that were given, by their names: what `keywordHandler` reads. */
export interface GivenTexts {
  readonly given: ReadonlyMap<string, string>;
}

/** What `prepare` returns for them. */
export function givenTexts(spec: ConfigSpec, texts: readonly string[]): GivenTexts {
  return { given: new Map([...assignArguments(spec, texts).given].map(([name, { text }]) => [name, text])) };
}

type Change = { change(argument: string, text: string): void };

/** Writes an argument. */
export const writeKeyword =
  (name: string) =>
  (_state: unknown, text: string, { change }: Change): void =>
    change(name, text);

/** A handler that reads and writes an argument. */
export function keywordHandler(name: string): {
  constant(context: { readonly plan: GivenTexts }): string;
  write(state: unknown, text: string, context: Change): void;
} {
  return { constant: ({ plan }) => plan.given.get(name) ?? "", write: writeKeyword(name) };
}
