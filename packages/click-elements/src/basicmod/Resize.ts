/**
 * Resize([HEAD, TAIL]) — makes packets longer or shorter at both ends.
 *
 * HEAD bytes are put before the packet's data, TAIL bytes behind them: those that are in its buffer there. Where a number is below
 * 0, as many are taken off, or all that there are. A packet without room for them moves to a larger buffer.
 *
 * Handlers: head, tail (read, write).
 *
 *   ... -> Resize(-14, -4) -> ...
 */
import { arg, type ElementClass, element, live, positional } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";

const size = live(arg.i32, { written() {} });

export const Resize: ElementClass = element({
  name: "Resize",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { HEAD: positional(size, 0), TAIL: positional(size, 0) },
  action(c, packet, { state, packets, output }) {
    const [head, tail] = [state.head.get(), state.tail.get()];
    const more = (n: I32): I32 => c.select(n.gtS(0), n, c.i32(0));
    const fewer = (n: I32, most: I32): I32 => {
      const less = more(c.i32(0).sub(n));
      return c.select(less.ltU(most), less, most);
    };
    packets.room(packet, { head: more(head), tail: more(tail) }, (packet) => {
      packet.unpull(more(head));
      packet.pull(fewer(head, packet.length));
      packet.setLength(packet.length.add(more(tail)));
      packet.setLength(packet.length.sub(fewer(tail, packet.length)));
      output(0).push(packet);
    });
  },
});
