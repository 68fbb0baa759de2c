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
import type { ElementClass } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { tcp } from "@clickos/wire/tcp";
import { carryOver } from "../lib/carry-over.ts";
import { transportOf } from "../lib/headers.ts";

export const CopyTCPSeq: ElementClass = carryOver({
  name: "CopyTCPSeq",
  state: { highest: u32 },
  carry(c, port, packet, state) {
    const { sequenceNumber } = transportOf(packet).header(tcp, () => packet.drop("no TCP header"));
    if (port === 0) {
      const isHigher = sequenceNumber.get().sub(state.highest.get()).gtS(0);
      c.if(state.known.get().eqz().or(isHigher), () => {
        state.known.set(1);
        state.highest.set(sequenceNumber.get());
      });
    } else sequenceNumber.set(state.highest.get());
  },
});
