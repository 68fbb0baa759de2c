/** Messages of the spanning tree protocol as EtherSpanTree keeps them: which is better, and how they stand in frames. */
import type { FunctionBuilder, I32, I32Like, I64, Ref, StagedOf } from "@clickos/codegen";
import { type HostFields, type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import type { StagedHeader } from "@clickos/wire";
import type { bridgeMessage } from "@clickos/wire/bridge";

/** `time` is when the root made it; times are in seconds. */
export const message: Struct<{
  root: U64Field;
  bridge: U64Field;
  time: U64Field;
  cost: U32Field;
  port: U32Field;
  tc: U32Field;
  maxAge: U32Field;
  helloTime: U32Field;
  forwardDelay: U32Field;
}> = struct(
  {
    root: u64,
    bridge: u64,
    time: u64,
    cost: u32,
    port: u32,
    tc: u32,
    maxAge: u32,
    helloTime: u32,
    forwardDelay: u32,
  },
  { name: "message" },
);
export type StagedMessage = StagedOf<typeof message>;
type Header = StagedHeader<(typeof bridgeMessage)["table"]>;

/** The time of a message that does not expire: as late as can be. */
export const forever = 0x7fff_ffff_ffff_ffffn;
const worstIdentifier = 0xffff_ffff_ffff_ffffn;
const worstCost = 0xffff;
/** Parts of a second that a message counts in. */
const parts = 256;

type Value<T> = { get(): T };
/** What can be compared and taken over. */
export interface MessageValues {
  readonly root: Value<I64>;
  readonly bridge: Value<I64>;
  readonly cost: Value<I32>;
  readonly port: Value<I32>;
  readonly tc: Value<I32>;
  readonly maxAge: Value<I32>;
  readonly helloTime: Value<I32>;
  readonly forwardDelay: Value<I32>;
}

/** Makes a message as bad as can be, for ever. */
export function spoil(its: StagedMessage): void {
  its.root.set(worstIdentifier);
  its.bridge.set(worstIdentifier);
  its.cost.set(worstCost);
  its.time.set(forever);
  its.tc.set(0);
}

/** Above 0 where `a` is better than `b`, below where it is worse; `sender` is who would send `a`, where that is another one. */
export function compare(
  c: FunctionBuilder,
  a: Pick<MessageValues, "root" | "cost" | "bridge" | "port">,
  b: Pick<MessageValues, "root" | "cost" | "bridge" | "port">,
  sender?: { readonly bridge: I64; readonly port: I32Like },
): I32 {
  const result = c.var("i32", 0, "order");
  const [bridge, port] = sender ? [sender.bridge, c.i32(sender.port)] : [a.bridge.get(), a.port.get()];
  const rows = [
    [a.root.get().ltU(b.root.get()), a.root.get().gtU(b.root.get())],
    [a.cost.get().ltU(b.cost.get()), a.cost.get().gtU(b.cost.get())],
    [bridge.ltU(b.bridge.get()), bridge.gtU(b.bridge.get())],
    [port.ltU(b.port.get()), port.gtU(b.port.get())],
  ] as const;
  // The first that differs decides: the last one is looked at first.
  for (const [less, more] of [...rows].reverse())
    result.set(c.select(less, c.i32(1), c.select(more, c.i32(-1), result.get())));
  return result.get();
}

/** Takes over what a message says, and its time where it has one. */
export function assign(to: StagedMessage, from: MessageValues & { readonly time?: Ref<I64, bigint | I64> }): void {
  to.root.set(from.root.get());
  to.bridge.set(from.bridge.get());
  to.cost.set(from.cost.get());
  to.port.set(from.port.get());
  to.tc.set(from.tc.get());
  to.maxAge.set(from.maxAge.get());
  to.helloTime.set(from.helloTime.get());
  to.forwardDelay.set(from.forwardDelay.get());
  if (from.time) to.time.set(from.time.get());
}

/** What a message in a frame says. */
export function readMessage(header: Header): MessageValues {
  const wide = (high: Value<I32>, low: Value<I32>): Value<I64> => ({
    get: () => high.get().toI64().shl(32n).or(low.get().toI64()),
  });
  const whole = (field: Value<I32>): Value<I32> => ({ get: () => field.get().divU(parts) });
  return {
    root: wide(header.rootHigh, header.rootLow),
    bridge: wide(header.bridgeHigh, header.bridgeLow),
    cost: header.cost,
    port: header.port,
    tc: header.tc,
    maxAge: whole(header.maxAge),
    helloTime: whole(header.helloTime),
    forwardDelay: whole(header.forwardDelay),
  };
}

/** Writes a message into a frame, as this bridge sends it on a port. */
export function writeMessage(
  c: FunctionBuilder,
  header: Header,
  its: StagedMessage,
  sender: { readonly bridge: bigint; readonly port: number; now(): I64 },
): void {
  header.tc.set(its.tc.get());
  header.rootHigh.set(its.root.get().shrU(32n).toI32());
  header.rootLow.set(its.root.get().toI32());
  header.cost.set(its.cost.get());
  header.bridgeHigh.set(Number(sender.bridge >> 32n));
  header.bridgeLow.set(Number(sender.bridge & 0xffffffffn));
  header.port.set(sender.port);
  c.if(its.time.get().ne(forever), () => {
    const age = sender.now().sub(its.time.get());
    const second = 1_000_000_000n;
    const rest = age.remS(second).divS(1000n).mul(BigInt(parts)).divS(1_000_000n).toI32();
    header.messageAge.set(age.divS(second).toI32().mul(parts).add(rest));
  });
  header.maxAge.set(its.maxAge.get().mul(parts));
  header.helloTime.set(its.helloTime.get().mul(parts));
  header.forwardDelay.set(its.forwardDelay.get().mul(parts));
}

/** A message as the handler `msgs` shows it. */
export function messageText(its: HostFields<(typeof message)["fields"]>): string {
  const { root, bridge, port, tc, cost, maxAge, helloTime, forwardDelay } = its;
  const identifier = (id: bigint): string => id.toString(16).padStart(16);
  const ends = [maxAge, helloTime, forwardDelay].map((n) => n.toString(16)).join("/");
  return ` ${identifier(bridge)}:${port.toString(16).padStart(4, "0")}: ${tc ? "TC" : "tc"}  ${cost.toString(16)} -> ${identifier(root)}  m/h/d: ${ends}`;
}
