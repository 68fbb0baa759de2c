/**
 * CopyFlowID — gives packets the addresses and ports of another flow.
 *
 * The addresses and ports of the first packet that comes in on input 0 are kept; packets that come in on input 1 get them, and leave on
 * output 1. What comes in on input 0 leaves unchanged on output 0. Both kinds must have an IP header marked, and a TCP or UDP header
 * behind it. Checksums are not brought up to date: SetIPChecksum and SetTCPChecksum do that. What is too short for its headers is dropped.
 *
 * Handlers: reset (write): the next packet of input 0 is the one whose flow is kept.
 *
 *   c :: CopyFlowID; ... -> [0] c [0] -> ...; ... -> [1] c [1] -> SetIPChecksum -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { udp } from "@clickos/wire/udp";
import { carryOver } from "../lib/carry-over.ts";
import { transportOf } from "../lib/headers.ts";

export const CopyFlowID: ElementClass = carryOver({
  name: "CopyFlowID",
  /** As they are stored in packets. */
  state: { source: u32, destination: u32, ports: u32 },
  carry(c, port, packet, state) {
    const { ip } = packet;
    const bytes = transportOf(packet).need(udp.fields.ports.size, () => packet.drop("no TCP or UDP header"));
    const { ports } = bytes.header(udp, "stated");
    if (port === 0)
      c.if(state.known.get().eqz(), () => {
        state.known.set(1);
        state.source.set(ip.source.stored.get());
        state.destination.set(ip.destination.stored.get());
        state.ports.set(ports.stored.get());
      });
    else {
      ip.source.stored.set(state.source.get());
      ip.destination.stored.set(state.destination.get());
      ports.stored.set(state.ports.get());
    }
  },
});
