/** A shaper: classes have their shares of the line, flows share evenly, and who sends little does not wait; frames that lie are accounted for. */
import { etherTypes } from "@clickos/wire/ethernet";
import { describe, expect, it } from "vitest";
import { dropped, sendHostile } from "./hostile.ts";
import { bytes, frame, kinds, type Left, type Middlebox, open, play, readFrame, tcp, udp } from "./support.ts";

const name = "traffic-shaper";
const between = { src: "10.0.0.9", dst: "198.51.100.1" };
const web = (port: number, size = 1000): Uint8Array => frame(tcp(between, port, 443, { ack: 1 }, new Uint8Array(size)));
const other = (port: number, size = 1000): Uint8Array => frame(udp(between, port, 9999, new Uint8Array(size)));
const voice = frame(udp({ ...between, ip: { dscp: 46 } }, 5000, 5000, bytes("hello")));
const arp = frame(new Uint8Array(28), { type: etherTypes.arp });
/** Bits of frames that left for the line, by what their text has. */
const bits = (left: Left, text: RegExp): number =>
  (left[1] ?? []).filter((each) => text.test(readFrame(each).text)).reduce((sum, each) => sum + each.length * 8, 0);
/** What leaves in so many milliseconds, each of which a VM sees. */
function during(box: Middlebox, milliseconds: number): Left {
  const steps = Array.from({ length: milliseconds }, () => box.wait(0.001)[1] ?? []);
  return { 1: steps.flat() };
}

describe.each(kinds)("a traffic shaper %s", (kind) => {
  it("sends on what comes, as it came", async () => {
    const frames = [web(1), other(2), voice, arp];
    const back = frame(udp({ src: between.dst, dst: between.src }, 9999, 2));
    const left = await play(kind, name, [...frames.map((each) => [0, each] as const), [1, back]]);
    expect(left[0]).toEqual([back]);
    expect(left[1]).toEqual(frames);
  });

  it("gives classes their shares of the line, and flows of a class the same", async () => {
    await using box = await open(kind, name);
    for (let i = 0; i < 40; i++)
      box.send(0, ...Array.from({ length: 10 }, (_, j) => web(j < 9 ? 1 : 2)), other(3), other(3));
    // The line is full; a call passes all the same.
    expect(box.send(0, voice)[1]).toEqual([]);
    const first = during(box, 100);
    expect(bits(first, /:5000 >/)).toBe(voice.length * 8);
    const total = bits(first, /./);
    expect(total).toBeGreaterThan(0.9e6);
    expect(total).toBeLessThan(1.1e6);
    const [ofWeb, rest] = [bits(first, /:443$/), bits(first, /:9999$/)];
    expect(ofWeb / rest).toBeGreaterThan(1.5);
    expect(box.read("link.classes").split("\n")[0]).toBe(`1Mbps 2Mbps 0 1 ${voice.length} 0`);
    // Nine packets of ten are of one flow; they have half of the class.
    expect(bits(first, /:1 >/) / bits(first, /:2 >/)).toBeLessThan(2);
    box.write("link.class", "1 1Mbps 1Mbps 1");
    const later = during(box, 100);
    expect(bits(later, /:443$/)).toBeLessThan(0.3e6);
  });

  it("accounts for every frame that lies", async () => {
    await using box = await open(kind, name);
    const { sent, left } = sendHostile(box, [0, 1], { count: kind === "in process" ? 4000 : 1000 });
    const late = Object.values(box.wait(60)).flat().length;
    expect(["urgent", "web", "rest"].map((queue) => box.read(`${queue}.length`))).toEqual(["0", "0", "0"]);
    expect(left + late + dropped(box)).toBe(sent);
  });
});
