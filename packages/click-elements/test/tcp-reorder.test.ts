/** TCPReorder: streams that were cut, mixed and repeated come out in order, once; and nothing is lost. */
import { Router, SimulatedClock } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

type Fields = Parameters<typeof tcp.bytes>[0];
function segment(
  sequenceNumber: number,
  text: string,
  fields: Fields = {},
  ip: Parameters<typeof ipv4.bytes>[0] = {},
): Uint8Array {
  const data = Uint8Array.from(text, (ch) => ch.charCodeAt(0));
  const body = [
    ...tcp.bytes({ sourcePort: 9, destinationPort: 80, sequenceNumber: sequenceNumber >>> 0, ...fields }),
    ...data,
  ];
  const totalLength = ipv4.size + body.length;
  return Uint8Array.from([
    ...ipv4.bytes({ protocol: ipProtocols.tcp, source: 1, destination: 2, totalLength, ttl: 9, ...ip }),
    ...body,
  ]);
}
const textOf = (packet: Uint8Array): string => String.fromCharCode(...tcp.view(ipv4.view(packet).payload).payload);

interface Reorder {
  readonly router: Router;
  /** What leaves on each output, as text. */
  send(...packets: Uint8Array[]): [string[], string[]];
  wait(ms: number): [string[], string[]];
}
async function reorder(keywords = ""): Promise<Reorder> {
  const clock = new SimulatedClock(10n ** 18n);
  const router = await Router.compile(
    `FromDevice(0) -> MarkIPHeader -> r :: TCPReorder(${keywords}) -> ToDevice(0); r [1] -> ToDevice(1);`,
    { elements, clock: clock.now },
  );
  const collect = (): [string[], string[]] => {
    router.run();
    return [router.device(0).receive().map(textOf), router.device(1).receive().map(textOf)];
  };
  return {
    router,
    send(...packets) {
      router.device(0).send(packets);
      return collect();
    },
    wait(ms) {
      clock.jump(clock.now() + BigInt(ms) * 1_000_000n);
      return collect();
    },
  };
}

describe("segments", () => {
  it("are held until those before them are there", async () => {
    const { send, router } = await reorder();
    expect(send(segment(99, "", { syn: 1 }), segment(100, "ab"))).toEqual([["", "ab"], []]);
    expect(send(segment(106, "gh"), segment(104, "ef"), segment(104, "ef"))).toEqual([[], []]);
    expect(router.read("r.length")).toBe("3");
    expect(send(segment(102, "cd"))).toEqual([["cd", "ef", "gh"], ["ef"]]);
    expect(send(segment(100, "abcdefgh"), segment(106, "ghij"), segment(110, "", { fin: 1 }))).toEqual([
      ["ghij", ""],
      ["abcdefgh"],
    ]);
    expect(["length", "flows", "reordered", "retransmitted", "gaps"].map((h) => router.read(`r.${h}`))).toEqual([
      "0",
      "1",
      "3",
      "2",
      "0",
    ]);
  });

  it("go on over the end of sequence numbers", async () => {
    const { send } = await reorder();
    expect(send(segment(0xfffffffe, "ab"), segment(2, "ef"), segment(0, "cd"))).toEqual([["ab", "cd", "ef"], []]);
  });

  it("leave when a gap lasts, and when there is no room", async () => {
    const { send, wait, router } = await reorder("HOLD 50ms, PACKETS 3, TIMEOUT 5s");
    expect(send(segment(1, "a"), segment(3, "c"), segment(5, "e"))).toEqual([["a"], []]);
    expect(wait(40)).toEqual([[], []]);
    expect(wait(20)).toEqual([["c", "e"], []]);
    expect(send(segment(2, "b"))).toEqual([[], ["b"]]);
    expect(router.read("r.gaps")).toBe("2");
    expect(send(segment(7, "g"), segment(8, "h"), segment(9, "i"))).toEqual([[], []]);
    expect(send(segment(20, "x"))).toEqual([["g", "h", "i"], []]);
    // Another direction holds none while these do not leave.
    send(segment(22, "y"), segment(24, "z"));
    expect(send(segment(1, "A", { sourcePort: 1 }), segment(3, "C", { sourcePort: 1 }))).toEqual([["A", "C"], []]);
    wait(60);
    wait(6000);
    wait(1000);
    expect([router.read("r.flows"), router.read("r.length")]).toEqual(["0", "0"]);
  });

  it("of a connection that ends or begins anew do not wait", async () => {
    const { send, router } = await reorder();
    expect(send(segment(1, "a"), segment(3, "c"), segment(0, "", { rst: 1 }))).toEqual([["a", "c", ""], []]);
    expect(router.read("r.flows")).toBe("0");
    expect(send(segment(1, "a"), segment(3, "c"), segment(1000, "", { syn: 1 }), segment(1001, "n"))).toEqual([
      ["a", "c", "", "n"],
      [],
    ]);
    expect(send(segment(1000, "", { syn: 1 }), segment(1002 + 2 ** 21, "far"))).toEqual(
      [[""], ["far"]].map((list, i) => (i === 0 ? list : list)),
    );
  });

  it("of other kinds pass", async () => {
    const { send } = await reorder();
    const fragment = segment(50, "fragment", {}, { mf: 1 });
    const cut = segment(60, "cut").subarray(0, 30);
    ipv4.view(cut).totalLength = 30;
    expect(send(segment(1, "a"), segment(9, ""), fragment)[0]).toEqual(["a", "", "fragment"]);
    expect(send(segment(10, "x", {}, { protocol: 17 }))[0]).toEqual(["x"]);
  });

  it("make room for others' directions", async () => {
    const { send, router } = await reorder("CAPACITY 2");
    send(segment(1, "a"), segment(3, "c"), segment(1, "a", { sourcePort: 1 }));
    expect(send(segment(1, "b", { sourcePort: 2 }))).toEqual([["c", "b"], []]);
    expect(router.read("r.flows")).toBe("2");
  });
});

describe("streams", () => {
  it("come out as they were, however they are cut, mixed and repeated", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(5)), { maxLength: 60 }),
        fc.constantFrom(0, 0x7ffffff0, 0xfffffff0),
        async (lengths, swaps, start) => {
          const { send, router, wait } = await reorder();
          let stream = "";
          const pieces = lengths.map((length) => {
            const at = stream.length;
            for (let i = 0; i < length; i++) stream += String.fromCharCode(97 + ((at + i) % 26));
            return { at, text: stream.slice(at) };
          });
          const order = [...pieces];
          for (const [from, distance] of swaps) {
            const [i, j] = [from % order.length, Math.min(order.length - 1, (from % order.length) + distance)];
            if (distance === 0) order.splice(i, 0, order[i] as (typeof order)[0]);
            else [order[i], order[j]] = [order[j] as (typeof order)[0], order[i] as (typeof order)[0]];
          }
          send(segment(start - 1, "", { syn: 1 }));
          const [kept, again]: [string[], string[]] = [[], []];
          for (const { at, text } of order) {
            const [a, b] = send(segment(start + at, text));
            kept.push(...a);
            again.push(...b);
          }
          expect(router.read("r.length")).toBe("0");
          const [late] = wait(1000);
          expect(late).toEqual([]);
          expect(kept.join("")).toBe(stream);
          expect(kept.length + again.length).toBe(order.length);
          router.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});
