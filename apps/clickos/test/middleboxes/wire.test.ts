/** The wire and the Ethernet mirror. */
import { describe, expect, it } from "vitest";
import { frame, kinds, mac, open, play, readFrame, udp } from "./support.ts";

const there = frame(udp({ src: "10.0.0.1", dst: "10.0.0.2" }, 1000, 53));
const back = frame(udp({ src: "10.0.0.2", dst: "10.0.0.1" }, 53, 1000), { from: mac(2), to: mac(1) });
/** Of every length that Ethernet has, and none of IP. */
const others = [60, 61, 63, 64, 512, 1514].map((length) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255),
);

describe.each(kinds)("a wire %s", (kind) => {
  it("carries every frame to the other side as it is", async () => {
    await using box = await open(kind, "wire");
    expect(box.send(0, there, ...others)).toEqual({ 0: [], 1: [there, ...others] });
    expect(box.send(1, back)).toEqual({ 0: [back], 1: [] });
    expect([box.read("right.count"), box.read("left.count"), box.drops()]).toEqual(["7", "1", {}]);
  });

  it("does so between captures", async () => {
    const left = await play(kind, "wire", [
      [0, there],
      [1, back],
      [0, others[5] as Uint8Array],
    ]);
    expect(left).toEqual({ 0: [back], 1: [there, others[5]] });
  });
});

describe.each(kinds)("an Ethernet mirror %s", (kind) => {
  it("sends frames back with their addresses exchanged", async () => {
    const { 0: left } = await play(kind, "ether-mirror", [
      [0, there],
      [0, back],
    ]);
    const [first, second] = left!.map(readFrame);
    expect([first!.ether.source, first!.ether.destination]).toEqual([mac(2), mac(1)]);
    expect([second!.ether.source, second!.ether.destination]).toEqual([mac(1), mac(2)]);
    expect(left!.map((each) => each.subarray(14))).toEqual([there.subarray(14), back.subarray(14)]);
  });
});
