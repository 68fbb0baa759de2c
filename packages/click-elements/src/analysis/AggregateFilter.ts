/**
 * AggregateFilter(ACTION AGGREGATE..., ...) — sends packets on by their aggregate annotation.
 *
 * ACTION is the number of an output, `allow` for output 0, or `deny` or `drop`. Each AGGREGATE is a number, or a range such as
 * `5-10`; `all`, or `-`, alone stands for all that no argument before names. What no argument names is dropped.
 *
 *   ... -> AggregateIPFlows -> AggregateFilter(deny 5 9-12, allow all) -> ...
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  type PrepareContext,
  parseInteger,
  rest,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import type { FunctionBuilder, I32 } from "@clickos/codegen";

/** Aggregates from `first` to `last`, and the output that is theirs. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly port: number;
}
/** Numbers from `from` to the next range's are for `port`. */
interface Step {
  readonly from: number;
  readonly port: number;
}
const largest = 0xffffffff;
/** Click keeps outputs in bytes, the number plus 1; none of those is 0. */
const portByte = 0xff;
/** Aggregates that are named twice are told one by one, so many at most. */
const mostWarnings = 1000;

export const AggregateFilter: ElementClass = element({
  name: "AggregateFilter",
  ports: "1/1-254",
  processing: "h/h",
  config: { PATTERN: rest(arg.raw) },
  prepare: (context) => readPatterns(context),
  push(c, _port, packet, { plan, noutputs, output, data }) {
    const port = stageSearch(c, plan, data, packet.annotation32(annotation.aggregate).get());
    for (let i = 0; i < noutputs; i++) c.if(port.eq(i), () => output(i).push(packet));
    packet.drop("denied");
  },
});

/** Reads the arguments; the result begins at 0. */
function readPatterns(context: PrepareContext<{ readonly PATTERN: readonly string[] }>): readonly Step[] {
  const { config, noutputs, error, warning } = context;
  const denied = noutputs;
  const ranges: Range[] = [];
  let others: number | undefined;
  let warnings = 0;
  const warn = (text: string, argument: number): void => {
    if (warnings++ < mostWarnings) warning(text, argument);
  };
  config.PATTERN.forEach((text, i) => {
    const [action, ...aggregates] = splitWords(text);
    const is = `pattern ${i}`;
    if (action === undefined) return error(`empty ${is}`, i);
    if (others !== undefined) return warn(`${is} matches no packets`, i);
    const number = parseInteger(action);
    const isPort = number !== undefined && number >= 0n && number <= 0x7fffffffn;
    const port = action === "allow" ? 0 : isPort ? Number(number) : denied;
    if (!isPort && !["allow", "drop", "deny"].includes(action)) return error(`${is}: expected a port number`, i);
    if (aggregates.length === 0) return error(`${is} has no aggregates`, i);
    if (aggregates.length === 1 && (aggregates[0] === "all" || aggregates[0] === "-")) {
      others = port;
      return;
    }
    for (const word of aggregates) {
      const range = readRange(word);
      if (!range) error(`${is}: bad aggregate number '${word}'`, i);
      else
        claim(ranges, { ...range, port: port + 1 }, (aggregate, output) =>
          warn(`${is}: aggregate ${aggregate} already filtered to output ${output}`, i),
        );
    }
  });
  return stepsOf(ranges, others ?? denied + 1);
}

function readRange(word: string): Pick<Range, "first" | "last"> | undefined {
  const number = (text: string): number | undefined => {
    const value = parseInteger(text);
    return value === undefined || text.startsWith("-") || value > BigInt(largest) ? undefined : Number(value);
  };
  const one = number(word);
  if (one !== undefined) return { first: one, last: one };
  const dash = word.indexOf("-");
  const [first, last] = [number(word.slice(0, dash)), number(word.slice(dash + 1))];
  return dash < 0 || first === undefined || last === undefined ? undefined : { first, last };
}

/**
 * Takes for a range what no earlier one has; `port` is the output plus 1. Ranges are in order and apart. Tells of what has another
 * output already.
 */
function claim(ranges: Range[], wanted: Range, taken: (aggregate: number, output: number) => void): void {
  const port = wanted.port & portByte;
  const begin = firstReaching(ranges, wanted.first);
  const pieces: Range[] = [];
  let [at, next] = [begin, wanted.first];
  for (; at < ranges.length && (ranges[at] as Range).first <= wanted.last; at++) {
    const range = ranges[at] as Range;
    if (next < range.first) pieces.push({ first: next, last: range.first - 1, port });
    const overlap = Math.min(wanted.last, range.last, wanted.first + mostWarnings);
    if (wanted.port !== range.port)
      for (let a = Math.max(wanted.first, range.first); a <= overlap; a++) taken(a, range.port - 1);
    pieces.push(range);
    next = range.last + 1;
  }
  if (next <= wanted.last) pieces.push({ first: next, last: wanted.last, port });
  // What has port 0 counts as not taken.
  const found = pieces.filter((range) => range.port !== 0);
  ranges.splice(begin, at - begin, ...found);
}

/** The number of the first range that ends at `value` or behind it. */
function firstReaching(ranges: readonly Range[], value: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle] as Range).last < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function stepsOf(ranges: readonly Range[], others: number): readonly Step[] {
  const steps: Step[] = [{ from: 0, port: others }];
  for (const { first, last, port } of ranges) {
    steps.push({ from: first, port: port - 1 });
    if (last < largest) steps.push({ from: last + 1, port: others });
  }
  // A range may begin where another step does.
  return steps.filter(({ from }, i) => steps[i + 1]?.from !== from);
}

/** The output of a number: a binary search among the steps, which are in memory. */
function stageSearch(
  c: FunctionBuilder,
  steps: readonly Step[],
  place: (bytes: Uint8Array, align?: number) => number,
  value: I32,
): I32 {
  const words = new DataView(new ArrayBuffer(steps.length * 8));
  steps.forEach(({ from, port }, i) => {
    words.setUint32(i * 4, from, true);
    words.setUint32((steps.length + i) * 4, port, true);
  });
  const at = c.i32(place(new Uint8Array(words.buffer), 4));
  const found = c.var("i32", 0, "step");
  // Halves, rounded up, of what is left.
  for (let size = steps.length; size > 1; ) {
    const half = size >> 1;
    const middle = found.get().add(half);
    found.set(c.select(value.geU(c.load32(at.add(middle.shl(2)))), middle, found.get()));
    size -= half;
  }
  return c.load32(at.add(found.get().add(steps.length).shl(2)));
}
