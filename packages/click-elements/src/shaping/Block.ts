/**
 * Block(THRESH) — sends packets of sources that are too fast to another output.
 *
 * Packets whose forward rate annotation, a number with a sign, is at most THRESH leave on output 0, and others on output 1. With
 * THRESH 0 all leave on output 0.
 *
 * Handlers: thresh (read, write).
 *
 *   ... -> b :: Block(1000) -> ...; b [1] -> Discard
 */
import { annotation, arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { readValue } from "../lib/handlers.ts";

export const Block: ElementClass = element({
  name: "Block",
  ports: "1/2",
  processing: "h/h",
  config: { THRESH: required(arg.i32) },
  state: { thresh: u32 },
  initial: ({ config }) => ({ thresh: config.THRESH >>> 0 }),
  handlers: {
    thresh: {
      gauge: "thresh",
      signed: true,
      write(s, text) {
        if (text.trim() === "") throw "expecting 1 integer";
        s.thresh = readValue(arg.i32, text, "not an integer") >>> 0;
      },
    },
  },
  push(c, _port, packet, { state, output }) {
    const most = state.thresh.get();
    const over = packet.annotation32(annotation.forwardRate).get().gtS(most);
    c.if(most.ne(0).and(over), () => output(1).push(packet));
    output(0).push(packet);
  },
});
