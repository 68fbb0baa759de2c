/**
 * IPRewriterPatterns(NAME PATTERN, ...) — gives names to patterns of rewriters.
 *
 * PATTERN is what IPRewriter takes behind `pattern`, without the outputs: SADDR SPORT DADDR DPORT, SADDR DADDR SPORT, or SADDR DADDR,
 * or another name. Rewriters and mappers in the same compound, and in those inside it, may use NAME instead. All of them share
 * what `#` takes next.
 *
 *   IPRewriterPatterns(outside 1.0.0.1 1024-65535 - -);
 *   ... -> [0] rw :: IPRewriter(pattern outside 0 1, drop) -> ...; ... -> [1] rw; rw [1] -> ...
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { array, u32 } from "@clickos/layout";
import { PatternStore } from "./mapper.ts";
import { type PatternUse, readPattern } from "./pattern.ts";

export const IPRewriterPatterns: ElementClass = element({
  name: "IPRewriterPatterns",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 20,
  config: { PATTERN: rest(arg.raw) },
  inform({ arguments: args, compound, name, scope, error }, information) {
    args.forEach((text, index) => {
      const [word, ...words] = splitWords(text);
      if (word === undefined) return;
      if (scope.lookup("rewriter pattern", word) !== undefined) {
        error(`pattern '${word}' already defined`, index);
        return;
      }
      const use = readPattern(words, scope);
      if (typeof use === "string") error(use, index);
      else {
        const shared: PatternUse = { shared: { element: name, index }, ...use };
        information.define("rewriter pattern", compound, word, shared);
      }
    });
  },
  state: ({ config }) => ({ next: array(u32, config.PATTERN.length) }),
  offers: (offer) => [offer(PatternStore, (_c, { state }) => ({ next: (index) => state.next.at(index) }))],
});
