import {
  createEventChannels,
  type EventChannels,
  EventError,
  type EvtchnPort,
  portCount,
  sharedInfo,
  takePending,
  threeLevels,
  widePortCount,
} from "@clickos/xen-evtchn";
import { describe, expect, it } from "vitest";

function rig(portLimit?: number): { events: EventChannels; woken: () => number; page: SharedArrayBuffer } {
  const events = createEventChannels();
  let wakes = 0;
  const page = new SharedArrayBuffer(4096);
  for (const id of [0, 1, 2])
    events.attach({
      id,
      sharedInfo: { buffer: id === 2 ? page : new SharedArrayBuffer(4096), offset: 0 },
      ...(portLimit === undefined ? {} : { portLimit }),
      wake: () => {
        if (id === 2) wakes++;
      },
    });
  return { events, woken: () => wakes, page };
}

const code = (run: () => unknown): string => {
  try {
    run();
    return "fine";
  } catch (e) {
    return e instanceof EventError ? e.code : "other";
  }
};

describe("ports", () => {
  it("an IPI comes in where it was sent", () => {
    const { events, woken } = rig();
    const port = events.bindIpi(2, 0);
    expect(events.status(2, port)).toEqual({ state: "ipi", vcpu: 0 });
    expect([events.send(2, port), woken(), events.takePending(2)]).toEqual([true, 1, [port]]);
    events.close(2, port);
    expect(events.send(2, port)).toBe(false);
  });

  it("are limited, and free again when they are closed", () => {
    const { events } = rig(3);
    const ports = [0, 1, 2].map(() => events.allocUnbound(2, 1));
    expect(code(() => events.allocUnbound(2, 1))).toBe("NO_SPACE");
    events.close(2, ports[1] as EvtchnPort);
    expect(code(() => events.bindVirq(2, 0))).toBe("fine");
    events.reset(2);
    expect(ports.map((p) => events.status(2, p).state)).toEqual(["closed", "closed", "closed"]);
    const all = rig();
    for (let i = 1; i < portCount; i++) all.events.bindIpi(2, 0);
    expect(code(() => all.events.bindIpi(2, 0))).toBe("NO_SPACE");
  });

  it("count what came, what came together, and what came while masked", () => {
    const { events } = rig();
    const port = events.bindIpi(2, 0);
    events.send(2, port);
    events.send(2, port);
    events.takePending(2);
    events.mask(2, port);
    events.send(2, port);
    events.send(2, port);
    expect(events.statistics(2, port)).toEqual({ sent: 4, coalesced: 2, masked: 1 });
    expect(code(() => events.statistics(2, 9 as EvtchnPort))).toBe("NO_PORT");
  });

  it("reset leaves the other ends unbound", () => {
    const { events } = rig();
    const remote = events.allocUnbound(1, 2);
    const local = events.bindInterdomain(2, 1, remote);
    events.reset(2);
    expect([events.status(1, remote), events.status(2, local)]).toEqual([
      { state: "unbound", remote: 2 },
      { state: "closed" },
    ]);
  });
});

/** Runs `body` with `other` called before the n-th atomic operation; whether there are so many. */
function interrupted(body: () => void, n: number, other: () => void): boolean {
  const real = { or: Atomics.or, and: Atomics.and, load: Atomics.load, exchange: Atomics.exchange };
  let count = 0;
  let done = false;
  for (const name of Object.keys(real) as (keyof typeof real)[])
    Atomics[name] = ((...args: [Int32Array, number, number]) => {
      if (count++ === n && !done) {
        done = true;
        other();
      }
      return (real[name] as (...a: unknown[]) => number)(...args);
    }) as never;
  try {
    body();
  } finally {
    Object.assign(Atomics, real);
  }
  return done;
}

describe("no wake-up is lost", () => {
  // Wherever one side is interrupted by the whole of the other, an event that was sent is either taken, or its bits
  // stand so that the next look finds it: pending, selected, the upcall flag up, and the receiver woken.
  const settle = (
    run: (events: EventChannels, port: EvtchnPort, page: SharedArrayBuffer, taken: number[]) => boolean,
  ): number => {
    let cases = 0;
    for (;;) {
      const { events, woken, page } = rig();
      const port = events.bindIpi(2, 0);
      const taken: number[] = [];
      const before = woken();
      const more = run(events, port, page, taken);
      if (!more) return cases;
      cases++;
      const view = sharedInfo.view(page, 0);
      if (taken.length === 0) {
        expect(view.evtchnPending[0]).toBe(1n << BigInt(port));
        expect([view.vcpu[0]?.upcallPending, view.vcpu[0]?.pendingSel]).toEqual([1, 1n]);
        expect(woken()).toBeGreaterThan(before);
      }
      // The next look takes it, once.
      taken.push(...events.takePending(2));
      expect(taken).toEqual([port]);
      // And events sent from here on are told of again.
      const after = woken();
      events.send(2, port);
      expect([woken() - after, events.takePending(2)]).toEqual([1, [port]]);
    }
  };

  it("when the receiver looks in the middle of a send", () => {
    let n = 0;
    const cases = settle((events, port, _page, taken) =>
      interrupted(
        () => events.send(2, port),
        n++,
        () => taken.push(...events.takePending(2)),
      ),
    );
    expect(cases).toBeGreaterThanOrEqual(4);
  });

  it("when a send comes in the middle of a look", () => {
    let n = 0;
    const cases = settle((events, port, _page, taken) =>
      interrupted(
        () => taken.push(...events.takePending(2)),
        n++,
        () => events.send(2, port),
      ),
    );
    expect(cases).toBeGreaterThanOrEqual(3);
  });
});

describe("a domain with three levels", () => {
  it("has channels with tens of thousands of others, and takes their events lowest first", () => {
    const events = createEventChannels();
    let wakes = 0;
    const buffer = new SharedArrayBuffer(threeLevels.words * 4);
    events.attach({ id: 0, sharedInfo: { buffer, offset: 0 }, words: threeLevels, wake: () => wakes++ });
    events.attach({ id: 1, sharedInfo: { buffer: new SharedArrayBuffer(4096), offset: 0 }, wake() {} });
    for (let i = 1; i < widePortCount; i++) events.bindIpi(0, 0);
    expect(code(() => events.bindIpi(0, 0))).toBe("NO_SPACE");
    const ports = [131_071, 70_000, 69_999, 4096, 4095, 2048, 64, 63, 1];
    for (const port of ports) events.send(0, port);
    expect(wakes).toBe(1);
    expect(events.takePending(0)).toEqual(ports.reverse());
    expect(events.takePending(0)).toEqual([]);
    events.mask(0, 131_071);
    events.send(0, 131_071);
    expect(events.takePending(0)).toEqual([]);
    events.unmask(0, 131_071);
    expect(takePending(new Int32Array(buffer), threeLevels)).toEqual([131_071]);
    events.reset(0);
    expect(events.status(0, 131_071).state).toBe("closed");
  });
});
