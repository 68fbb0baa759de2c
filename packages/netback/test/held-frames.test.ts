/** Frames between two interfaces: in order, and not without bound. */
import { expect, it } from "vitest";
import { Backlog, copiesOf } from "../src/held-frames.ts";

it("go on in their order, and those that there is no room for are said", () => {
  const frames = Array.from({ length: 1200 }, (_, i) => Uint8Array.of(i & 255, i >> 8));
  const backlog = new Backlog();
  expect([backlog.add(frames.slice(0, 1000)), backlog.add(frames.slice(1000)), backlog.add([])]).toEqual([0, 176, 0]);
  const gone: Uint8Array[] = [];
  while (!backlog.isEmpty) {
    const batch = copiesOf(backlog.next(100));
    expect(backlog.bytes).toBe(batch.length * 2);
    gone.push(...batch);
  }
  expect(gone).toEqual(frames.slice(0, 1024));
});
