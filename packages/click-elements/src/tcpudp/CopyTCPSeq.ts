/**
 * CopyTCPSeq — gives TCP packets the highest sequence number of others.
 *
 * Packets that come in on input 0 leave unchanged on output 0, and their highest sequence number is kept; packets that come in on input 1 get
 * it, and leave on output 1. Both kinds must have an IP header marked, and a TCP header behind it; others are dropped. Checksums are not
 * brought up to date: SetTCPChecksum does that.
 *
 * Handlers: reset (write): the next packet's number on input 0 is kept, whatever it is.
 *
 *   c :: CopyTCPSeq; ... -> [0] c [0] -> ...; ... -> [1] c [1] -> SetTCPChecksum -> ...
 */
import { arg, type ElementClass, type ElementContext, element, type Packet, rest } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { u32 } from "@clickos/layout";
import { tcp } from "@clickos/wire/tcp";
import { transportOf } from "../lib/headers.ts";

const state = { known: u32, highest: u32 };
type State = typeof state;

function copyNumber(
  c: FunctionBuilder,
  port: number,
  packet: Packet,
  { state }: ElementContext<unknown, unknown, State>,
): void {
  c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
  const { sequenceNumber } = transportOf(packet).header(tcp, () => packet.drop("no TCP header"));
  if (port === 0) {
    const isHigher = sequenceNumber.get().sub(state.highest.get()).gtS(0);
    c.if(state.known.get().eqz().or(isHigher), () => {
      state.known.set(1);
      state.highest.set(sequenceNumber.get());
    });
  } else sequenceNumber.set(state.highest.get());
}

export const CopyTCPSeq: ElementClass = element({
  name: "CopyTCPSeq",
  ports: "2/2",
  processing: "a/a",
  config: { ARGUMENTS: rest(arg.raw) },
  state,
  handlers: {
    reset: {
      write(s) {
        s.known = 0;
      },
    },
  },
  push(c, port, packet, context) {
    copyNumber(c, port, packet, context);
    context.output(port).push(packet);
  },
  pull(c, port, context) {
    context.input(port).pull((packet) => {
      copyNumber(c, port, packet, context);
      context.output(port).push(packet);
    });
  },
});
