/**
 * AggregateCounter([keywords BYTES, IP_BYTES, MULTIPACKET, EXTRA_LENGTH, AGGREGATE_FREEZE, AGGREGATE_STOP, AGGREGATE_CALL,
 * COUNT_FREEZE, COUNT_STOP, COUNT_CALL, BANNER]) — counts the packets of each aggregate.
 *
 * The aggregate annotation says which aggregate a packet belongs to. BYTES true counts bytes, and IP_BYTES true those from the IP
 * header on. A packet that stands for several counts as so many, unless MULTIPACKET is false, and its extra length counts among
 * the bytes unless EXTRA_LENGTH is false.
 *
 * While the element is frozen, it counts for aggregates that it knows and takes no others. What comes in on input 1 is counted as if
 * it were. With two outputs, where packets are pushed, those that were not counted leave on output 1.
 *
 * The arguments that begin with AGGREGATE_ say what happens when there would be more than so many aggregates, those with COUNT_ what
 * happens when so many packets or bytes were counted: the element is frozen (FREEZE), it stops counting and asks the driver to stop
 * (STOP), or a handler is written (CALL, `N HANDLER [VALUE]`; this runs in process only, not in a virtual machine).
 *
 * Handlers: write_text_file (or write_ascii_file), write_ip_file, write_pdf_file and write_file write the counts to a file, in the
 * order of the aggregates, as numbers, as IP addresses, as parts of the whole, and as binary numbers; stop; reaggregate_counts (or
 * counts_pdf), after which the counts are the aggregates, and how many had them is counted; clear (write). freeze, active, banner, which is
 * written at the start of files, aggregate_call, count_call (read, write). count, nagg (read).
 *
 *   FromIPSummaryDump(-, STOP true) -> AggregateIP(ip dst) -> ac :: AggregateCounter -> Discard;
 *   DriverManager(wait, write ac.write_ip_file -)
 */
import {
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  type HandlerContext,
  hashTable,
  keyword,
  type Packet,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { u8, u32, u64 } from "@clickos/layout";
import { checkWritable, writeHandler } from "../lib/handler-call.ts";
import { readAs } from "../lib/handlers.ts";
import { type AggregateCall, type CallPlan, never, overrideCall, readCalls } from "./aggregate-calls.ts";
import { type CountFormat, type Counts, countsFile, reaggregate } from "./aggregate-counts.ts";

const state = {
  /** `order` is how many aggregates came before. */
  counts: hashTable({ keyWords: 1, queues: 0, value: { count: u32, order: u32 } }),
  /** Aggregates that have a count, and those that ever came. */
  aggregates: u32,
  known: u32,
  total: u64,
  aggregatesAt: u32,
  totalAt: u64,
  frozen: u8,
  paused: u8,
};

interface Config {
  readonly BYTES: boolean;
  readonly IP_BYTES: boolean;
  readonly MULTIPACKET: boolean;
  readonly EXTRA_LENGTH: boolean;
  readonly BANNER: string;
}
type Context = ElementContext<Config, CallPlan, typeof state>;
type Host = Pick<HandlerContext<Config, unknown>, "config" | "files" | "heap">;

const filename = (format: CountFormat) => ({
  kind: "text" as const,
  write(s: Counts, text: string, { files, config }: Host) {
    const name = readAs(arg.filename, text, "argument should be filename");
    if (!files) throw "files are not available here";
    const file = files.resolve?.(name) ?? name;
    try {
      files.write(file, countsFile(s, format, config.BANNER), false);
    } catch (e) {
      throw `${file}: ${(e as Error).message}`;
    }
  },
});
const reaggregation = {
  kind: "text" as const,
  write: (s: Counts, _text: string, { heap }: Host) => reaggregate(s, heap),
};
const truth = (text: string): number => Number(readAs(arg.bool, text, "type mismatch"));

export const AggregateCounter: ElementClass = element({
  name: "AggregateCounter",
  ports: "1-2/1-2",
  processing: "a/a",
  config: {
    BYTES: keyword(arg.bool, false),
    IP_BYTES: keyword(arg.bool, false),
    MULTIPACKET: keyword(arg.bool, true),
    EXTRA_LENGTH: keyword(arg.bool, true),
    AGGREGATE_FREEZE: keyword(arg.u32, never.aggregates),
    COUNT_FREEZE: keyword(arg.u64, never.total),
    AGGREGATE_STOP: keyword(arg.u32, never.aggregates),
    COUNT_STOP: keyword(arg.u64, never.total),
    AGGREGATE_CALL: keyword(arg.raw, ""),
    COUNT_CALL: keyword(arg.raw, ""),
    BANNER: keyword(arg.string, ""),
  },
  prepare(context): CallPlan {
    return readCalls(context, isOwn);
  },
  state,
  initial: ({ plan }) => ({
    aggregatesAt: plan.aggregates ? Number(plan.aggregates.at) : never.aggregates,
    totalAt: plan.total ? plan.total.at : never.total,
  }),
  handlers: {
    write_text_file: filename("text"),
    write_ascii_file: filename("text"),
    write_file: filename("binary"),
    write_ip_file: filename("ip"),
    write_pdf_file: filename("pdf"),
    freeze: {
      flag: "frozen",
      write(s, text) {
        s.frozen = truth(text);
      },
    },
    active: {
      kind: "flag",
      read: (s) => s.paused === 0,
      write(s, text) {
        s.paused = 1 - truth(text);
      },
    },
    stop: {
      write(s, _text, { stop }) {
        s.paused = 1;
        stop();
      },
    },
    reaggregate_counts: reaggregation,
    counts_pdf: reaggregation,
    banner: {
      flags: "%",
      constant: ({ config }) => config.BANNER,
      write: (_s, text, { override }) => override("BANNER", bannerText(text)),
    },
    clear: {
      kind: "text",
      write(s, _text, { heap }) {
        for (const entry of [...s.counts.entries()]) s.counts.remove(heap, entry);
        s.aggregates = 0;
        s.known = 0;
        s.total = 0n;
      },
    },
    aggregate_call: {
      kind: "text",
      read: (s, { plan }) => (s.aggregatesAt === never.aggregates ? "" : callText(s.aggregatesAt, plan.aggregates)),
      write(s, text, context) {
        if (text.trim() === "") s.aggregatesAt = never.aggregates;
        else {
          const { aggregatesAt } = s;
          overrideCall("AGGREGATE", text, context, (at) => {
            s.aggregatesAt = at === undefined ? aggregatesAt : Number(at);
          });
        }
      },
    },
    count_call: {
      kind: "text",
      read: (s, { plan }) => (s.totalAt === never.total ? "" : callText(s.totalAt, plan.total)),
      write(s, text, context) {
        if (text.trim() === "") s.totalAt = never.total;
        else {
          const { totalAt } = s;
          overrideCall("COUNT", text, context, (at) => {
            s.totalAt = at ?? totalAt;
          });
        }
      },
    },
    count: { counter: "total" },
    nagg: { gauge: "aggregates" },
  },
  needsService: (config) => config.AGGREGATE_CALL !== "" || config.COUNT_CALL !== "",
  service: ({ plan, host }) => ({
    start() {
      for (const call of [plan.aggregates, plan.total]) if (call?.does === "call") checkWritable(call, host);
    },
    called(which) {
      const call = which === 0 ? plan.aggregates : plan.total;
      if (call) writeHandler(call, host);
    },
  }),
  push(c, port, packet, context) {
    const { noutputs, output } = context;
    const counted = update(c, packet, port, context);
    if (noutputs > 1) c.if(counted.eqz(), () => output(1).push(packet));
    output(0).push(packet);
  },
  pull(c, port, context) {
    const { ninputs, input, output } = context;
    input(ninputs === 1 ? 0 : port).pull((packet) => {
      update(c, packet, port, context);
      output(port).push(packet);
    });
  },
});

/** Whether a handler is one of the element's own. */
function isOwn(handler: string): boolean {
  return Object.hasOwn(AggregateCounter.handlers ?? {}, handler);
}

const callText = (at: number | bigint, call: AggregateCall | undefined): string =>
  `${at} ${call?.shown ?? ""}${call?.value ? ` ${call.value}` : ""}`;

/** A text that is written to `banner`, as the argument: it ends with a new line unless it is empty. */
function bannerText(text: string): string {
  const banner = text === "\n" ? "" : text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return `"${banner.replace(/[\\"$]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

/** Counts a packet; the result is whether it was. */
function update(c: FunctionBuilder, packet: Packet, port: number, context: Context): I32 {
  const { config, state } = context;
  const { counts } = state;
  const aggregate = packet.annotation32(annotation.aggregate).get();
  const amount = amountOf(c, packet, config);
  const counted = c.var("i32", 0, "counted");
  const frozen = c.var("i32", port === 1 ? c.i32(1) : state.frozen.get(), "frozen");
  c.loop(() => {
    c.if(state.paused.get(), () => c.break());
    const entry = c.var("i32", counts.find([aggregate]), "entry");
    c.if(
      frozen.get(),
      () => c.if(entry.get().eqz(), () => c.break()),
      () =>
        c.if(entry.get().eqz(), () => {
          entry.set(
            counts.findOrAdd([aggregate], (fresh) => {
              counts.value(fresh).order.set(state.known.get());
              state.known.inc();
            }),
          );
          c.if(entry.get().eqz(), () => c.break());
        }),
    );
    const { count } = counts.value(entry.get());
    c.if(count.get().eqz(), () => {
      c.if(frozen.get(), () => c.break());
      c.if(amount, () => {
        c.if(state.aggregates.get().geU(state.aggregatesAt.get()), () => {
          state.aggregatesAt.set(never.aggregates);
          act(0, context);
          // What was done may have changed the state.
          frozen.set(frozen.get().or(state.frozen.get()));
          c.continue();
        });
        state.aggregates.inc();
      });
    });
    count.set(count.get().add(amount));
    state.total.inc(amount.toI64());
    counted.set(1);
    c.if(state.total.get().geU(state.totalAt.get()), () => {
      state.totalAt.set(never.total);
      act(1, context);
    });
    c.break();
  });
  return counted.get();
}

/** Does what is to be done at a number of aggregates (0), or at a total (1). */
function act(which: number, { plan, state, stop, service }: Context): void {
  const call = which === 0 ? plan.aggregates : plan.total;
  if (call?.does === "freeze") state.frozen.set(1);
  else if (call?.does === "stop") {
    state.paused.set(1);
    stop();
  } else if (call) service.call(which);
}

function amountOf(c: FunctionBuilder, packet: Packet, config: Config): I32 {
  if (!config.BYTES) return config.MULTIPACKET ? packet.annotation32(annotation.extraPackets).get().add(1) : c.i32(1);
  let { length } = packet;
  if (config.EXTRA_LENGTH) length = length.add(packet.annotation32(annotation.extraLength).get());
  if (!config.IP_BYTES) return length;
  const { network } = packet;
  return length.sub(c.select(network, network.sub(packet.data), c.i32(0)));
}
