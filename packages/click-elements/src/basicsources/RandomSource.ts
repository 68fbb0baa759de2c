/**
 * RandomSource(LENGTH [, LIMIT, BURST, ACTIVE] [, keywords TIMESTAMP, STOP, END_CALL]) — makes packets of random bytes.
 *
 * Works as InfiniteSource does; each packet has LENGTH bytes by chance, which RandomSeed seeds.
 *
 * Handlers: count (read), reset (write), active, limit, burst, length (read, write).
 *
 *   RandomSource(64, LIMIT 1000, STOP true) -> ForceIP -> CheckIPHeader -> ...
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  keyword,
  live,
  type Packet,
  positional,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { type U32Field, u64 } from "@clickos/layout";
import { type HandlerCall, handlerCall } from "../lib/handler-call.ts";
import { burstHandler, endCall, goOn, limitHandler, pullOne, pushBurst, resetHandler } from "../lib/infinite-source.ts";

const longest = 0xffff;
const change = (refusal: string) => ({ refusal, written: goOn });

export const RandomSource: ElementClass = element({
  name: "RandomSource",
  ports: "0/1",
  processing: "a/a",
  live: true,
  config: {
    LENGTH: required(live(arg.i32, { ...change("length must be integer"), flags: "." })),
    LIMIT: positional(arg.i64, -1n),
    BURST: positional(arg.i32, 1),
    ACTIVE: positional(live(arg.bool, change("active parameter must be boolean")), true),
    TIMESTAMP: keyword(arg.bool, true),
    STOP: keyword(arg.bool, false),
    END_CALL: keyword<HandlerCall | undefined>(handlerCall, undefined),
  },
  prepare({ config: { LENGTH, BURST, STOP, END_CALL }, error }) {
    if (LENGTH < 0 || LENGTH > longest) error(`bad length ${LENGTH}`);
    else if (BURST < 1) error("burst size must be >= 1");
    else if (STOP && END_CALL) error("END_CALL and STOP are mutually exclusive");
  },
  state: { count: u64, limit: arg.i64.stored.field, burst: arg.u32.stored.field },
  initial: ({ config }) => ({ count: 0n, limit: arg.i64.stored.store(config.LIMIT), burst: config.BURST }),
  handlerOrder: ["limit", "burst", "active", "count", "reset", "length"],
  handlers: {
    limit: limitHandler,
    burst: burstHandler,
    count: { counter: "count" },
    reset: resetHandler,
  },
  needsService: (config) => config.END_CALL !== undefined,
  service: endCall,
  notifier: { empty: true },
  pull: (c, _port, context) => pullOne(c, context, (some) => makeRandom(c, context, some)),
  timer: (_c, { task, isPush, emptyNote }) => (isPush(0) ? task.schedule() : emptyNote.wake()),
  endless: ({ LIMIT }) => LIMIT < 0n,
  hasTask: ({ outputIsPush }) => outputIsPush,
  task: (c, context) => pushBurst(c, context, (some) => makeRandom(c, context, some)),
});

type Random = Pick<
  ElementContext<{ readonly TIMESTAMP: boolean }, unknown, { length: U32Field }>,
  "packets" | "state" | "chance" | "clock" | "config"
>;

/** Four bytes of a packet are a draw; those of the last one go beyond its end. */
function makeRandom(
  c: FunctionBuilder,
  { packets, state, chance, clock, config }: Random,
  some: (packet: Packet) => void,
): void {
  const length = state.length.get();
  packets.make(c.select(length.gtS(0), length, c.i32(0)), (packet) => {
    const { data } = packet;
    c.for(0, packet.length, 4, (i) => c.store32(data.add(i), chance()));
    if (config.TIMESTAMP) packet.timestamp.set(clock.now());
    some(packet);
  });
}
