/** Packets of flows at rest: fragments, which have no ports, wait for their first one. And where a packet's flow is said. */
import { annotation, type Packet, packetDescriptor } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { u8, u32 } from "@clickos/layout";
import { span } from "@clickos/wire";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { icmpErrorTypes } from "../emit/icmp-error.ts";
import { secondsAfter } from "../lib/time.ts";
import { type FlowConfig, type FlowContext, type IpHeader, never, perReap, second, seen } from "./ip-flows.ts";

/** Packets that a message about an error has before the packet that it is about: type, code, checksum, and a word. */
const messageSize = icmp.size + 4;

/** The header that says which flow a packet belongs to: its own, or, of an ICMP error, that of the packet that it is about. */
export function flowHeader(
  c: FunctionBuilder,
  packet: Packet,
  inErrors: boolean,
  about: () => void,
  wrong: () => void,
): IpHeader {
  const outer = packet.ip;
  if (!inErrors) return outer;
  const at = c.var("i32", packet.network, "header");
  c.if(outer.protocol.get().eq(ipProtocols.icmp).and(outer.fragmentOffset.get().eqz()), () => {
    const message = outer.payload(wrong).need(messageSize + ipv4.size, wrong);
    const type = message.header(icmp).type.get();
    c.if(icmpErrorTypes.reduce((any, e) => any.or(type.eq(e)), c.i32(0)).eqz(), wrong);
    const embedded = message.advance(messageSize).header(ipv4);
    embedded.payload(wrong);
    at.set(embedded.address);
    about();
  });
  return span(c, at.get(), packet.data.add(packet.length).sub(at.get())).header(ipv4, "stated");
}

/** Lets go what is too old, or need not wait, between all addresses. */
export function letGoAllOld(c: FunctionBuilder, context: FlowContext): void {
  const { state } = context;
  state.waiting.expire(state.now.get().toI64().mul(second), perReap, (entry) => letGoOld(c, context, entry));
}

/** Lets go everything that is held. */
export function letGoAll(c: FunctionBuilder, context: FlowContext): void {
  const { state } = context;
  c.while(
    () =>
      state.waiting.expire(c.i64(never), perReap, (entry) => {
        letGo(c, context, entry, () => c.i32(1));
        state.waiting.remove(entry);
      }),
    () => {},
  );
}

/** Lets go what need not wait any longer between two addresses: what is no fragment, and what is too old. */
export function letGoOld(c: FunctionBuilder, context: FlowContext, entry: I32): void {
  const { state, config } = context;
  const oldest = state.now.get().sub(config.FRAGMENT_TIMEOUT);
  letGo(c, context, entry, (address) => {
    const old = secondsOf(c, address).ltS(oldest);
    return old.or(heldHeader(c, address, config).fragment.isSet().eqz());
  });
  const { packets } = state.waiting.value(entry);
  c.if(
    packets.length(),
    () => state.waiting.expiresAt(entry, secondsAfter(secondsOf(c, packets.first()), config.FRAGMENT_TIMEOUT + 1)),
    () => state.waiting.remove(entry),
  );
}

/** Sends packets on, the first of the list first, as long as `when` says so. One whose flow nothing tells is dropped. */
export function letGo(c: FunctionBuilder, context: FlowContext, entry: I32, when: (address: I32) => I32): void {
  const { state, packets, output, config } = context;
  const list = state.waiting.value(entry).packets;
  const aggregateOf = (address: I32) => staged(c, u32, address, annotations + annotation.aggregate);
  const paintOf = (address: I32) => staged(c, u8, address, annotations + annotation.paint);
  c.loop(() => {
    const address = list.first();
    c.if(address.eqz(), () => c.break());
    c.if(when(address).eqz(), () => c.break());
    list.shiftOrZero();
    const id = heldHeader(c, address, config).identification.stored.get();
    const known = c.var("i32", aggregateOf(address).get(), "known");
    const at = c.var("i32", list.first(), "at");
    c.while(
      () => at.get(),
      () => {
        const other = at.get();
        at.set(staged(c, packetDescriptor, other).next.get());
        c.if(heldHeader(c, other, config).identification.stored.get().eq(id), () =>
          c.if(
            known.get(),
            () => {
              aggregateOf(other).set(known.get());
              paintOf(other).set(paintOf(address).get());
            },
            () => {
              const number = aggregateOf(other).get();
              c.if(number, () => {
                known.set(number);
                aggregateOf(address).set(number);
                paintOf(address).set(paintOf(other).get());
                c.break();
              });
            },
          ),
        );
      },
    );
    packets.take(address, (packet) => {
      c.if(
        known.get(),
        () => {
          const none = c.i32(0);
          const flow = state.flows.find([known.get(), none, none, none]);
          const header = heldHeader(c, address, config);
          c.if(flow, () => seen(c, packet, header, state.flows.entryOf(flow), context));
          output(0).push(packet);
        },
        () => packet.drop("no first fragment"),
      );
    });
  });
}

const { annotations } = packetDescriptor.offsets;

/** The header that said which flow a packet at rest belongs to. */
function heldHeader(c: FunctionBuilder, address: I32, { ICMP }: FlowConfig): IpHeader {
  const { network, transport } = staged(c, packetDescriptor, address);
  const own = span(c, network.get(), ipv4.size).header(ipv4, "stated");
  if (!ICMP) return own;
  const about = transport.get().add(messageSize);
  return span(c, c.select(own.protocol.get().eq(ipProtocols.icmp), about, network.get()), ipv4.size).header(
    ipv4,
    "stated",
  );
}
function secondsOf(c: FunctionBuilder, address: I32): I32 {
  return staged(c, packetDescriptor, address).timestamp.get().divU(second).toI32();
}
