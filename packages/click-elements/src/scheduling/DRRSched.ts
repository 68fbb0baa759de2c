/**
 * DRRSched([QUANTUM]) — pulls from its inputs by deficit round robin.
 *
 * Inputs have their turns one after another. An input's deficit, in bytes, grows by QUANTUM (500 by default) when its turn comes, and
 * shrinks by the length of each packet that it gives; its turn is over when the next packet is longer than what is left, and that
 * packet waits here. An input without packets loses its deficit. So each gets the same bandwidth, whatever the length of its packets.
 *
 *   ... -> Queue -> [0] s :: DRRSched; ... -> Queue -> [1] s; s -> Unqueue -> ...
 *
 * Shreedhar and Varghese, Efficient Fair Queuing using Deficit Round Robin, 1995.
 */
import { arg, type ElementClass, element, packetDescriptor, packetRing, positional } from "@clickos/click-core/element";
import { array, u32 } from "@clickos/layout";

/** As many packets that wait here have buffers of their own; those of more inputs take the others'. */
const usualInputs = 64;

export const DRRSched: ElementClass = element({
  name: "DRRSched",
  ports: "-/1",
  processing: "l/l",
  config: { QUANTUM: positional(arg.i32, 500) },
  prepare({ config, error }) {
    if (config.QUANTUM <= 0) error("bad QUANTUM");
  },
  holds: () => usualInputs,
  state: ({ ninputs }) => ({
    ...Object.fromEntries(Array.from({ length: ninputs }, (_, i) => [`held${i}`, packetRing(1)])),
    deficit: array(u32, Math.max(ninputs, 1)),
    next: u32,
  }),
  notifier: { empty: true, through: true },
  pull(c, _port, { state: fields, config, input, output, packets, ninputs, mayPull, emptyNote, exact }) {
    // Fields by the number of an input are not known by name.
    const state = fields as any;
    const { deficit, next } = state;
    const turns = c.var("i32", ninputs, "turns");
    const signals = c.var("i32", 0, "signals");
    const holds = c.var("i32", 0, "holds");
    const answer = (i: number, answered: () => void): void => {
      const held = state[`held${i}`];
      const own = deficit.at(i);
      c.if(
        held.length(),
        () => signals.set(1),
        () =>
          c.if(mayPull(i), () => {
            signals.set(1);
            input(i).pull((packet) => held.append(packet.store()));
          }),
      );
      c.if(
        held.length(),
        () => {
          const length = c.load32(held.peek(), packetDescriptor.offsets.length);
          holds.set(1);
          c.if(length.leU(own.get()), () => {
            own.inc(c.i32(0).sub(length));
            packets.take(held.shift(), (packet) => output(0).push(packet));
            answered();
          });
        },
        () => own.set(0),
      );
    };
    c.loop(() => {
      // In Click, who pulls asks again where a round was not enough for any packet.
      if (!exact)
        c.if(turns.get().eqz().and(holds.get()), () => {
          turns.set(ninputs);
          holds.set(0);
        });
      c.if(turns.get().leS(0), () => c.break());
      turns.inc(-1);
      const port = next.get();
      c.switch(
        port,
        Array.from({ length: ninputs }, (_, i) => () => answer(i, () => turns.set(-1))),
      );
      c.if(turns.get().geS(0), () => {
        const following = c.select(port.add(1).geU(ninputs), c.i32(0), port.add(1));
        next.set(following);
        deficit.at(following).inc(config.QUANTUM);
      });
    });
    c.if(
      signals.get(),
      () => emptyNote.wake(),
      () => emptyNote.sleep(),
    );
  },
});
