/**
 * AggregateLast([keywords NOTIFIER, STOP_AFTER_CLEAR]) — lets the last packet of each aggregate through.
 *
 * The aggregate annotation says which aggregate a packet belongs to. The element holds the last packet of each; those before it
 * leave on output 1 if it is connected, and are dropped otherwise. A packet that is held has in its annotations what came before it:
 * the numbers of packets and bytes, and the time of the first packet.
 *
 * Packets that are held leave on output 0, in the order of their aggregates, when the handler `clear` is written. NOTIFIER names an
 * element that numbers aggregates, such as AggregateIPFlows; then the packet of an aggregate leaves when that has ended. With
 * STOP_AFTER_CLEAR true the driver is asked to stop after `clear`.
 *
 * Handlers: clear (write).
 *
 *   FromDump(trace.pcap, FORCE_IP true, END_CALL al.clear) -> AggregateIPFlows
 *     -> al :: AggregateLast(STOP_AFTER_CLEAR true) -> ToIPSummaryDump(-, FIELDS aggregate count first_timestamp)
 */
import {
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  hashTable,
  keyword,
  packetDescriptor,
  packetList,
} from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { u32 } from "@clickos/layout";
import { AggregateListener, notifierProblem } from "../lib/aggregate-notifier.ts";

/** Packets that are let go before it is looked whether there are more. */
const atOnce = 65_536;
/** Later than any packet's turn. */
const never = 0x7fffffffffffffffn;

const state = {
  /** The packet that is held of each aggregate. They wait for their turn in the order of their numbers. */
  held: hashTable({ keyWords: 1, value: { packet: packetList } }),
  clearing: u32,
};
type Context = ElementContext<{ readonly STOP_AFTER_CLEAR: boolean }, any, typeof state>;

export const AggregateLast: ElementClass = element({
  name: "AggregateLast",
  ports: "1/1-2",
  processing: "h/h",
  config: { NOTIFIER: keyword(arg.elementName(), undefined), STOP_AFTER_CLEAR: keyword(arg.bool, false) },
  prepare({ config, error }) {
    const problem = notifierProblem(config.NOTIFIER);
    if (problem) error(problem);
  },
  state,
  offers: (offer) => [
    offer(
      AggregateListener,
      (c, context) => ({
        ended(aggregate) {
          const entry = context.state.held.find([aggregate]);
          c.if(entry, () => letGo(c, context, entry));
        },
      }),
      undefined,
      ({ config }) => config.NOTIFIER?.name,
    ),
  ],
  handlers: {
    clear: {
      kind: "text",
      write(s, _value, { schedule }) {
        s.clearing = 1;
        schedule();
      },
    },
  },
  taskHandlers: "none",
  startsScheduled: () => false,
  task(c, context) {
    const asked = c.var("i32", context.state.clearing.get(), "asked");
    c.if(
      asked.get(),
      () => clear(c, context),
      () => context.task.unschedule(),
    );
    return asked.get();
  },
  push(c, _port, packet, context) {
    const { state, packets, output } = context;
    // What was asked for before this packet came is done before it.
    c.if(state.clearing.get(), () => clear(c, context));
    const aggregate = packet.annotation32(annotation.aggregate).get();
    const entry = state.held.findOrAdd([aggregate], (fresh) => state.held.expiresAt(fresh, aggregate.toI64()));
    c.if(entry.eqz(), () => packet.drop("no memory for another aggregate"));
    const list = state.held.value(entry).packet;
    const before = list.shiftOrZero();
    c.if(
      before,
      () => takeOver(c, before, packet.annotationAddress),
      () => c.store64(packet.annotationAddress, packet.timestamp.get(), annotation.firstTimestamp),
    );
    list.append(packet);
    c.if(before, () => packets.take(before, (former) => output(1).push(former, "not the last of its aggregate")));
  },
});

/** Adds to a packet's annotations what a packet that is held, and those before it, were. */
function takeOver(c: FunctionBuilder, held: I32, annotations: I32): void {
  const before = staged(c, packetDescriptor, held);
  const of = held.add(packetDescriptor.offsets.annotations);
  const add = (position: number, amount: I32): void => {
    const sum = c.load32(annotations, position).add(c.load32(of, position)).add(amount);
    c.store32(annotations, sum, position);
  };
  add(annotation.extraPackets, c.i32(1));
  add(annotation.extraLength, before.length.get());
  c.store64(annotations, c.load64(of, annotation.firstTimestamp), annotation.firstTimestamp);
}

/** Sends on the packet that an entry holds, and forgets the aggregate. */
function letGo(_c: FunctionBuilder, { state, packets, output }: Context, entry: I32): void {
  const address = state.held.value(entry).packet.shiftOrZero();
  state.held.remove(entry);
  packets.take(address, (packet) => output(0).push(packet));
}

/** Sends on everything that is held. */
function clear(c: FunctionBuilder, context: Context): void {
  const { state, config, task, stop } = context;
  state.clearing.set(0);
  task.unschedule();
  c.while(
    () => state.held.expire(c.i64(never), atOnce, (entry) => letGo(c, context, entry)),
    () => {},
  );
  if (config.STOP_AFTER_CLEAR) stop();
}
