import { createEventChannels, EventError, portCount, sharedInfo, vcpuInfo, virq } from "@clickos/xen-evtchn";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function rig(): { events: ReturnType<typeof createEventChannels>; wakes: number[]; pages: SharedArrayBuffer[] } {
  const events = createEventChannels();
  const wakes = [0, 0, 0];
  const pages = [0, 1, 2].map((id) => {
    const buffer = new SharedArrayBuffer(4096);
    events.attach({
      id,
      sharedInfo: { buffer, offset: 0 },
      wake: () => {
        wakes[id] = (wakes[id] ?? 0) + 1;
      },
    });
    return buffer;
  });
  return { events, wakes, pages };
}

describe("event channels", () => {
  it("have Xen's layout", () => {
    // xen/include/public/xen.h for x86-64.
    expect(sharedInfo.offsets).toMatchObject({
      vcpu: 0,
      evtchnPending: 2048,
      evtchnMask: 2560,
      wcVersion: 3072,
      wcSec: 3076,
      wcNsec: 3080,
    });
    expect([
      vcpuInfo.size,
      vcpuInfo.offsets.upcallMask,
      vcpuInfo.offsets.pendingSel,
      vcpuInfo.offsets.systemTime,
    ]).toEqual([64, 1, 8, 48]);
  });

  it("set the pending bit, the selector and the upcall flag, and wake once", () => {
    const { events, wakes, pages } = rig();
    const remote = events.allocUnbound(2, 1);
    const local = events.bindInterdomain(1, 2, remote);
    events.takePending(1);
    const before = wakes[2]!;
    expect(events.send(1, local)).toBe(true);
    expect(events.send(1, local)).toBe(true);
    expect(wakes[2]! - before).toBe(1);
    const view = sharedInfo.view(pages[2]!, 0);
    expect(view.evtchnPending[0]).toBe(1n << BigInt(remote));
    expect([view.vcpu[0]!.upcallPending, view.vcpu[0]!.pendingSel]).toEqual([1, 1n]);
    expect(events.takePending(2)).toEqual([remote]);
    expect(events.takePending(2)).toEqual([]);
    events.send(1, local);
    expect(wakes[2]! - before).toBe(2);
  });

  it("hold back while masked, and deliver on unmask", () => {
    const { events, wakes } = rig();
    const port = events.bindVirq(1, virq.timer);
    events.mask(1, port);
    events.raise(1, virq.timer);
    expect(wakes[1]).toBe(0);
    expect(events.takePending(1)).toEqual([]);
    events.unmask(1, port);
    expect(wakes[1]).toBe(1);
    expect(events.takePending(1)).toEqual([port]);
  });

  it("close: the other end becomes unbound, a dead domain's ends go", () => {
    const { events } = rig();
    const remote = events.allocUnbound(2, 1);
    const local = events.bindInterdomain(1, 2, remote);
    expect(events.status(1, local)).toEqual({ state: "interdomain", remote: 2, remotePort: remote });
    events.close(1, local);
    expect(events.status(2, remote)).toEqual({ state: "unbound", remote: 1 });
    expect(events.send(1, local)).toBe(false);
    const again = events.bindInterdomain(1, 2, remote);
    events.detach(2);
    expect(events.status(1, again).state).toBe("unbound");
    expect(events.send(1, again)).toBe(false);
    expect(() => events.allocUnbound(2, 1)).toThrow(EventError);
  });

  it("refuse ports that are not theirs to bind", () => {
    const { events } = rig();
    const forTwo = events.allocUnbound(1, 2);
    expect(() => events.bindInterdomain(0, 1, forTwo)).toThrow(/not open to domain 0/);
    expect(() => events.bindInterdomain(0, 1, 99)).toThrow(/no event channel 99/);
    expect(() => events.mask(0, 5)).toThrow(EventError);
  });

  it("run out at the limit of the ABI, and reuse closed ports", () => {
    const { events } = rig();
    for (let i = 1; i < portCount; i++) events.allocUnbound(1, 2);
    expect(() => events.allocUnbound(1, 2)).toThrow(/no free event channel/);
    events.close(1, 700);
    expect(events.allocUnbound(1, 2)).toBe(700);
  });

  it("lose nothing under random sends, masks and takes, against a model", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("send", "mask", "unmask", "take"), fc.integer({ min: 0, max: 5 }))),
        (steps) => {
          const { events } = rig();
          const ends = Array.from({ length: 6 }, () => {
            const remote = events.allocUnbound(2, 1);
            return { local: events.bindInterdomain(1, 2, remote), remote };
          });
          const pending = new Set<number>();
          const masked = new Set<number>();
          for (const [what, i] of steps) {
            const end = ends[i]!;
            if (what === "send") {
              events.send(1, end.local);
              pending.add(end.remote);
            } else if (what === "mask") {
              events.mask(2, end.remote);
              masked.add(end.remote);
            } else if (what === "unmask") {
              events.unmask(2, end.remote);
              masked.delete(end.remote);
            } else {
              const ready = [...pending].filter((p) => !masked.has(p)).sort((a, b) => a - b);
              expect(events.takePending(2)).toEqual(ready);
              for (const p of ready) pending.delete(p);
            }
          }
        },
      ),
    );
  });
});
