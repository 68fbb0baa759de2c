/**
 * IncrementSeqNo([keywords OFFSET, FIRST, NET_BYTE_ORDER]) — numbers packets.
 *
 * Writes a number of four bytes into each packet, at OFFSET bytes, 0 by default: FIRST, 0 by default, into the first packet, and one more into each
 * that follows. It is little-endian unless NET_BYTE_ORDER is true. A packet that has no room for it passes as it is, and a message says so.
 *
 * Handlers: seq (read, write): the next number.
 *
 *   ... -> IncrementSeqNo(OFFSET 42, NET_BYTE_ORDER true) -> ...
 */
import { arg, type ElementClass, element, keyword, maximumLargeFrame } from "@clickos/click-core/element";
import { staged } from "@clickos/codegen";
import { u32, u32be } from "@clickos/layout";
import { readAs } from "../lib/handlers.ts";

const numberSize = 4;

export const IncrementSeqNo: ElementClass = element({
  name: "IncrementSeqNo",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    OFFSET: keyword(arg.u32, 0),
    FIRST: keyword(arg.u32, 0),
    NET_BYTE_ORDER: keyword(arg.bool, false),
  },
  state: { next: u32 },
  initial: ({ config }) => ({ next: config.FIRST }),
  handlers: {
    seq: {
      gauge: "next",
      write(s, text) {
        s.next = readAs(arg.u32, text, "seq must be unsigned");
      },
    },
  },
  action(c, packet, { name, config, state, line }) {
    const offset = Math.min(config.OFFSET, maximumLargeFrame);
    c.if(
      packet.length.ltU(offset + numberSize),
      () =>
        line()
          .text(`IncrementSeqNo ${name}: packet of `)
          .decimal(packet.length)
          .text(` bytes is too small to hold sequence number at offset ${config.OFFSET}`)
          .end(),
      () => {
        const number = state.next.get();
        staged(c, config.NET_BYTE_ORDER ? u32be : u32, packet.data.add(offset)).set(number);
        state.next.set(number.add(1));
      },
    );
  },
});
