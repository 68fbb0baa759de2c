/** The front end's half of the xenbus handshake against a store that is a script. */
import {
  type FrontDevice,
  type NetFront,
  runFrontend,
  type Waiting,
  type Xenbus,
  xenbusState,
} from "@clickos/netfront";
import { describe, expect, it } from "vitest";

const path = "device/vif/0";
const back = "/local/domain/0/backend/vif/1/0";
const { initialising, initWait, initialised, connected, closing, closed } = xenbusState;

/** A store that is a map; every operation waits for a turn first, and `failAt` is the number of one that throws. */
function scripted(options: { failAt?: number; split?: boolean; hold?: number } = {}) {
  const nodes = new Map<string, string>([
    [`${path}/backend`, back],
    [`${path}/backend-id`, "0"],
  ]);
  const log: string[] = [];
  const watches: { path: string; news: boolean }[] = [];
  let operations = 0;
  function* turn(): Waiting<void> {
    yield;
    if (operations++ === options.failAt) throw new Error("the store is gone");
  }
  const set = (key: string, value: string | undefined): void => {
    if (value === undefined) nodes.delete(key);
    else nodes.set(key, value);
    for (const w of watches) if (key.startsWith(w.path)) w.news = true;
  };
  const xenbus: Xenbus = {
    *read(key) {
      yield* turn();
      return nodes.get(key);
    },
    *write(key, value) {
      yield* turn();
      log.push(`${key.slice(path.length + 1)}=${value}`);
      set(key, value);
    },
    *watch(key) {
      yield* turn();
      const watch = { path: key, news: false };
      watches.push(watch);
      return {
        changed() {
          const { news } = watch;
          watch.news = false;
          return news;
        },
        end() {},
      };
    },
  };
  const devices: { front: { closes: number }; closedCalls: number; connectedCalls: number; backend: number }[] = [];
  let releases = options.hold ?? 0;
  const handshake = runFrontend(xenbus, {
    path,
    open(backend, offers) {
      const d = { front: { closes: 0 }, closedCalls: 0, connectedCalls: 0, backend };
      devices.push(d);
      const front = {
        keys: { "tx-ring-ref": "8", ...(offers("feature-persistent") ? { "feature-persistent": "1" } : {}) },
        close() {
          d.front.closes++;
          return --releases < 0;
        },
      } as unknown as NetFront;
      const device: FrontDevice & { d: typeof d } = {
        d,
        front,
        eventChannelTx: 3,
        eventChannelRx: options.split ? 4 : 3,
        closed: () => void d.closedCalls++,
      };
      return device;
    },
    connected: (device) => void (device as FrontDevice & { d: (typeof devices)[number] }).d.connectedCalls++,
  });
  /** Runs until nothing more happens. */
  const settle = (): void => {
    for (let i = 0; i < 100; i++) handshake.next();
  };
  return {
    nodes,
    devices,
    handshake,
    settle,
    /** The back end goes to a state, and the front end as far as it can. What it wrote. */
    state(value: number | string | undefined): string[] {
      log.length = 0;
      set(`${back}/state`, value === undefined ? undefined : String(value));
      settle();
      return [...log];
    },
    get operations() {
      return operations;
    },
  };
}

describe("the front end's handshake", () => {
  it("goes through the states with a back end that does", () => {
    const s = scripted();
    expect(s.state(initialising)).toEqual([]);
    expect(s.state(initWait)).toEqual(["tx-ring-ref=8", "event-channel=3", `state=${initialised}`]);
    expect(s.devices).toMatchObject([{ connectedCalls: 0, backend: 0 }]);
    expect(s.state(connected)).toEqual([`state=${connected}`]);
    expect(s.devices).toMatchObject([{ connectedCalls: 1, closedCalls: 0 }]);
    expect(s.state(closing)).toEqual([`state=${closed}`]);
    expect(s.devices).toMatchObject([{ connectedCalls: 1, closedCalls: 1, front: { closes: 1 } }]);
    expect(s.state(closed)).toEqual([]);
    expect(s.state(initWait)).toEqual(["tx-ring-ref=8", "event-channel=3", `state=${initialised}`]);
    expect(s.devices).toHaveLength(2);
  });

  it("says two channels where there are two, and takes the features it is offered, only those", () => {
    const s = scripted({ split: true });
    for (const [feature, value] of [
      ["feature-persistent", "1"],
      ["feature-netmap", "yes"],
    ] as const)
      s.nodes.set(`${back}/${feature}`, value);
    expect(s.state(initWait)).toEqual([
      "tx-ring-ref=8",
      "feature-persistent=1",
      "event-channel-tx=3",
      "event-channel-rx=4",
      `state=${initialised}`,
    ]);
  });

  it("opens nothing before the back end offers, whatever state it is in", () => {
    for (const state of [initialising, initialised, connected, closing, closed, 7, -1, "", "two", "1e400", undefined]) {
      const s = scripted();
      expect([s.state(state), s.devices]).toEqual([[], []]);
      s.state(initWait);
      expect(s.devices).toHaveLength(1);
    }
  });

  it("says once that it is connected, and makes one interface of an offer repeated", () => {
    const s = scripted();
    for (const state of [initWait, initWait, initialised, initWait, connected, connected, initialised, connected, 9])
      s.state(state);
    expect(s.devices).toMatchObject([{ connectedCalls: 1, closedCalls: 0 }]);
  });

  it("connects again with a back end that has come back without knowing it", () => {
    const s = scripted();
    s.state(initWait);
    s.state(connected);
    expect(s.state(initWait)).toEqual([
      `state=${initialising}`,
      "tx-ring-ref=8",
      "event-channel=3",
      `state=${initialised}`,
    ]);
    s.state(connected);
    expect(s.devices).toMatchObject([
      { connectedCalls: 1, closedCalls: 1, front: { closes: 1 } },
      { connectedCalls: 1, closedCalls: 0, front: { closes: 0 } },
    ]);
  });

  it("asks again for the grants of a device that was closed, at each change, until it has them", () => {
    const s = scripted({ hold: 3 });
    s.state(initWait);
    s.state(connected);
    for (const state of [closing, closed, closing, closed, closing, closed]) s.state(state);
    expect(s.devices).toMatchObject([{ closedCalls: 1, front: { closes: 4 } }]);
  });

  it("keeps its device while the back end's part of the store is gone, and follows it when it is back", () => {
    const s = scripted();
    s.state(initWait);
    s.state(connected);
    expect(s.state(undefined)).toEqual([]);
    expect(s.devices).toMatchObject([{ closedCalls: 0 }]);
    expect(s.state(initWait).at(0)).toBe(`state=${initialising}`);
    s.state(connected);
    expect(s.devices).toMatchObject([{ closedCalls: 1 }, { connectedCalls: 1 }]);
  });

  it("waits without asking the store anything while nothing changes", () => {
    const s = scripted();
    s.state(initWait);
    const { operations } = s;
    s.settle();
    expect(s.operations).toBe(operations);
  });

  it("lets the error out when the store vanishes, at any operation, and closes what it had opened", () => {
    const whole = scripted();
    for (const state of [initWait, connected, closing]) whole.state(state);
    let opened = 0;
    for (let failAt = 0; failAt < whole.operations; failAt++) {
      const s = scripted({ failAt });
      expect(() => {
        for (const state of [initWait, connected, closing]) s.state(state);
      }).toThrow("the store is gone");
      opened += s.devices.length;
      for (const d of s.devices) expect([d.closedCalls, d.front.closes]).toEqual([1, 1]);
      expect(s.handshake.next().done).toBe(true);
    }
    expect(opened).toBeGreaterThan(5);
  });
});
