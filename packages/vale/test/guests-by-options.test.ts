/** Options of ports hold for frames that code takes from a guest's memory, too. */
import { createSwitch, learningBridge, type Port, type PortOptions, patch, type SourceKind } from "@clickos/vale";
import { describe, expect, it } from "vitest";

const slots = 16;
const stride = 2048;
const buffers = 65_536;

/** Slots with the length of a frame each; its bytes are in the slot's buffer. */
const kind: SourceKind = {
  name: "test guest",
  places: ["lengths", "buffers"],
  slots,
  frame({ memory, place }, slot) {
    const length = memory.load32(slot.shl(2).add(place("lengths")));
    return { address: slot.mul(stride).add(place("buffers")), length, good: length.ne(0) };
  },
};

/** A guest whose frames stand in a memory of its own, and are moved by code only. */
function guest(name: string, frames: readonly Uint8Array[]): Port {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  frames.forEach((f, i) => {
    new Int32Array(memory.buffer)[16 + i] = f.length;
    new Uint8Array(memory.buffer).set(f, buffers + i * stride);
  });
  let cursor = 0;
  return {
    name,
    poll: () => null,
    release() {},
    deliver: () => expect.unreachable(),
    flush() {},
    source: {
      kind,
      memory,
      places: [64, buffers, 0, 0],
      frameLimit: 2032,
      get cursor() {
        return cursor;
      },
      begin: () => frames.length - cursor,
      done(n) {
        cursor += n;
      },
    },
  };
}

const frame = (...tag: number[]): Uint8Array =>
  Uint8Array.of(255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, ...tag, 8, 0, 1, 2, 3);
const three = [frame(), frame(), frame()];

describe("frames of a guest's memory", () => {
  it.each([
    ["a rate", {}, { rateLimits: { entering: 1, burst: 2032 } }, new Uint8Array(1200), 1],
    ["a rate of the other port", { rateLimits: { leaving: 1, burst: 2032 } }, {}, new Uint8Array(1200), 1],
    ["nothing", {}, {}, new Uint8Array(1200), 3],
  ] as [string, PortOptions, PortOptions, Uint8Array, number][])(
    "go through a patch as far as %s allows",
    (_, ofA, ofGuest, one, count) => {
      const sw = createSwitch({ lookup: patch(), now: () => 0 });
      const a = sw.attach("a", ofA);
      sw.attach(guest("guest", [one, one, one]), ofGuest);
      sw.forward();
      expect(a.receive()).toEqual(new Array(count).fill(one));
      expect(sw.stats.ports.guest?.inPackets).toBe(3);
    },
  );

  it("are mirrored", () => {
    for (const lookup of [patch(), learningBridge()]) {
      const sw = createSwitch({ lookup });
      const a = sw.attach("a");
      sw.attach(guest("guest", three));
      const mirror = sw.attach("mirror", { mirror: { entering: ["guest"] } });
      sw.forward();
      expect([a.receive(), mirror.receive()]).toEqual([three, three]);
    }
  });

  it("stay in their VLAN", () => {
    const sw = createSwitch({ vlans: true });
    const [red, blue] = [sw.attach("red", { vlans: { access: 10 } }), sw.attach("blue", { vlans: { access: 20 } })];
    const frames = [frame(0x81, 0, 0, 10), frame(0x81, 0, 0xe0, 20), frame(), frame(0x81, 0, 0, 30)];
    sw.attach(guest("guest", frames), { vlans: { trunk: [10, 20], native: 20 } });
    sw.forward();
    expect([red.receive(), blue.receive()]).toEqual([[frame()], [frame(), frame()]]);
    expect(sw.stats.ports.guest?.otherVlan).toBe(1);
  });

  it("do not reach isolated ports, nor more of the others than the limits say", () => {
    const sw = createSwitch({ now: () => 0 });
    const [a, b] = [sw.attach("a"), sw.attach("b", { isolated: true })];
    sw.attach(guest("guest", three), { isolated: true, floodLimits: { broadcast: 2 } });
    sw.forward();
    expect([a.receive().length, b.receive().length]).toEqual([2, 0]);
  });
});
