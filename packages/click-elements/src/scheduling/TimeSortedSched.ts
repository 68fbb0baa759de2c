/**
 * TimeSortedSched([keywords STOP, BUFFER]) — merges its inputs by timestamp.
 *
 * Holds a packet of each input and gives the one with the earliest timestamp. With STOP true, asks the driver to
 * stop when all inputs have run dry. BUFFER is accepted with a warning: one packet an input is held.
 *
 * Handlers: well_ordered (read): whether the packets given so far were in order of time.
 *
 *   FromDump(a.pcap) -> Queue -> [0] t :: TimeSortedSched; FromDump(b.pcap) -> Queue -> [1] t; t -> ToDump(ab.pcap);
 */
import {
  accepted,
  arg,
  type ElementClass,
  element,
  keyword,
  packetDescriptor,
  packetRing,
} from "@clickos/click-core/element";
import { u32, u64 } from "@clickos/layout";

const maximumInputs = 64;

export const TimeSortedSched: ElementClass = element({
  name: "TimeSortedSched",
  ports: "-/1",
  processing: "l/l",
  config: {
    STOP: keyword(arg.bool, false),
    BUFFER: accepted(arg.u32, "one packet of each input is held"),
  },
  prepare({ ninputs, error }) {
    if (ninputs > maximumInputs) error(`${ninputs} inputs are more than ${maximumInputs}`);
  },
  holds: () => maximumInputs,
  state: ({ ninputs }) => ({
    ...Object.fromEntries(Array.from({ length: ninputs }, (_, i) => [`held${i}`, packetRing(1)])),
    last: u64,
    disordered: u32,
    stopped: u32,
  }),
  handlers: {
    well_ordered: { kind: "flag", flags: "c", read: (s) => (s as unknown as { disordered: number }).disordered === 0 },
  },
  notifier: { empty: true, through: true },
  pull(c, _port, context) {
    const { input, output, packets, ninputs, config, stop, mayPull, emptyNote } = context;
    const state = context.state as any;
    const best = c.var("i32", -1, "best");
    const earliest = c.var("i64", 0n, "earliest");
    for (let i = 0; i < ninputs; i++) {
      const held = state[`held${i}`];
      c.if(held.length().eqz(), () => {
        input(i).pull((packet) => held.push(packet, (rejected: typeof packet) => rejected.kill()));
      });
      c.if(held.length(), () => {
        const time = c.load64(held.peek(), packetDescriptor.offsets.timestamp);
        c.if(best.get().eq(-1).or(time.ltU(earliest.get())), () => {
          best.set(i);
          earliest.set(time);
        });
      });
    }
    let more = c.i32(0);
    for (let i = 0; i < ninputs; i++) more = more.or(mayPull(i));
    c.if(best.get().eq(-1).and(more.eqz()), () => {
      emptyNote.sleep();
      if (config.STOP)
        c.if(state.stopped.get().eqz(), () => {
          state.stopped.set(1);
          stop();
        });
    });
    c.if(best.get().ne(-1), () => {
      c.if(earliest.get().ltU(state.last.get()), () => state.disordered.set(1));
      state.last.set(earliest.get());
      const taken = c.var("i32", 0, "taken");
      c.switch(
        best.get(),
        Array.from({ length: ninputs }, (_, i) => () => taken.set(state[`held${i}`].shift())),
      );
      packets.take(taken.get(), (packet) => output(0).push(packet));
    });
  },
});
