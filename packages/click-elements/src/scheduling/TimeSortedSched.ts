/**
 * TimeSortedSched([keywords STOP, BUFFER]) — merges its inputs by timestamp.
 *
 * Holds up to BUFFER packets of each input, 1 by default, and gives the one with the earliest timestamp. Packets of one
 * input that are out of order by less than BUFFER come out in order. With STOP true, asks the driver to
 * stop when it has none left and there are none behind its inputs.
 *
 * Handlers: well_ordered (read): whether the packets given so far were in order of time.
 *
 *   FromDump(a.pcap) -> Queue -> [0] t :: TimeSortedSched; FromDump(b.pcap) -> Queue -> [1] t; t -> ToDump(ab.pcap);
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  keyword,
  packetDescriptor,
  packetHeap,
} from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { array, struct, u32, u64 } from "@clickos/layout";
import { mostPackets } from "../lib/storage.ts";

/** By input, how many packets more of it may be held; and the inputs that have room, looked at from behind. */
const roomOf = (inputs: number, buffer: number) =>
  struct(
    { space: array(u32, Math.max(inputs, 1)), ready: array(u32, Math.max(inputs, 1)), readyCount: u32 },
    // Where another one takes its place, it goes over together with the packets, or not at all.
    { name: `room[${inputs}, ${buffer}]` },
  );

const stateOf = (inputs: number, buffer: number) => ({
  room: roomOf(inputs, buffer),
  held: packetHeap(inputs * buffer, Math.max(inputs, 1)),
  last: u64,
  disordered: u32,
});

export const TimeSortedSched: ElementClass = element({
  name: "TimeSortedSched",
  ports: "-/1",
  processing: "l/l",
  config: { STOP: keyword(arg.bool, false), BUFFER: keyword(arg.i32, 1) },
  prepare({ config, ninputs, error }) {
    if (config.BUFFER <= 0) error("BUFFER must be at least 1");
    else if (config.BUFFER * ninputs > mostPackets) error(`more than ${mostPackets} packets cannot be held`);
  },
  holds: ({ BUFFER }, ninputs) => BUFFER * ninputs,
  state: ({ config, ninputs }) => stateOf(ninputs, Math.max(config.BUFFER, 0)),
  handlers: { well_ordered: { kind: "flag", flags: "c", read: (s) => s.disordered === 0 } },
  notifier: { empty: true, through: true },
  init(_c, { state: { room }, config, ninputs }) {
    for (let i = 0; i < ninputs; i++) {
      room.space.at(i).set(config.BUFFER);
      room.ready.at(i).set(i);
    }
    room.readyCount.set(ninputs);
  },
  pull(c, _port, context) {
    const { state, packets, output, config, stop, emptyNote } = context;
    const { space, ready, readyCount } = state.room;
    const awake = fill(c, context);
    const any = state.held.length();
    c.if(
      any.or(awake),
      () => emptyNote.wake(),
      () => emptyNote.sleep(),
    );
    c.if(
      any,
      () => {
        const { address, tag } = state.held.pop();
        const time = staged(c, packetDescriptor, address).timestamp.get();
        c.if(time.ne(0n), () => {
          c.if(time.ltU(state.last.get()), () => state.disordered.set(1));
          state.last.set(time);
        });
        space.at(tag).inc();
        c.if(space.at(tag).get().eq(1), () => {
          ready.at(readyCount.get()).set(tag);
          readyCount.inc();
        });
        packets.take(address, (packet) => output(0).push(packet));
      },
      () => {
        if (config.STOP) c.if(awake.eqz(), () => stop());
      },
    );
  },
});

/** Takes packets from the inputs that there is space for; whether any of these may have some. */
function fill(
  c: FunctionBuilder,
  {
    state,
    input,
    ninputs,
    mayPull,
  }: Pick<ElementContext<unknown, unknown, ReturnType<typeof stateOf>>, "state" | "input" | "ninputs" | "mayPull">,
): I32 {
  const awake = c.var("i32", 0, "awake");
  const { held } = state;
  const { ready, readyCount, space } = state.room;
  const position = c.var("i32", readyCount.get(), "position");
  const fillFrom = (port: number): void =>
    c.if(mayPull(port), () => {
      awake.set(1);
      c.loop(() =>
        input(port).pull(
          (packet) => {
            const time = packet.timestamp.get();
            held.push(packet.store(), time, port);
            const left = space.at(port);
            left.inc(-1);
            c.if(left.get().eqz(), () => {
              readyCount.inc(-1);
              ready.at(position.get()).set(ready.at(readyCount.get()).get());
              c.break();
            });
          },
          () => c.break(),
        ),
      );
    });
  c.while(
    () => position.get().ne(0),
    () => {
      position.inc(-1);
      c.switch(
        ready.at(position.get()).get(),
        Array.from({ length: ninputs }, (_, port) => () => fillFrom(port)),
      );
    },
  );
  return awake.get();
}
