/**
 * SchedOrderTest(ID [, keywords SIZE, LIMIT, STOP]) — remembers in which order tasks had their turns.
 *
 * All elements of the class write their IDs into one list, whenever they are scheduled, until it has as many as the largest SIZE, 1024 by
 * default. An element is scheduled LIMIT times, for ever where that is 0, the default. One whose STOP is true asks the driver to stop when the
 * list is full.
 *
 * Handlers: order (read): the list.
 *
 *   ScheduleInfo(a 2, b 1); a :: SchedOrderTest(1, SIZE 12, STOP true); b :: SchedOrderTest(2)
 */
import {
  anew,
  arg,
  type ElementClass,
  element,
  heapOf,
  keyword,
  type PeerInterface,
  peerInterface,
  required,
} from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { u32 } from "@clickos/layout";

const usualSize = 1024;
/** 16 MiB. */
const largestSize = 1 << 22;
const idSize = 4;

/** The list, which the first element of the class has. */
interface StagedList {
  /** Says how long the list is to be, before anything is written. */
  want(size: number): void;
  /** Writes an ID; 0 where the list is full. */
  add(id: number): I32;
}
const TurnList: PeerInterface<StagedList, { read(data: DataView): number[] }> = peerInterface("TurnList");

const state = { list: anew(u32), size: anew(u32), length: anew(u32), turns: u32 };

export const SchedOrderTest: ElementClass = element({
  name: "SchedOrderTest",
  ports: "0/0",
  processing: "a/a",
  config: {
    ID: required(arg.i32),
    SIZE: keyword(arg.i32, 0),
    STOP: keyword(arg.bool, false),
    LIMIT: keyword(arg.u32, 0),
  },
  prepare({ config, error }) {
    if (config.SIZE < 0 || config.SIZE > largestSize) error(`SIZE must be between 0 and ${largestSize}`);
  },
  state,
  offers: (offer) => [
    offer(
      TurnList,
      (c, { state }) => ({
        want: (size) => c.if(state.size.get().ltU(size), () => state.size.set(size)),
        add(id) {
          c.if(state.list.get().eqz(), () => {
            c.if(state.size.get().eqz(), () => state.size.set(usualSize));
            state.list.set(heapOf(c).allocate(c, state.size.get().mul(idSize)));
          });
          const isRoom = state.list.get().ne(0).and(state.length.get().ltU(state.size.get()));
          c.if(isRoom, () => {
            c.store32(state.list.get().add(state.length.get().mul(idSize)), id);
            state.length.inc();
          });
          return isRoom;
        },
      }),
      (s) => ({
        read: (data) => Array.from({ length: s.length }, (_, i) => data.getInt32(s.list + i * idSize, true)),
      }),
    ),
  ],
  peers: (search) => search.every(TurnList),
  handlers: {
    order: {
      read: (_s, { peers, peer, heap }) => {
        const [first] = peers;
        return first ? `${peer(first).read(heap.data).join(" ")}\n` : "\n";
      },
    },
  },
  endless: ({ LIMIT }) => LIMIT === 0,
  init(_c, { config, peers, peer }) {
    const [first] = peers;
    if (first) peer(first).want(config.SIZE);
  },
  task(c, { config, state, peers, peer, task, stop }) {
    const [first] = peers;
    if (first) {
      const added = c.var("i32", peer(first).add(config.ID), "added");
      if (config.STOP) c.if(added.get().eqz(), () => stop());
    }
    if (config.LIMIT > 0) {
      state.turns.inc();
      c.if(state.turns.get().geU(config.LIMIT), () => task.unschedule());
    }
    return c.i32(1);
  },
});
