/** IGMPSnooper: which ports a group has, by what was said and when; beside a plain model of it. */
import { Router, SimulatedClock } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { igmp, igmpRecordTypes, igmpTypes } from "@clickos/wire/igmp";
import { ipProtocols } from "@clickos/wire/ipv4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  address,
  igmpFrame,
  leaveFrame,
  multicastFrame,
  queryFrame,
  reportFrame,
  reportV3Frame,
} from "./igmp-frames.ts";

const ports = 4;
const group = address("239.1.2.3");
const other = address("239.1.2.4");
const records = igmpRecordTypes as Record<string, number>;

interface Box {
  readonly router: Router;
  /** The ports at which a frame that came in at a port leaves, each time as it was. */
  send(port: number, frame: Uint8Array): number[];
  wait(seconds: number): void;
  /** Who gets a packet for a group from port 0. */
  listeners(to?: number): number[];
}
async function box(options = ""): Promise<Box> {
  const clock = new SimulatedClock(10n ** 18n);
  const text = Array.from({ length: ports }, (_, i) => `FromDevice(${i}) -> [${i}] s [${i}] -> ToDevice(${i})`);
  const router = await Router.compile(`s :: IGMPSnooper(${options}); ${text.join(";")}`, {
    elements,
    clock: clock.now,
  });
  const send = (port: number, frame: Uint8Array): number[] => {
    router.device(port).send([frame]);
    router.run();
    return Array.from({ length: ports }, (_, i) => i).filter((i) => {
      const left = router.device(i).receive();
      expect(left.every((each) => Buffer.compare(each, frame) === 0)).toBe(true);
      expect(left.length).toBeLessThan(2);
      return left.length === 1;
    });
  };
  return {
    router,
    send,
    wait: (seconds) => clock.jump(clock.now() + BigInt(Math.round(seconds * 1e9))),
    listeners: (to = group) => send(0, multicastFrame(to)),
  };
}

describe("IGMPSnooper", () => {
  it("sends packets to those who have reported a group, and reports to routers alone", async () => {
    const { send, listeners, router, wait } = await box();
    expect(listeners()).toEqual([]);
    // Reports have nowhere to go until there is a router.
    expect(send(1, reportFrame(group))).toEqual([]);
    expect(send(3, queryFrame())).toEqual([0, 1, 2]);
    expect(send(1, reportFrame(group, igmpTypes.reportV1 as number))).toEqual([3]);
    expect(send(2, reportFrame(other, igmpTypes.reportV2 as number, 0))).toEqual([3]);
    expect([listeners(), listeners(other), listeners(address("239.9.9.9"))]).toEqual([[1, 3], [2, 3], [3]]);
    expect(send(1, multicastFrame(group))).toEqual([3]);
    expect([router.read("s.groups"), router.read("s.routers")]).toEqual(["239.1.2.3\t1\n239.1.2.4\t2\n", "3"]);
    wait(200);
    send(2, reportFrame(other));
    wait(100);
    expect([listeners(), listeners(other), router.read("s.groups"), router.read("s.routers")]).toEqual([
      [],
      [2],
      "239.1.2.4\t2\n",
      "",
    ]);
    expect(["queries", "reports", "leaves"].map((name) => router.read(`s.${name}`))).toEqual(["1", "4", "0"]);
  });

  it("sends what all are to get to all: groups of the link, messages that it does not know, other frames", async () => {
    const { send, listeners } = await box();
    const broadcast = multicastFrame(group).fill(255, 0, 6);
    broadcast.set([8, 6], 12);
    expect(listeners(address("224.0.0.251"))).toEqual([1, 2, 3]);
    expect(send(1, igmpFrame(address("224.0.0.4"), igmp.bytes({ type: 0x13 })))).toEqual([0, 2, 3]);
    expect(send(2, broadcast)).toEqual([0, 1, 3]);
    // Groups of the link are not reported to anybody but routers, nor kept.
    expect(send(1, reportFrame(address("224.0.0.251")))).toEqual([]);
    expect(listeners(address("224.0.0.251"))).toEqual([1, 2, 3]);
  });

  it("knows what records of version 3 mean", async () => {
    const { send, listeners, router } = await box("ROUTERS 0, FAST_LEAVE true");
    const say = (type: string, sources: number[] = [], auxiliary: number[] = []): number[] => {
      const last = { type: records[type] as number, group, sources, auxiliary };
      expect(
        send(1, reportV3Frame([{ type: records.isExclude as number, group: other, auxiliary: [1, 2] }, last])),
      ).toEqual([0]);
      return send(2, multicastFrame(group));
    };
    expect([say("toInclude"), say("isExclude"), say("toInclude")]).toEqual([[0], [0, 1], [0]]);
    expect([say("allow", [7]), say("block", [7]), say("isInclude", [7, 8], [1]), say("toInclude")]).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
      [0],
    ]);
    expect([say("toExclude", [9]), say("allow"), say("block")]).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(listeners(other)).toEqual([1]);
    expect(router.read("s.routers")).toBe("0");
  });

  it("forgets a group after a leave when nobody answers the router in time", async () => {
    const { send, listeners, wait } = await box("ROUTERS 0");
    const both = (): number[] => [send(1, reportFrame(group)), send(2, reportFrame(group))].flat();
    expect(both()).toEqual([0, 0]);
    expect([send(1, leaveFrame(group)), listeners()]).toEqual([[0], [1, 2]]);
    expect(send(0, queryFrame({ group, time: 10 }))).toEqual([1, 2, 3]);
    wait(1);
    send(2, reportFrame(group));
    wait(0.9);
    expect(listeners()).toEqual([1, 2]);
    wait(0.2);
    expect(listeners()).toEqual([2]);
    // Of version 3: so often, of 128 on a floating-point number, and not where another router has done it or for some sources.
    both();
    send(0, queryFrame({ group, time: 0x8a }, { qrv: 3 }));
    wait(3 * 20.7);
    expect(listeners()).toEqual([1, 2]);
    wait(0.2 * 3);
    expect(listeners()).toEqual([]);
    both();
    send(0, queryFrame({ group, time: 10 }, { qrv: 2, s: 1 }));
    wait(60);
    expect(listeners()).toEqual([1, 2]);
  });

  it("believes routers where it is told to, and floods where it is told to", async () => {
    const { send, router } = await box("ROUTERS 0 2, LEARN false, FLOOD true");
    expect([send(1, queryFrame()), send(2, queryFrame())]).toEqual([[], [0, 1, 3]]);
    expect(router.drops().map(({ reason, count }) => `${reason} ${count}`)).toEqual([
      "a query from a port without a router 1",
    ]);
    expect(send(1, multicastFrame(group))).toEqual([0, 2, 3]);
    send(3, reportFrame(group));
    expect(send(1, multicastFrame(group))).toEqual([0, 2, 3]);
    send(1, reportFrame(other));
    expect(send(1, multicastFrame(other))).toEqual([0, 2]);
    await expect(box("ROUTERS 4")).rejects.toThrow("ROUTERS: there is no port 4");
    // A query from 0.0.0.0 is not a router's.
    const another = await box();
    expect([another.send(1, queryFrame({ source: 0 })), another.router.read("s.routers")]).toEqual([[0, 2, 3], ""]);
  });

  it("has room for so many groups, and then floods those that it does not know", async () => {
    const { send, listeners, router, wait } = await box("CAPACITY 2");
    for (let i = 0; i < 4; i++) send(1, reportFrame(group + i));
    expect([listeners(group), listeners(group + 3), router.read("s.full")]).toEqual([[1], [1, 2, 3], "2"]);
    wait(261);
    send(2, reportFrame(group + 3));
    expect([listeners(group), listeners(group + 3), router.read("s.full")]).toEqual([[], [2], "2"]);
  });

  it("drops what is malformed", async () => {
    const { send, router } = await box("ROUTERS 0");
    const damaged = (frame: Uint8Array, at: number, value: number): Uint8Array => {
      const bytes = frame.slice();
      bytes[at] = value;
      return bytes;
    };
    const truncated = (frame: Uint8Array, length: number): Uint8Array => frame.slice(0, length);
    for (const frame of [
      damaged(reportFrame(group), 14 + 20 + 7, 99),
      damaged(multicastFrame(group), 14 + 8, 99),
      damaged(multicastFrame(group), 14, 0x65),
      truncated(multicastFrame(group), 50),
      truncated(multicastFrame(group), 20),
      reportV3Frame([{ type: 4, group }], 2),
      igmpFrame(group, Uint8Array.of(0x16, 0, 0, 0)),
    ])
      expect(send(1, frame)).toEqual([]);
    expect(Object.fromEntries(router.drops().map(({ reason, count }) => [reason, Number(count)]))).toEqual({
      "malformed packet": 4,
      "malformed IGMP message": 3,
    });
    // A later fragment is no message.
    const fragment = multicastFrame(group, { protocol: ipProtocols.igmp, values: { fragmentOffset: 1 } });
    expect(send(1, fragment)).toEqual([0]);
  });

  it("does as a plain model does", async () => {
    const event = fc.record({
      port: fc.nat(ports - 1),
      group: fc.nat(2),
      kind: fc.constantFrom("report", "leave", "exclude", "include", "query", "ask", "data"),
      pause: fc.constantFrom(0, 0, 1, 50),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 20, maxLength: 150 }), fc.boolean(), async (events, fast) => {
        const { send, wait } = await box(`FAST_LEAVE ${fast}, TIMEOUT 100s`);
        const routers = new Array<number>(ports).fill(0);
        const until = Array.from({ length: 3 }, () => new Array<number>(ports).fill(0));
        let now = 1;
        const alive = (times: readonly number[]): number[] =>
          [...times.keys()].filter((i) => (times[i] as number) > now);
        for (const { port, group: number, kind, pause } of events) {
          wait(pause);
          now += pause;
          const its = until[number] as number[];
          const to = group + number;
          const all = Array.from({ length: ports }, (_, i) => i);
          let frame: Uint8Array;
          let expected: number[];
          if (kind === "data") {
            frame = multicastFrame(to);
            expected = [...new Set([...alive(its), ...alive(routers)])];
          } else if (kind === "query" || kind === "ask") {
            frame = queryFrame(kind === "ask" ? { group: to, time: 10 } : {});
            routers[port] = now + 100;
            if (kind === "ask") its.forEach((time, i) => (its[i] = Math.min(time, now + 2)));
            expected = all;
          } else {
            const joins = kind === "report" || kind === "exclude";
            const type = records[kind === "exclude" ? "toExclude" : "toInclude"] as number;
            frame =
              kind === "report"
                ? reportFrame(to)
                : kind === "leave"
                  ? leaveFrame(to)
                  : reportV3Frame([{ type, group: to }]);
            if (joins) its[port] = now + 100;
            else if (fast) its[port] = 0;
            expected = alive(routers);
          }
          expect(send(port, frame)).toEqual(expected.filter((i) => i !== port).sort());
        }
      }),
      { numRuns: 12 },
    );
  });
});
