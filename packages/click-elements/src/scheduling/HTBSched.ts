/**
 * HTBSched(RATE [CEIL [PRIO]], RATE [CEIL [PRIO]], ..., LINK RATE [, keyword BURST]) — shares a rate between classes, by hierarchical token buckets.
 *
 * Each input is a class, and pulls are answered at LINK in all. A class has RATE for itself, and of what others leave up to CEIL, which
 * is LINK when absent; all are bandwidths, such as 2Mbps. Who sends at its own rate comes first, then who borrows; among these, classes of a
 * smaller PRIO (0, at most 7) come first, and others have turns in proportion to their RATE, by deficit round robin. All classes' rates together
 * must not be more than LINK, and there may be 64 classes.
 *
 * A class that was silent may send BURST bytes at once at its rate, at its ceiling, and at LINK: by default what each of them gives in 4 ms, and
 * 1,600 bytes more. A packet leaves when there is no debt, and its length is the debt then, as in Linux.
 *
 * The output of one may be the input of another: what the outer class gets is shared by the inner ones. Lengths are those of the packets
 * as they come. Those who pull sleep until a packet is due.
 *
 * Handlers: classes (read): of each its rate, ceiling, priority, packets, bytes, and how many packets it had to borrow for; class (write `CLASS RATE
 * [CEIL [PRIO]]`, with the number of its input).
 *
 *   s :: HTBSched(1Mbps 2Mbps 0, 6Mbps 10Mbps 1, LINK 10Mbps) -> Unqueue -> ...;
 *   ... -> Queue -> [0] s; ... -> FQCoDel -> [1] s
 *
 * Devera, HTB Linux queuing discipline manual, user guide, 2002.
 */
import {
  anew,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  keyword,
  packetDescriptor,
  rest,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { array, type HostFields, struct, u32, u64 } from "@clickos/layout";
import { readWords } from "../lib/handler-words.ts";
import { wake } from "../lib/handlers.ts";
import { bandwidthText } from "../lib/rate-text.ts";

const second = 1_000_000_000n;
const usualBurst = { time: 4_000_000n, bytes: 1600n };
const mostClasses = 64;
const priorities = 8;
/** A class with the smallest rate has turns of so many bytes, and none has longer ones than that (Linux's numbers). */
const quanta = { least: 1514, most: 200_000 };
/** Classes that send at their own rate, and those that borrow. */
const levels = 2;
const never = 0x7fffffffffffffffn;

const words = { RATE: arg.bandwidth, CEIL: arg.optional(arg.bandwidth, 0), PRIO: arg.optional(arg.u32, 0) };
/** Rates are in bytes a second, times in nanoseconds; bursts are how long they take. */
const limits = struct(
  { rate: u32, ceil: u32, prio: u32, quantum: u32, rateBurst: u64, ceilBurst: u64 },
  { name: "class" },
);
/** `own` and `top` are when the debt at the rate and at the ceiling is paid. */
const usage = struct(
  { own: u64, top: u64, deficit: array(u32, levels), packets: u64, bytes: u64, borrowed: u64 },
  { name: "usage" },
);

interface ClassArguments {
  readonly RATE: number;
  readonly CEIL: number;
  readonly PRIO: number;
}
interface Config {
  readonly CLASS: readonly ClassArguments[];
  readonly LINK: number;
  readonly BURST: number;
}
const stateOf = ({ ninputs }: { readonly ninputs: number }) => ({
  limits: anew(array(limits, Math.max(ninputs, 1))),
  usage: array(usage, Math.max(ninputs, 1)),
  /** When the debt at LINK is paid. */
  free: u64,
  /** By level and priority: whose turn it is. */
  turns: anew(array(u32, levels * priorities)),
});
type Context = ElementContext<Config, undefined, ReturnType<typeof stateOf>>;
type Limits = HostFields<(typeof limits)["fields"]>;

/** What is wrong with classes, or nothing. */
function mistakeIn(classes: readonly ClassArguments[], link: number): string | undefined {
  const at = (wrong: (each: ClassArguments) => boolean): number => classes.findIndex(wrong);
  const found = (text: string, i: number): string | undefined => (i < 0 ? undefined : `class ${i}: ${text}`);
  const sum = classes.reduce((all, { RATE }) => all + RATE, 0);
  return (
    found(
      "RATE must be more than 0",
      at(({ RATE }) => RATE === 0),
    ) ??
    found(
      "CEIL is less than RATE",
      at(({ RATE, CEIL }) => CEIL !== 0 && CEIL < RATE),
    ) ??
    found(
      `PRIO must be below ${priorities}`,
      at(({ PRIO }) => PRIO >= priorities),
    ) ??
    (sum > link ? `the rates of all classes are ${bandwidthText(sum)}, more than LINK` : undefined)
  );
}

const burstOf = (burst: number, rate: number): bigint =>
  burst > 0 ? (BigInt(burst) * second) / BigInt(rate) : usualBurst.time + (usualBurst.bytes * second) / BigInt(rate);

function limitsOf(classes: readonly ClassArguments[], { LINK, BURST }: Omit<Config, "CLASS">): Limits[] {
  const least = Math.min(...classes.map(({ RATE }) => RATE));
  return classes.map(({ RATE, CEIL, PRIO }) => {
    const ceil = CEIL || LINK;
    const quantum = Math.min(Math.floor((quanta.least * RATE) / least), quanta.most);
    return { rate: RATE, ceil, prio: PRIO, quantum, rateBurst: burstOf(BURST, RATE), ceilBurst: burstOf(BURST, ceil) };
  });
}

export const HTBSched: ElementClass = element({
  name: "HTBSched",
  ports: "1-/1",
  processing: "l/l",
  live: true,
  config: {
    CLASS: rest(arg.words(words)),
    LINK: keyword(arg.bandwidth, 0),
    BURST: keyword(arg.u32, 0),
  },
  prepare({ config, ninputs, error }): undefined {
    const { CLASS, LINK } = config;
    if (LINK === 0) error("LINK must be given, and more than 0");
    if (CLASS.length !== ninputs) error(`there are ${ninputs} inputs, and ${CLASS.length} classes`);
    if (CLASS.length > mostClasses) error(`there may be ${mostClasses} classes`);
    const mistake = mistakeIn(CLASS, LINK);
    if (mistake) error(mistake);
  },
  state: stateOf,
  initial: ({ config }) => ({ limits: limitsOf(config.CLASS, config) }),
  handlers: {
    classes: {
      kind: "table",
      read: (s) =>
        [...s.limits]
          .map(({ rate, ceil, prio }, i) => {
            const { packets, bytes, borrowed } = s.usage[i] as (typeof s.usage)[number];
            return `${bandwidthText(rate)} ${bandwidthText(ceil)} ${prio} ${packets} ${bytes} ${borrowed}\n`;
          })
          .join(""),
    },
    class: {
      write(s, text, context) {
        const { CLASS, ...given } = readWords(text, { CLASS: arg.u32, ...words }, context.scope, { CEIL: 0, PRIO: 0 });
        const classes = [...s.limits].map(({ rate, ceil, prio }) => ({ RATE: rate, CEIL: ceil, PRIO: prio }));
        if (CLASS >= classes.length) throw `there is no class ${CLASS}`;
        classes[CLASS] = given;
        const mistake = mistakeIn(classes, context.config.LINK);
        if (mistake) throw mistake;
        limitsOf(classes, context.config).forEach((each, i) => Object.assign(s.limits[i] as Limits, each));
        wake(context);
      },
    },
  },
  notifier: { empty: true, through: true },
  timer: (_c, { emptyNote }) => emptyNote.wake(),
  pull(c, _port, context) {
    const { state, clock, input, output, packets, ninputs, mayPull, timer, emptyNote } = context;
    const now = clock.now();
    const held = c.var("i32", 0, "held");
    const tried = c.var("i64", 0n, "tried");
    const next = c.var("i64", never, "next");
    const isTried = (i: number): I32 =>
      tried
        .get()
        .and(1n << BigInt(i))
        .ne(0n);
    c.if(
      now.ltU(state.free.get()),
      () => {
        for (let i = 0; i < ninputs; i++) c.if(mayPull(i), () => next.set(state.free.get()));
      },
      () =>
        c.loop(() => {
          const chosen = choose(c, context, { now, isTried, next });
          c.if(chosen.eq(-1), () => c.break());
          c.switch(
            chosen,
            Array.from({ length: ninputs }, (_, i) => () => {
              input(i).pull(
                (packet) => held.set(packet.store()),
                () => tried.set(tried.get().or(1n << BigInt(i))),
              );
            }),
          );
          c.if(held.get(), () => {
            charge(c, context, chosen, c.load32(held.get(), packetDescriptor.offsets.length), now);
            c.break();
          });
        }),
    );
    const address = held.get();
    c.if(
      address,
      () => packets.take(address, (packet) => output(0).push(packet)),
      () => {
        // One that had nothing, and does not say so, has to be asked again.
        const unsure = c.var("i32", 0, "unsure");
        for (let i = 0; i < ninputs; i++) c.if(isTried(i).and(mayPull(i)), () => unsure.set(1));
        c.if(next.get().ne(never), () => timer.at(next.get()));
        c.if(unsure.get().eqz(), () => emptyNote.sleep());
      },
    );
  },
});

interface Choice {
  readonly now: I64;
  /** Whether an input had nothing in this pull. */
  isTried(input: number): I32;
  /** Becomes when the first of those may send that may not yet. */
  readonly next: { get(): I64; set(value: I64): void };
}
/** The class that is to send, or -1. */
function choose(c: FunctionBuilder, { state, mayPull, ninputs }: Context, { now, isTried, next }: Choice): I32 {
  const chosen = c.var("i32", -1, "chosen");
  const best = c.var("i32", -1, "best");
  for (let i = 0; i < ninputs; i++)
    c.if(mayPull(i).and(isTried(i).eqz()), () => {
      const { own, top } = state.usage.at(i);
      c.if(
        now.ltU(top.get()),
        () => c.if(top.get().ltU(next.get()), () => next.set(top.get())),
        () => {
          const place = now.ltU(own.get()).mul(priorities).add(state.limits.at(i).prio.get());
          const turn = state.turns.at(place).get();
          const distance = c
            .i32(i)
            .sub(turn)
            .add(c.select(turn.gtU(i), c.i32(ninputs), c.i32(0)));
          const rank = place.mul(mostClasses).add(distance);
          c.if(rank.ltU(best.get()), () => {
            best.set(rank);
            chosen.set(i);
          });
        },
      );
    });
  return chosen.get();
}

/** A class has sent so many bytes. */
function charge(c: FunctionBuilder, { state, config, ninputs }: Context, number: I32, length: I32, now: I64): void {
  const { rate, ceil, prio, quantum, rateBurst, ceilBurst } = state.limits.at(number);
  const { own, top, deficit, packets, bytes, borrowed } = state.usage.at(number);
  packets.inc();
  bytes.inc(length.toI64());
  const units = length.toI64().mul(second);
  const owe = (paid: { get(): I64; set(value: I64): void }, burst: I64, cost: I64): void => {
    const earliest = now.sub(burst);
    const before = paid.get();
    paid.set(c.select(before.gtU(earliest), before, earliest).add(cost));
  };
  const level = now.ltU(own.get());
  owe(state.free, c.i64(burstOf(config.BURST, config.LINK)), units.divU(BigInt(config.LINK)));
  owe(top, ceilBurst.get(), units.divU(ceil.get().toI64()));
  c.if(
    level,
    () => borrowed.inc(),
    () => owe(own, rateBurst.get(), units.divU(rate.get().toI64())),
  );
  const left = deficit.at(level).get().sub(length);
  c.if(
    left.ltS(0),
    () => {
      const more = left.add(quantum.get());
      deficit.at(level).set(c.select(more.ltS(0), c.i32(0), more));
      const following = number.add(1);
      state.turns.at(level.mul(priorities).add(prio.get())).set(c.select(following.geU(ninputs), c.i32(0), following));
    },
    () => deficit.at(level).set(left),
  );
}
