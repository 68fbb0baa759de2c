/**
 * IPRateMonitor(TYPE, RATIO, THRESH [, MEMORY, ANNO]) — measures the rates of what addresses send and get.
 *
 * TYPE is PACKETS or BYTES. Packets that come in on input 0 count for their source address, those of input 1 for their destination, and each
 * leaves on the output of its input's number. There is a rate for each first byte of addresses at first; where a rate a second is at
 * THRESH or more, rates are kept for the next byte too, up to whole addresses. Once a second, levels whose rates are low are removed. A packet counts
 * with the probability RATIO; THRESH is what it would be with all of them. Rates are moving averages over some 256 ms.
 *
 * MEMORY bounds the table, in kilobytes, 100 at least; 0, the default, is no bound but the router's memory. Unless ANNO is false, packets are annotated with
 * the forward and the reverse rate of their address, or of the part of it that has rates: CompareBlock is for those.
 *
 * Packets without a marked IP header are dropped.
 *
 * Handlers: look (read): how long ago the table was reset, in 125ths of a second, and then a line for each rate: the first bytes of addresses, and what
 * they send and get a second; thresh, mem (read); memmax (read in bytes, write in kilobytes); anno_level (write
 * `ADDRESS, LEVEL, SECONDS`): for that time nothing is kept below LEVEL (0 to 3) for an address; reset (write).
 *
 *   ... -> MarkIPHeader -> IPRateMonitor(PACKETS, 0.5, 256, 600) -> ...
 */
import {
  type ArgumentType,
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  type HandlerContext,
  Mistake,
  type Packet,
  positional,
  required,
} from "@clickos/click-core/element";
import { splitText } from "@clickos/click-language/arguments";
import type { FunctionBuilder } from "@clickos/codegen";
import { type HostFields, u32 } from "@clickos/layout";
import { readAs } from "../lib/handlers.ts";
import { closeOnHost, epochsPerSecond, hostEpochAt, perSecond, rateText } from "./rate-pair.ts";
import {
  beginTree,
  countAddress,
  counterLayout,
  foldToLimit,
  keepLevel,
  levelLayout,
  resetTree,
  treeState,
} from "./rate-tree.ts";

const ratioBits = 16;
const always = 1 << ratioBits;
const kilobyte = 1024n;
const leastKilobytes = 100n;

const ratio: ArgumentType<number> = {
  expects: "a number between 0 and 1",
  parse(text, scope) {
    const value = arg.real.parse(text, scope);
    if (value === undefined || value instanceof Mistake || value < 0) return undefined;
    const scaled = Math.floor(value * always + 0.5);
    return scaled > 0xffffffff ? new Mistake("out of range, bound 65535.99998") : scaled;
  },
};

const word: ArgumentType<string> = {
  ...arg.string,
  parse(text, scope) {
    const value = arg.string.parse(text, scope);
    return typeof value === "string" && /\s/.test(value) ? undefined : value;
  },
};

const bytesOf = (kilobytes: bigint): bigint =>
  BigInt.asUintN(64, (kilobytes !== 0n && kilobytes < leastKilobytes ? leastKilobytes : kilobytes) * kilobyte);

/** What a handler has asked for, which is done by code. */
const asks = { reset: 1, fold: 2, keep: 3 } as const;
const state = { ...treeState, asked: u32, address: u32, level: u32, until: u32 };

interface Config {
  readonly RATIO: number;
  readonly ANNO: boolean;
}
interface Plan {
  readonly threshold: number;
  readonly countsBytes: boolean;
}
type Context = ElementContext<Config, Plan, typeof state>;

/** Lines for what is on a level and below it. */
function listLevel(data: DataView, at: number, now: number, before: string): string {
  const { counters } = levelLayout.read(data, at);
  let text = "";
  counters.forEach((place, byte) => {
    if (place === 0) return;
    const { rates, next } = counterLayout.read(data, place);
    if ((rates.average[0] as number | 0) <= 0 && (rates.average[1] as number | 0) <= 0) return;
    closeOnHost(rates, now);
    const name = before === "" ? `${byte}` : `${before}.${byte}`;
    text += `${name}\t${rateText(rates.average[0] as number)}\t${rateText(rates.average[1] as number)}\n`;
    if (next !== 0) text += listLevel(data, next, now, `\t${name}`);
  });
  return text;
}

function write(
  s: HostFields<typeof state>,
  asked: number,
  { fire }: Pick<HandlerContext<unknown, unknown>, "fire">,
): void {
  s.asked = asked;
  fire();
}

export const IPRateMonitor: ElementClass = element({
  name: "IPRateMonitor",
  ports: "1-2/1-2",
  processing: "a/a",
  config: {
    TYPE: required(word),
    RATIO: required(ratio),
    THRESH: required(arg.i32),
    MEMORY: positional(arg.u64, 0n),
    ANNO: positional(arg.bool, true),
  },
  prepare({ config, error }): Plan {
    const type = config.TYPE.toUpperCase();
    if (type !== "PACKETS" && type !== "BYTES") error('monitor type should be "PACKETS" or "BYTES"');
    else if (config.RATIO > always) error("ratio must be between 0 and 1");
    return { threshold: (Math.imul(config.THRESH, config.RATIO) >>> ratioBits) | 0, countsBytes: type === "BYTES" };
  },
  state,
  initial: ({ config }) => ({ limit: bytesOf(config.MEMORY) }),
  handlers: {
    thresh: { constant: ({ plan }) => plan.threshold },
    look: {
      kind: "table",
      read(s, { now, heap }) {
        const epoch = hostEpochAt(now());
        return `${(epoch - s.begunAt) >>> 0}\n${s.base === 0 ? "" : listLevel(heap.data, s.base, epoch, "")}`;
      },
    },
    mem: { gauge: "allocated", unit: "bytes" },
    memmax: {
      gauge: "limit",
      unit: "bytes",
      write(s, text, context) {
        const words = splitText(text);
        if (words.length !== 1) throw "expecting 1 integer";
        s.limit = bytesOf(BigInt(readAs(arg.i32, words[0] as string, "not an integer")));
        write(s, asks.fold, context);
      },
    },
    anno_level: {
      kind: "text",
      write(s, text, context) {
        const words = splitText(text) as [string, string, string];
        if (words.length !== 3) throw "expecting 3 arguments";
        s.address = readAs(arg.ipAddress, words[0], "not an IP address");
        const wrongLevel = "2nd argument specifies a level, between 0 and 3, to annotate";
        const level = readAs(arg.i32, words[1], wrongLevel);
        if (level < 0 || level > 3) throw wrongLevel;
        const wrongTime = "3rd argument specifies when this rule expires, must be > 0";
        const seconds = readAs(arg.i32, words[2], wrongTime);
        if (seconds < 1) throw wrongTime;
        s.level = level;
        s.until = (Math.imul(seconds, epochsPerSecond) + hostEpochAt(context.now())) >>> 0;
        write(s, asks.keep, context);
      },
    },
    reset: { write: (s, _text, context) => write(s, asks.reset, context) },
  },
  init: beginTree,
  timer(c, context) {
    const { state, plan } = context;
    c.if(state.base.get(), () => {
      c.if(state.asked.get().eq(asks.reset), () => resetTree(c, context));
      c.if(state.asked.get().eq(asks.fold), () => foldToLimit(c, context, plan.threshold));
      c.if(state.asked.get().eq(asks.keep), () =>
        keepLevel(c, context, { address: state.address.get(), level: state.level.get(), until: state.until.get() }),
      );
    });
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

function count(c: FunctionBuilder, port: number, packet: Packet, context: Context): void {
  const { config, plan, chance } = context;
  c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
  const { ip } = packet;
  countAddress(c, context, {
    counts: chance().shrU(5).and(0xffff).leU(config.RATIO),
    address: (port === 0 ? ip.source : ip.destination).get(),
    amount: plan.countsBytes ? ip.totalLength.get() : c.i32(1),
    which: port === 0 ? 0 : 1,
    threshold: plan.threshold,
    rated(averages) {
      const [forward, reverse] = averages.map(perSecond) as [
        ReturnType<typeof perSecond>,
        ReturnType<typeof perSecond>,
      ];
      if (config.ANNO) {
        packet.annotation32(annotation.forwardRate).set(forward);
        packet.annotation32(annotation.reverseRate).set(reverse);
      }
      return { isHigh: forward.geS(plan.threshold).or(reverse.geS(plan.threshold)) };
    },
  });
}
