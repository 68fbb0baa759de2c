/** No wake-up is lost: every interleaving of the real code's atomic operations, in small cases. */
import {
  createEventChannels,
  type EventEndpoint,
  type EventWords,
  sendEvent,
  takePending,
  twoLevels,
} from "@clickos/xen-evtchn";
import { describe, expect, it } from "vitest";
import { explore } from "./explore.ts";

interface World {
  readonly memory: Int32Array[];
  readonly from: EventEndpoint;
  readonly to: EventEndpoint;
  readonly local: number[];
  readonly remote: number[];
  readonly events: ReturnType<typeof createEventChannels>;
  /** The word that says that the receiver is to be run. */
  readonly runnable: Int32Array;
}

/** A sender and a receiver with channels between them; to wake the receiver is to set a word, as schedulers do. */
function world(ports: number, words: EventWords = twoLevels): World {
  const events = createEventChannels();
  const runnable = new Int32Array(new SharedArrayBuffer(4));
  const page = (): SharedArrayBuffer => new SharedArrayBuffer(4096);
  const from = events.attach({ id: 1, sharedInfo: { buffer: page(), offset: 0 }, portLimit: 4, wake() {} });
  const to = events.attach({
    id: 2,
    sharedInfo: { buffer: page(), offset: 0 },
    words,
    portLimit: 4,
    wake: () => Atomics.store(runnable, 0, 1),
  });
  const remote = Array.from({ length: ports }, () => events.allocUnbound(2, 1));
  const local = remote.map((port) => events.bindInterdomain(1, 2, port));
  takePending(from.sharedInfo);
  return {
    events,
    from,
    to,
    local,
    remote,
    runnable,
    memory: [from, to].flatMap((e) => [e.sharedInfo, e.channels]).concat(runnable),
  };
}

const find = (w: World) => (id: number) => (id === 2 ? w.to : w.from);
const send = (w: World, i: number) => () => sendEvent(w.from, w.local[i]!, find(w));
/** A turn of the receiver: only when it is to be run. */
const turn = (w: World) => () =>
  Atomics.exchange(w.runnable, 0, 0) === 1 ? takePending(w.to.sharedInfo, w.to.at) : [];
/** Three levels, for few ports: states are copied at each step. */
const small: EventWords = { upcall: 0, summary: 1, selector: 2, pending: 4, mask: 8, ports: 4096, words: 16 };
/** What comes in turns after the end, as the scheduler would give them. */
const rest = (w: World): number[] => turn(w)();

describe("no wake-up is lost in any interleaving", () => {
  it("of one send and one turn", () => {
    const w = world(1);
    const { ends } = explore(w.memory, [send(w, 0), turn(w)], ([sent, took]) => {
      expect(sent).toBe(true);
      expect([...(took as number[]), ...rest(w)]).toEqual([w.remote[0]]);
    });
    expect(ends).toBeGreaterThan(1);
  });

  it("of a send, and a turn that finds an earlier one", () => {
    const w = world(1);
    send(w, 0)();
    explore(w.memory, [send(w, 0), turn(w)], ([, took]) => {
      const all = [...(took as number[]), ...rest(w)];
      expect(all.length === 1 || all.length === 2).toBe(true);
      // The bit is clear: who looks has seen it.
      expect(takePending(w.to.sharedInfo, w.to.at)).toEqual([]);
    });
  });

  it("of sends to two ports by two threads, and a turn", () => {
    const w = world(2);
    const { states } = explore(w.memory, [send(w, 0), send(w, 1), turn(w)], ([, , took]) => {
      expect([...(took as number[]), ...rest(w)].sort()).toEqual([...w.remote].sort());
    });
    expect(states).toBeGreaterThan(1000);
  });

  it("of two senders to the same port: coalesced, never lost", () => {
    const w = world(1);
    explore(w.memory, [send(w, 0), send(w, 0), turn(w)], ([, , took]) => {
      const all = [...(took as number[]), ...rest(w)];
      expect(new Set(all)).toEqual(new Set(w.remote));
      expect(w.events.statistics(2, w.remote[0]!).sent).toBe(2);
    });
  });

  it("of sends by two threads and a turn, with three levels", () => {
    const w = world(2, small);
    const { ends } = explore(w.memory, [send(w, 0), send(w, 1), turn(w)], ([, , took]) => {
      expect([...(took as number[]), ...rest(w)].sort()).toEqual(w.remote);
    });
    expect(ends).toBeGreaterThan(10);
  });

  it("of a send and an unmask", () => {
    const w = world(1);
    w.events.mask(2, w.remote[0]!);
    explore(w.memory, [send(w, 0), () => w.events.unmask(2, w.remote[0]!)], () => {
      expect(rest(w)).toEqual(w.remote);
    });
  });

  it("of a send, an unmask and a turn", () => {
    const w = world(1);
    w.events.mask(2, w.remote[0]!);
    explore(w.memory, [send(w, 0), () => w.events.unmask(2, w.remote[0]!), turn(w)], ([, , took]) => {
      expect([...(took as number[]), ...rest(w)]).toEqual(w.remote);
    });
  });

  it("finds a sender that wakes before it sets the bit", () => {
    const w = world(1);
    const wrong = (): void => {
      w.to.wake();
      Atomics.or(w.to.sharedInfo, 512, 1 << w.remote[0]!);
      Atomics.or(w.to.sharedInfo, 2, 1);
      Atomics.or(w.to.sharedInfo, 0, 1);
    };
    expect(() =>
      explore(w.memory, [wrong, turn(w)], ([, took]) => {
        expect([...(took as number[]), ...rest(w)]).toEqual(w.remote);
      }),
    ).toThrow();
  });
});
