/** What InfiniteSource and RandomSource have in common: bursts, a limit, and what is done at the limit. */
import {
  arg,
  type ElementContext,
  type HostService,
  type Packet,
  type ServiceContext,
  type Written,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { U32Field, U64Field } from "@clickos/layout";
import { checkWritable, type HandlerCall, writeHandler } from "./handler-call.ts";
import { readValue, wake } from "./handlers.ts";
import { boundedBurst } from "./pull-task.ts";

interface SourceConfig {
  readonly STOP: boolean;
  readonly END_CALL: HandlerCall | undefined;
}
type SourceState = { limit: U64Field; count: U64Field; active: U32Field; burst: U32Field };
type Source = Pick<
  ElementContext<SourceConfig, unknown, SourceState>,
  "state" | "config" | "stop" | "service" | "output" | "task" | "emptyNote" | "mayPush"
>;
/** Makes a packet, which \`some\` gets. */
type Make = (some: (packet: Packet) => void) => void;

/** How far it is, on the host. */
export interface Progress {
  readonly active: number;
  limit: bigint;
  count: bigint;
  burst: number;
}

/** After whatever is written, it goes on unless it is at its limit. */
export function goOn(context: Written, { active, limit, count }: Progress): void {
  const most = BigInt.asIntN(64, limit);
  if (active && (most < 0n || count < most)) wake(context);
}

/** What is written has 32 bits, as in Click; what the configuration says has 64. */
export const limitHandler = {
  flags: ".",
  gauge: "limit",
  signed: true,
  write(s: Progress, text: string, context: Written): void {
    s.limit = arg.i64.stored.store(BigInt(readValue(arg.i32, text, "limit parameter must be integer")));
    goOn(context, s);
  },
};

export const burstHandler = {
  flags: ".",
  gauge: "burst",
  write(s: Progress, text: string, context: Written): void {
    s.burst = readValue(arg.integer(1, 0x7fffffff), text, "burstsize parameter must be integer >= 1");
    goOn(context, s);
  },
};

export const resetHandler = {
  write(s: Progress, _value: string, context: Written): void {
    s.count = 0n;
    goOn(context, s);
  },
};

/** The host side, which writes the handler of END_CALL. */
export function endCall({
  config: { END_CALL },
  host,
}: Pick<ServiceContext<SourceConfig, unknown>, "config" | "host">): HostService {
  return {
    start() {
      if (END_CALL) checkWritable(END_CALL, host);
    },
    called() {
      if (END_CALL) writeHandler(END_CALL, host);
    },
  };
}

function isOver({ state }: Source): I32 {
  const limit = state.limit.get();
  return limit.geS(0n).and(state.count.get().geU(limit));
}

/** What is done at the limit. */
function end({ config, stop, service }: Source): void {
  if (config.STOP) stop();
  if (config.END_CALL) service.call();
}

/** Answers a pull. */
export function pullOne(c: FunctionBuilder, context: Source, make: Make): void {
  const { state, output, emptyNote } = context;
  c.if(
    state.active.get().and(isOver(context).eqz()),
    () =>
      make((packet) => {
        state.count.inc();
        output(0).push(packet);
      }),
    () => {
      c.if(state.active.get(), () => end(context));
      emptyNote.sleep();
    },
  );
}

/** A turn of the task; how many packets it pushed. */
export function pushBurst(c: FunctionBuilder, context: Source, make: Make): I32 {
  const { state, output, task, mayPush } = context;
  const count = c.var("i32", 0, "count");
  c.if(state.active.get().and(mayPush(0)), () => {
    count.set(boundedBurst(c, state.burst.get()));
    const limit = state.limit.get();
    c.if(limit.geS(0n), () => {
      const left = limit.sub(state.count.get());
      c.if(left.leS(count.get().toI64()), () => count.set(c.select(left.gtS(0n), left.toI32(), c.i32(0))));
    });
    const most = count.get();
    c.for(0, most, 1, () => make((packet) => output(0).push(packet)));
    state.count.inc(most.toI64());
    c.if(most.eqz().and(isOver(context)), () => end(context));
  });
  c.if(count.get().eqz(), () => task.unschedule());
  return count.get();
}
