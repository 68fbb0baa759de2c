/** Takes bytes off the front of packets, as Click's `Packet::pull`. */
import type { ElementContext, Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";

/** Of a packet that is shorter nothing is left; a message says so. */
export function strip(
  c: FunctionBuilder,
  packet: Packet,
  bytes: number | I32,
  line: ElementContext<any, any, any>["line"],
): void {
  const count = c.i32(bytes);
  c.if(
    packet.length.geU(count),
    () => packet.pull(count),
    () => {
      line().text("Packet::pull ").signed(count).text(" > length ").decimal(packet.length).end();
      packet.pull(packet.length);
    },
  );
}
