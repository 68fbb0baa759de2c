/** Elements that keep something of the packets of input 0, and give it to those of input 1. */
import { arg, type ElementClass, type ElementContext, element, type Packet, rest } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { type U32Field, u32 } from "@clickos/layout";

export interface CarryOver<S> {
  readonly name: string;
  /** What is kept, beside whether anything is. */
  readonly state: S;
  /** Checks a packet that has its IP header marked, and keeps something of it (input 0), or gives it what is kept (input 1). */
  carry(c: FunctionBuilder, port: number, packet: Packet, state: CarryOverContext<S>["state"]): void;
}
type CarryOverContext<S> = ElementContext<unknown, unknown, S & { known: U32Field }>;

const reset = { write: (s: { known: number }) => void (s.known = 0) };

/** `reset` has the next packet of input 0 be the first again: `known` is 0 then. */
export function carryOver<S extends Record<string, U32Field>>({ name, state, carry }: CarryOver<S>): ElementClass {
  const pass = (c: FunctionBuilder, port: number, packet: Packet, context: CarryOverContext<S>): void => {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    carry(c, port, packet, context.state);
    context.output(port).push(packet);
  };
  return element({
    name,
    ports: "2/2",
    processing: "a/a",
    config: { ARGUMENTS: rest(arg.raw) },
    state: { ...state, known: u32 },
    handlers: { reset },
    push: (c, port, packet, context) => pass(c, port, packet, context),
    pull: (c, port, context) => context.input(port).pull((packet) => pass(c, port, packet, context)),
  });
}
