import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { describe, expect, it } from "vitest";
import { checksum, ip, tcp, udp } from "./packets.ts";

const second = 1_000_000_000n;
const time = { now: second };

/** Packets as they leave: the aggregate and the paint of each. */
async function numbered(
  args: string,
  packets: readonly (Uint8Array | number)[],
  after?: (r: Router) => void,
): Promise<string> {
  let said = "";
  time.now = second;
  using r = await Router.compile(
    `FromDevice(0) -> MarkIPHeader -> a :: AggregateIPFlows(${args}) -> IPPrint(o, AGGREGATE true, PAINT true, TIMESTAMP false) -> Discard;
     a [1] -> Print(x, MAXLENGTH 0) -> Discard`,
    { elements, clock: () => time.now, chatter: (text) => (said += text) },
  );
  for (const packet of packets) {
    if (typeof packet === "number") time.now += BigInt(packet) * second;
    else {
      r.device(0).send([packet]);
      r.run();
    }
  }
  after?.(r);
  expect(r.drops()).toEqual([]);
  return said
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => /#\d+\.\d+/.exec(line)?.[0] ?? (line.startsWith("x") ? "x" : line))
    .join(" ");
}
const a = { src: "10.0.0.1", dst: "10.0.0.2" };
const b = { src: "10.0.0.2", dst: "10.0.0.1" };

/** A TCP packet with flags. */
const flags = { fin: 0x11, syn: 2, ack: 0x10, rst: 4 };
const segment = (options: typeof a, [sport, dport]: readonly [number, number], flag: number): Uint8Array =>
  tcp(sport, dport, flag, options);

describe("AggregateIPFlows", () => {
  it("numbers flows in the order in which they begin, and says the direction", async () => {
    const list = [
      udp(1, 2, b),
      udp(2, 1, a),
      udp(1, 2, a),
      tcp(1, 2, flags.ack, b),
      udp(1, 2, b),
      ip({ ...a, protocol: 47 }),
    ];
    expect(await numbered("", list)).toBe(`#1.0 #1.1 #2.0 #3.0 #1.0 x`);
    // Between an address and itself the ports tell.
    const self = { src: "10.0.0.1", dst: "10.0.0.1" };
    expect(await numbered("", [udp(9, 3, self), udp(3, 9, self), udp(9, 3, self)])).toBe(`#1.0 #1.1 #1.0`);
  });

  it("begins another flow when one is over", async () => {
    expect(await numbered("UDP_TIMEOUT 10", [udp(1, 2, a), 10, udp(1, 2, a), 11, udp(2, 1, b)])).toBe(`#1.0 #1.0 #2.0`);
    const ports = [1, 2] as const;
    const back = [2, 1] as const;
    const closed = [segment(a, ports, flags.syn), segment(a, ports, flags.fin), segment(b, back, flags.fin)];
    // Closed from both sides: the next SYN, or the shorter timeout.
    expect(await numbered("", [...closed, segment(a, ports, flags.ack), segment(b, back, flags.syn)])).toBe(
      `#1.0 #1.0 #1.1 #1.0 #2.0`,
    );
    expect(await numbered("", [...closed, 31, segment(a, ports, flags.ack)])).toBe(`#1.0 #1.0 #1.1 #2.0`);
    expect(await numbered("", [...closed.slice(0, 2), 31, segment(a, ports, flags.ack)])).toBe(`#1.0 #1.0 #1.0`);
    expect(await numbered("", [segment(a, ports, flags.rst), 31, segment(a, ports, flags.ack)])).toBe(`#1.0 #2.0`);
  });

  it("holds fragments for their first, and what follows between the same addresses", async () => {
    const whole = udp(1, 2, a, new Uint8Array(40));
    const fragment = (offset: number, more: boolean): Uint8Array =>
      ip({
        ...a,
        fragment: (offset / 8) | (more ? 0x2000 : 0),
        payload: whole.slice(20 + offset, more ? 44 : undefined),
      });
    const [first, last] = [fragment(0, true), fragment(24, false)];
    const other = udp(7, 8, { src: "10.0.0.3", dst: "10.0.0.4" });
    expect(await numbered("", [last, udp(5, 6, a), other, first, udp(5, 6, a)], (r) => r.write("a.clear", ""))).toMatch(
      /#2\.0/,
    );
    const cleared = await numbered("FRAGMENTS false", [first, last, udp(1, 2, a)]);
    expect(cleared).toBe(`#1.0 x #1.0`);
  });

  it("numbers errors by the flow that they are about", async () => {
    const about = udp(1, 2, a).slice(0, 28);
    const payload = new Uint8Array(8 + about.length);
    payload.set([3, 1]);
    payload.set(about, 8);
    const sum = checksum(payload);
    payload.set([sum >> 8, sum & 255], 2);
    const error = ip({ src: "9.9.9.9", dst: "10.0.0.1", protocol: 1, payload });
    expect(await numbered("ICMP true", [udp(1, 2, a), error])).toBe(`#1.0 #1.2`);
    expect(await numbered("", [udp(1, 2, a), error])).toBe(`#1.0 x`);
  });

  it("holds errors about fragments with those, and a flow that begins while it is held is one flow", async () => {
    const whole = udp(1, 2, a, new Uint8Array(40));
    const [first, last] = [
      ip({ ...a, fragment: 0x2000, payload: whole.slice(20, 44) }),
      ip({ ...a, fragment: 3, payload: whole.slice(44) }),
    ] as const;
    const payload = new Uint8Array(8 + 28);
    payload.set([3, 1]);
    payload.set(last.subarray(0, 28), 8);
    const error = ip({ src: "9.9.9.9", dst: "10.0.0.1", protocol: 1, payload });
    // The later fragment, an error about that, the first one, and packets behind them.
    error.set([0, 8], 4);
    const others = [udp(5, 6, a), udp(6, 5, b), udp(1, 2, a)] as const;
    others.forEach((other, i) => other.set([0, 9 + i], 4));
    const list = [last, error, first, others[0], others[1], 40, others[2]];
    const clear = (r: Router): void => {
      r.write("a.clear", "");
      r.run();
    };
    expect(await numbered("ICMP true", list, clear)).toBe("#1.0 #1.0 #1.0 #2.0 #2.1 #1.0");
  });

  it("forgets everything when it is told to, and keeps its flows over a hot swap", async () => {
    using r = await Router.compile(
      "FromDevice(0) -> MarkIPHeader -> a :: AggregateIPFlows -> p :: PaintSwitch -> c0 :: Counter -> Discard; p [1] -> c1 :: Counter -> Discard",
      {
        elements,
        clock: () => second,
        reconfigurable: true,
      },
    );
    r.device(0).send([udp(1, 2, a)]);
    r.run();
    r.hotswap(
      "FromDevice(0) -> Null -> MarkIPHeader -> a :: AggregateIPFlows -> p :: PaintSwitch -> c0 :: Counter -> Discard; p [1] -> c1 :: Counter -> Discard",
    );
    r.device(0).send([udp(2, 1, b)]);
    r.run();
    expect([r.read("c0.count"), r.read("c1.count")]).toEqual(["1", "1"]);
    r.write("a.clear", "");
    r.run();
    r.device(0).send([udp(2, 1, b)]);
    r.run();
    expect([r.read("c0.count"), r.read("c1.count")]).toEqual(["2", "1"]);
  });
});
