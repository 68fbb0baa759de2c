/**
 * AggregatePacketCounter([keywords ANNO, NOTIFIER]) — counts the packets of each aggregate by their numbers.
 *
 * The aggregate annotation says which aggregate a packet belongs to, and ANNO, PACKET_NUMBER when absent, names the annotation of four
 * bytes that has its number there; with ANNO NONE all have the number 0. Packets without an aggregate are not counted. What comes in
 * on an input leaves on the output of the same number; counts are kept for each. NOTIFIER is
 * accepted, and does nothing, as in Click.
 *
 * Handlers: count (read), how many packets were counted; received (read, with the number of an aggregate), the numbers of its packets
 * that came in on any input; undelivered (the same), those of which input 0 had more than input 1; clear (write).
 *
 *   ... -> [0] c :: AggregatePacketCounter [0] -> ...; ... -> [1] c [1] -> ...
 */
import {
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  emptyScope,
  type HostHashTable,
  hashTable,
  keyword,
  Mistake,
  type Packet,
  readText,
} from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { type U32Field, u32, u64 } from "@clickos/layout";
import { annotationArgument } from "../lib/annotations.ts";
import { readAs } from "../lib/handlers.ts";

/** The packet number annotation, where it is not said otherwise. */
const packetNumber = "PACKET_NUMBER";
const wordBytes = 4;

const state = {
  /** By aggregate, packet number and input. */
  counts: hashTable({ keyWords: 3, queues: 0, value: { count: u32 } }),
  counted: u64,
};
/** The annotation's position; none where packets have no numbers. */
type Plan = number | undefined;
type Context = ElementContext<unknown, Plan, typeof state>;
interface Counts {
  readonly counts: HostHashTable<{ count: U32Field }>;
}

export const AggregatePacketCounter: ElementClass = element({
  name: "AggregatePacketCounter",
  ports: "1-/1-",
  processing: "a/a",
  flow: "#/#",
  config: { NOTIFIER: keyword(arg.elementName(), undefined), ANNO: keyword(arg.string, packetNumber) },
  prepare({ config, error }): Plan {
    if (config.ANNO === "NONE") return undefined;
    const position = readText(annotationArgument(wordBytes), config.ANNO, emptyScope);
    if (!(position instanceof Mistake)) return position;
    error("bad ANNO");
    return undefined;
  },
  state,
  handlers: {
    clear: {
      kind: "text",
      write(s, _text, { heap }) {
        for (const entry of [...s.counts.entries()]) s.counts.remove(heap, entry);
        s.counted = 0n;
      },
    },
    count: { counter: "counted" },
    received: {
      kind: "table",
      flags: "+",
      read: (s, { noutputs }, text) =>
        numbers(s, text, (counts) => [...counts].some(([input, count]) => input < noutputs && count > 0)),
    },
    undelivered: {
      kind: "table",
      flags: "+",
      read(s, { noutputs }, text) {
        if (noutputs < 2) throw "there is no input 1";
        return numbers(s, text, (counts) => (counts.get(0) ?? 0) > (counts.get(1) ?? 0));
      },
    },
  },
  push(c, port, packet, context) {
    count(c, port, packet, context);
    context.output(port).push(packet);
  },
  pull(c, port, context) {
    context.input(port).pull((packet) => {
      count(c, port, packet, context);
      context.output(port).push(packet);
    });
  },
});

function count(c: FunctionBuilder, port: number, packet: Packet, { state, plan }: Context): void {
  const aggregate = packet.annotation32(annotation.aggregate).get();
  c.if(aggregate, () => {
    const number = plan === undefined ? c.i32(0) : packet.annotation32(plan).get();
    const entry = state.counts.findOrAdd([aggregate, number, c.i32(port)]);
    // Where there is no memory for another number, its packets are not counted.
    c.if(entry, () => {
      state.counts.value(entry).count.inc();
      state.counted.inc();
    });
  });
}

/** The packet numbers of an aggregate whose counts, by input, are wanted. */
function numbers({ counts }: Counts, text: string, wanted: (counts: ReadonlyMap<number, number>) => boolean): string {
  const aggregate = text === "" ? 0 : readAs(arg.u32, text, "argument should be aggregate number");
  const found = new Map<number, Map<number, number>>();
  for (const entry of counts.entries()) {
    const [of, number = 0, input = 0] = entry.key();
    if (of !== aggregate) continue;
    const inputs = found.get(number) ?? new Map<number, number>();
    found.set(number, inputs.set(input, entry.value.count));
  }
  return [...found]
    .filter(([, inputs]) => wanted(inputs))
    .map(([number]) => number)
    .sort((a, b) => a - b)
    .map((number) => `${number}\n`)
    .join("");
}
