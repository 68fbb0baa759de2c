/** A switch that reads IGMP: multicast goes to those who listen, all else as through any switch; frames that lie are accounted for. */
import { describe, expect, it } from "vitest";
import {
  address,
  leaveFrame,
  multicastFrame,
  queryFrame,
  reportFrame,
  reportV3Frame,
} from "../../../../packages/click-elements/test/igmp-frames.ts";
import { dropped, sendHostile } from "./hostile.ts";
import { frame, kinds, type Left, mac, open, play, udp } from "./support.ts";

const name = "multicast-switch";
const [news, film] = ["239.1.1.1", "239.1.1.2"].map(address) as [number, number];
const between = { src: "10.0.0.1", dst: "10.0.0.2" };
/** At which devices frames left. */
const where = (left: Left): string[] => Object.entries(left).flatMap(([device, frames]) => frames.map(() => device));

describe.each(kinds)("a switch that reads IGMP %s", (kind) => {
  it("sends each packet as it came to those who listen to its group", async () => {
    const [query, own, stranger] = [queryFrame(), reportFrame(news), reportV3Frame([{ type: 4, group: film }])];
    const [first, second, third] = [news, film, address("239.9.9.9")].map((group) => multicastFrame(group));
    const toAll = frame(udp(between, 1, 2), { from: mac(1), to: mac(2) });
    const back = frame(udp({ src: between.dst, dst: between.src }, 2, 1), { from: mac(2), to: mac(1) });
    const left = await play(kind, name, [
      [0, query],
      [1, own],
      [2, own],
      [2, stranger],
      [0, first],
      [0, second],
      [3, first],
      [3, third],
      [1, toAll],
      [2, back],
    ] as [number, Uint8Array][]);
    expect(left).toEqual({
      0: [own, own, stranger, first, third, toAll],
      1: [query, first, first, back],
      2: [query, first, second, first, toAll],
      3: [query, toAll],
    });
  });

  it("forgets who has left, or has not been heard of", async () => {
    await using box = await open(kind, name);
    for (const port of [1, 2, 3]) expect(where(box.send(port, reportFrame(news)))).toEqual(["0"]);
    expect(box.read("multicast.groups")).toBe("239.1.1.1\t1 2 3\n");
    expect(where(box.send(1, leaveFrame(news)))).toEqual(["0"]);
    expect(where(box.send(0, queryFrame({ group: news, time: 10 })))).toEqual(["1", "2", "3"]);
    box.send(3, reportFrame(news));
    box.wait(3);
    expect(where(box.send(0, multicastFrame(news)))).toEqual(["3"]);
    box.wait(260);
    expect(where(box.send(0, multicastFrame(news)))).toEqual([]);
    expect([box.read("multicast.reports"), box.read("multicast.leaves"), box.drops()]).toEqual(["4", "1", {}]);
  });

  it("drops frames that lie, and goes on", async () => {
    await using box = await open(kind, name);
    const { sent, left } = sendHostile(box, [0, 1, 2, 3], { count: kind === "in process" ? 4000 : 1000 });
    // Each leaves at three ports, where its station or a listener is, or nowhere.
    expect([left > 0, left <= sent * 3, dropped(box) > 0]).toEqual([true, true, true]);
    expect(
      Object.keys(box.drops()).filter((reason) => !/^multicast: malformed (packet|IGMP message)$/.test(reason)),
    ).toEqual([]);
    box.send(2, reportFrame(film));
    // A port from which queries came has what a router has.
    expect(where(box.send(0, multicastFrame(film)))).toContain("2");
  });
});
