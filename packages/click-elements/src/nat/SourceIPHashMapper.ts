/**
 * SourceIPHashMapper(NNODES SEED, PATTERN ID, PATTERN ID, ...) — chooses a pattern by the source address, for rewriters.
 *
 * A rewriter that has the element's name as an input's specification asks it for each new flow. Each PATTERN is what IPRewriter takes
 * behind `pattern`, with its outputs, and then the ID of the server that it stands for, a number below 65536. All flows from an
 * address get the same pattern; when servers come or go, most addresses keep theirs. NNODES (100, say) says how evenly addresses are
 * spread, SEED how: two elements with the same numbers agree. Where a pattern has no free port or address, the flow is refused.
 *
 * Patterns belong to IDs by their order: give them in the order of their IDs. There are 2^20 points at most, NNODES for each
 * ID up to the largest.
 *
 *   servers :: SourceIPHashMapper(100 0xbadbeef, - - 10.0.0.1 - 0 1 1, - - 10.0.0.2 - 0 1 2);
 *   ... -> [0] rw :: IPRewriter(servers, drop) -> ...; ... -> [1] rw; rw [1] -> ...
 */
import { arg, type ElementClass, element, type PrepareContext, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { type ArrayField, array, type U32Field, u32 } from "@clickos/layout";
import { mapperPeers, mapWith } from "./map-with.ts";
import { type AboutMapper, IPMapper } from "./mapper.ts";
import { type OutputPattern, readOutputPattern } from "./pattern.ts";
import { type ServerPoint, serverTree } from "./source-ip-tree.ts";

const mostPoints = 1 << 20;

interface Plan extends AboutMapper {
  readonly tree: readonly ServerPoint[];
}

function planServers({
  config,
  name,
  scope,
  error,
  warning,
}: Pick<
  PrepareContext<{ readonly PATTERN: readonly string[] }>,
  "config" | "name" | "scope" | "error" | "warning"
>): Plan {
  const title = `${name} :: SourceIPHashMapper`;
  const fail = (message: string): Plan => {
    error(message, 0);
    return { patterns: [], title, tree: [] };
  };
  const [parameters, ...texts] = config.PATTERN;
  if (parameters === undefined) return fail("no hash seed given");
  if (texts.length === 0) return fail("no patterns given");
  if (texts.length === 1) warning("only one pattern given");
  const words = splitWords(parameters);
  if (words.length !== 2) return fail("requires 2 config params: numnodes seed");
  const [nodes, seed] = words.map((word) => arg.i32.parse(word, scope));
  if (typeof nodes !== "number" || nodes <= 0) return fail("number of nodes must be an integer");
  if (typeof seed !== "number") return fail("hash seed must be an integer");
  const patterns: OutputPattern[] = [];
  const ids: number[] = [];
  texts.forEach((text, i) => {
    const its = splitWords(text);
    const id = its.length > 1 ? arg.i32.parse(its.at(-1) as string, scope) : undefined;
    const pattern =
      typeof id !== "number" || id < 0 ? "bad server ID in pattern spec" : readOutputPattern(its.slice(0, -1), scope);
    if (typeof pattern === "string") error(pattern, i + 1);
    else {
      patterns.push(pattern);
      ids.push((id as number) & 0xffff);
    }
  });
  if (patterns.length < texts.length) return { patterns: [], title, tree: [] };
  if ((Math.max(...ids) + 1) * nodes > mostPoints) return fail("too many nodes");
  return { patterns, title, tree: serverTree(ids, nodes, seed) };
}

/** Of each pattern, what `#` takes next. */
type MapperState = { next: ArrayField<U32Field> };

export const SourceIPHashMapper: ElementClass = element({
  name: "SourceIPHashMapper",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 99,
  config: { PATTERN: rest(arg.raw) },
  prepare: planServers,
  peers: (search) => mapperPeers(search),
  state: ({ config }): MapperState => ({ next: array(u32, config.PATTERN.length) }),
  offers: (offer) => [
    offer(
      IPMapper,
      (_c, context) => ({
        map(c, flow, chooser, none) {
          const { state, plan, data } = context;
          const { tree } = plan;
          const words = (numbers: readonly number[]): number =>
            data(new Uint8Array(Uint32Array.from(numbers).buffer), 4);
          const keys = words(tree.map(({ key }) => key));
          const servers = words(tree.map(({ server }) => server));
          // The first octet is the lowest as it stands in memory: spread over the others, so that neighbours part.
          const { source } = flow;
          const key = source.mul(source.and(0xff).shl(24).or(1)).remU(0x7fffffff);
          const at = c.var("i32", 0, "at");
          const nearest = c.var("i32", 0, "nearest");
          c.loop(() => {
            c.if(at.get().geU(tree.length), () => c.break());
            const here = c.load32(at.get().shl(2), keys);
            c.if(here.geU(key), () => nearest.set(at.get()));
            c.if(here.eq(key), () => c.break());
            at.set(
              at
                .get()
                .shl(1)
                .add(c.select(here.ltU(key), c.i32(2), c.i32(1))),
            );
          });
          const which = c.load32(nearest.get().shl(2), servers);
          const mapping = mapWith(c, context, { flow, chooser, own: (i) => state.next.at(i) });
          c.block((chosen) => {
            mapping.tryPattern(which, () => c.br(chosen));
            none();
          });
          return { to: mapping.to(), which };
        },
      }),
      () => undefined,
      ({ plan }) => plan,
    ),
  ],
});
