/**
 * What FastUDPSource, FastUDPSourceIP6, FastUDPFlows and FastTCPFlows have in common: a rate, a limit, the handlers, and the headers of
 * their packets.
 */
import {
  type ArgumentSpec,
  arg,
  type ElementContext,
  type ElementReport,
  gapRate,
  gapRateOf,
  type Handlers,
  type Packet,
  positional,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import type { Span } from "@clickos/wire";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipv4 } from "@clickos/wire/ipv4";
import { readAs } from "./handlers.ts";
import { dataOf } from "./headers.ts";
import { setPlainHeaderChecksum } from "./ip-encap.ts";

const ttl = 250;
/** Bytes of a packet at least. */
export const shortestFast = 60;
/** Click's shortest time between two packets that a rate can have, as a rate. */
const maximumRate = 4_096_000_000;
const noLimit = 0xffffffff;
const jiffy = 1_000_000n;

export interface FastConfig {
  readonly RATE: number;
  readonly LIMIT: number;
  readonly LENGTH: number;
  readonly SRCETH: Uint8Array;
  readonly SRCIP: number;
  readonly DSTETH: Uint8Array;
  readonly DSTIP: number;
}

/** The first three arguments. */
export const fastArguments: {
  readonly RATE: ArgumentSpec<number>;
  readonly LIMIT: ArgumentSpec<number>;
  readonly LENGTH: ArgumentSpec<number>;
} = { RATE: required(arg.u32), LIMIT: required(arg.i32), LENGTH: required(arg.u32) };

export const fastState: {
  readonly rate: typeof gapRate;
  readonly count: U32Field;
  readonly limit: U32Field;
  readonly active: U32Field;
  readonly first: U64Field;
  readonly last: U64Field;
} = { rate: gapRate, count: u32, limit: u32, active: u32, first: u64, last: u64 };
export type FastState = typeof fastState;

/** The length of packets; what is too short or too fast is told. */
export function fastLength(
  { LENGTH, RATE }: Pick<FastConfig, "LENGTH" | "RATE">,
  report: Pick<ElementReport, "error" | "warning">,
  largest: number,
): number {
  if (LENGTH > largest) report.error(`LENGTH ${LENGTH} is more than a packet can have (${largest})`);
  if (RATE > maximumRate) report.warning(`rate too large; lowered to ${maximumRate}`);
  return Math.max(Math.min(LENGTH, largest), shortestFast);
}

/** Tells that packets are longer than was said. */
export function tellShort({ line }: Pick<ElementContext<unknown, unknown, any>, "line">): void {
  line().text(`warning: packet length < ${shortestFast}, defaulting to ${shortestFast}`).end();
}

export const fastInitial = ({
  RATE,
  LIMIT,
  ACTIVE,
}: Pick<FastConfig, "RATE" | "LIMIT"> & { readonly ACTIVE: boolean }): {
  rate: ReturnType<typeof gapRateOf>;
  limit: number;
  active: number;
} => ({ rate: gapRateOf(RATE), limit: LIMIT < 0 ? noLimit : LIMIT, active: Number(ACTIVE) });

interface Counted {
  count: number;
  first: bigint;
  last: bigint;
}

function reset(s: Counted): void {
  s.count = 0;
  s.first = 0n;
  s.last = 0n;
}

/** Packets a second from the first to the last, once the limit is reached. */
function rateOf({ count, first, last }: Counted): number {
  if (last === 0n) return 0;
  const jiffies = last / jiffy - first / jiffy;
  return Math.trunc((((count * 1000) | 0) / Number(jiffies < 1n ? 1n : jiffies)) | 0);
}

/** The handlers; `onReset` is what the class resets besides. */
export function fastHandlers(onReset: (s: any) => void = () => {}): Handlers<any, any, any> {
  const startAgain = (s: any): void => {
    reset(s);
    onReset(s);
  };
  return {
    count: { counter: "count" },
    rate: {
      kind: "rate",
      unit: "packets/s",
      read: (s: any) => rateOf(s),
      write(s: any, text, { now }) {
        const rate = readAs(arg.u32, text, "rate parameter must be integer >= 0");
        if (rate > maximumRate) throw `rate too large; max is ${maximumRate}`;
        s.rate.assign(rate, now());
      },
    },
    reset: { write: startAgain },
    active: {
      flags: "c",
      write(s, text) {
        s.active = Number(readAs(arg.bool, text, "active parameter must be boolean"));
        if (s.active) startAgain(s);
      },
    },
    limit: {
      flags: "",
      write(s, text) {
        const limit = readAs(arg.i32, text, "limit parameter must be integer >= 0");
        s.limit = limit < 0 ? noLimit : limit;
      },
    },
  };
}

type Context = ElementContext<Pick<FastConfig, "RATE">, unknown, FastState>;

/** Whether the limit is reached. */
export const isOver = ({ state }: Context): I32 =>
  state.limit.get().ne(noLimit).and(state.count.get().geU(state.limit.get()));

/** Runs `make`, which says whether it made a packet, where one is due; counts it. */
export function atRate(c: FunctionBuilder, context: Context, make: () => I32): void {
  const { state, config, clock } = context;
  const due = c.var("i32", 1, "due");
  if (config.RATE > 0) {
    due.set(state.rate.isDue(clock.now()));
    c.if(due.get(), () => state.rate.happened(1));
  }
  c.if(due.get(), () => {
    state.count.inc();
    c.if(state.count.get().eq(1), () => state.first.set(clock.now()));
    const last = state.last.get();
    c.if(isOver(context), () => state.last.set(clock.now()));
    c.if(make().eqz(), () => {
      state.count.inc(-1);
      state.last.set(last);
    });
  });
}

/** Arguments, state and handlers of sources of one flow, whose ports count up. */
export const steppedArguments: {
  readonly CHECKSUM: ArgumentSpec<boolean>;
  readonly INTERVAL: ArgumentSpec<number>;
  readonly ACTIVE: ArgumentSpec<boolean>;
} = {
  CHECKSUM: positional(arg.bool, true),
  INTERVAL: positional(arg.u32, 0),
  ACTIVE: positional(arg.bool, true),
};
/** A reset begins to count anew; the ports are those of before until they change. */
export const steppedState: FastState & { readonly steps: U32Field; readonly above: U32Field } = {
  ...fastState,
  steps: u32,
  above: u32,
};
export const steppedHandlers = (): Handlers<any, any, any> =>
  fastHandlers((s) => {
    s.steps = 0;
  });

interface SteppedConfig {
  readonly RATE: number;
  readonly SPORT: number;
  readonly DPORT: number;
  readonly INTERVAL: number;
}

/** A pull from a source of one flow: `write` writes a packet of `length` bytes that has these ports. */
export function pullStepped(
  c: FunctionBuilder,
  context: ElementContext<SteppedConfig, unknown, typeof steppedState>,
  length: number,
  write: (packet: Packet, ports: { readonly sourcePort: I32; readonly destinationPort: I32 }) => void,
): void {
  const { config, state, packets, output } = context;
  c.if(state.active.get().and(isOver(context).eqz()), () =>
    atRate(c, context, () => {
      const made = c.var("i32", 0, "made");
      packets.make(length, (packet) => {
        const above = state.above.get();
        write(packet, { sourcePort: above.add(config.SPORT), destinationPort: above.add(config.DPORT) });
        made.set(1);
        if (config.INTERVAL > 0)
          c.if(state.count.get().remU(config.INTERVAL).eqz(), () => {
            state.steps.inc();
            state.above.set(state.steps.get());
          });
        output(0).push(packet);
      });
      return made.get();
    }),
  );
}

/** Writes the Ethernet and IP headers of a packet of `length` bytes, all others 0; the result is what follows them. */
export function writeHeaders(
  c: FunctionBuilder,
  packet: Packet,
  { SRCETH, SRCIP, DSTETH, DSTIP }: FastConfig,
  length: I32,
  protocol: number,
): Span {
  c.fill(packet.data, 0, length);
  const frame = dataOf(packet).need(shortestFast, "stated");
  frame.header(ethernet).emit({ destination: DSTETH, source: SRCETH, etherType: etherTypes.ip });
  const ip = frame.advance(ethernet.size).header(ipv4);
  ip.emit({ totalLength: length.sub(ethernet.size), ttl, protocol, source: SRCIP, destination: DSTIP });
  setPlainHeaderChecksum(c, ip);
  const transport = frame.advance(ethernet.size + ipv4.size);
  packet.setNetworkHeader(ip.address, transport.address);
  packet.dstIp.set(DSTIP);
  return transport;
}
