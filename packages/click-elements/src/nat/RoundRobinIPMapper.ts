/**
 * RoundRobinIPMapper(PATTERN, PATTERN, ...) — chooses patterns in turn, for rewriters.
 *
 * A rewriter that has the element's name as an input's specification asks it for each new flow. Each PATTERN is what IPRewriter takes
 * behind `pattern`, with its outputs. The next one is used; where it has no free port or address, the one after it, and so on.
 *
 *   servers :: RoundRobinIPMapper(- - 10.0.0.1 - 0 1, - - 10.0.0.2 - 0 1);
 *   ... -> [0] rw :: IPRewriter(servers, drop) -> ...; ... -> [1] rw; rw [1] -> ...
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { type ArrayField, array, type U32Field, u32 } from "@clickos/layout";
import { mapperPeers, mapWith } from "./map-with.ts";
import { type AboutMapper, IPMapper } from "./mapper.ts";
import { readOutputPattern } from "./pattern.ts";

/** The pattern whose turn is next; of each, what `#` takes next. */
type MapperState = { turn: U32Field; next: ArrayField<U32Field> };

export const RoundRobinIPMapper: ElementClass = element({
  name: "RoundRobinIPMapper",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 99,
  config: { PATTERN: rest(arg.raw) },
  prepare({ config, name, scope, error, warning }): AboutMapper {
    if (config.PATTERN.length === 0) error("no patterns given");
    if (config.PATTERN.length === 1) warning("only one pattern given");
    const patterns = config.PATTERN.flatMap((text, i) => {
      const pattern = readOutputPattern(splitWords(text), scope);
      if (typeof pattern !== "string") return [pattern];
      error(pattern, i);
      return [];
    });
    return { patterns, title: `${name} :: RoundRobinIPMapper` };
  },
  peers: (search) => mapperPeers(search),
  state: ({ config }): MapperState => ({ turn: u32, next: array(u32, config.PATTERN.length) }),
  offers: (offer) => [
    offer(
      IPMapper,
      (_c, context) => ({
        map(c, flow, chooser, none) {
          const { state, plan } = context;
          const count = plan.patterns.length;
          const which = c.var("i32", 0, "which");
          const words = mapWith(c, context, { flow, chooser, own: (i) => state.next.at(i) });
          c.block((chosen) => {
            c.for(0, count, 1, () => {
              which.set(state.turn.get());
              const after = which.get().add(1);
              state.turn.set(c.select(after.geU(count), c.i32(0), after));
              words.tryPattern(which.get(), () => c.br(chosen));
            });
            none();
          });
          return { to: words.to(), which: which.get() };
        },
      }),
      () => undefined,
      ({ plan }) => plan,
    ),
  ],
});
