import { HandlerError, Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { ConfigurationError } from "@clickos/click-language";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const frame = (n: number): Uint8Array =>
  Uint8Array.from({ length: 60 }, (_, i) => (i === 0 ? n & 255 : i === 1 ? n >> 8 : 0));
const numbers = (frames: Uint8Array[]): number[] => frames.map((f) => (f[0] as number) + (f[1] as number) * 256);

async function router(text: string): Promise<Router> {
  return Router.compile(text, { elements, reconfigurable: true });
}

describe("hot swap", () => {
  it("keeps counters, queues in order, and what is in device rings", async () => {
    using r = await router(
      "FromDevice(0) -> c :: Counter -> q :: Queue(100) -> u :: Unqueue(ACTIVE false) -> ToDevice(1)",
    );
    r.device(0).send([1, 2, 3].map(frame));
    r.run();
    r.device(0).send([4, 5].map(frame));
    r.hotswap("FromDevice(0) -> c :: Counter -> n :: Null -> q :: Queue(200) -> Unqueue -> ToDevice(1)");
    expect([r.read("c.count"), r.read("q.length"), r.read("q.capacity")]).toEqual(["3", "3", "200"]);
    r.device(0).send([6].map(frame));
    r.run();
    expect(numbers(r.device(1).receive())).toEqual([1, 2, 3, 4, 5, 6]);
    expect(r.read("c.count")).toBe("6");
  });

  it("keeps frames that were sent and not yet taken", async () => {
    using r = await router("FromDevice(0) -> ToDevice(1)");
    r.device(0).send([1, 2].map(frame));
    r.run();
    r.hotswap("FromDevice(0) -> Counter -> ToDevice(1)");
    r.device(0).send([3].map(frame));
    r.run();
    expect(r.device(1).pending).toBe(3);
    expect(numbers(r.device(1).receive(2))).toEqual([1, 2]);
    expect(numbers(r.device(1).receive())).toEqual([3]);
  });

  it("starts anew what has the same name and another class", async () => {
    using r = await router("FromDevice(0) -> x :: Counter -> Discard");
    r.device(0).send([frame(1)]);
    r.run();
    r.hotswap("FromDevice(0) -> x :: Discard");
    expect(r.read("x.count")).toBe("0");
  });

  it("leaves the running configuration alone when the next is wrong", async () => {
    using r = await router("FromDevice(0) -> c :: Counter -> Discard");
    r.device(0).send([frame(1)]);
    r.run();
    expect(() => r.hotswap("FromDevice(0) -> Nothere")).toThrow(ConfigurationError);
    expect(r.read("c.count")).toBe("1");
  });

  it("keeps packets that wait for ARP, and the table", async () => {
    const config =
      "FromDevice(0) -> MarkIPHeader -> StaticIPLookup(0.0.0.0/0 10.0.0.9 0) -> q :: ARPQuerier(10.0.0.1, 2:0:0:0:0:1) -> ToDevice(1); FromDevice(2) -> [1] q";
    using r = await router(config);
    const packet = new Uint8Array(40);
    packet.set([0x45, 0, 0, 40]);
    r.device(0).send([packet, packet]);
    r.run();
    expect(r.device(1).receive().length).toBe(1);
    expect(r.read("q.length")).toBe("2");
    r.hotswap(`${config}; Idle -> Discard`);
    expect([r.read("q.length"), r.read("q.count")]).toEqual(["2", "1"]);
    // The answer lets them go.
    const reply = new Uint8Array(42);
    reply.set([
      2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9, 10, 0, 0, 9, 2, 0, 0, 0, 0, 1,
      10, 0, 0, 1,
    ]);
    r.device(2).send([reply]);
    r.run();
    expect(
      r
        .device(1)
        .receive()
        .map((f) => [...f.subarray(0, 6)].join()),
    ).toEqual(["2,0,0,0,0,9", "2,0,0,0,0,9"]);
    r.device(0).send([packet]);
    r.run();
    expect(r.device(1).receive().length).toBe(1);
  });

  it("loses no packet and no buffer, whenever it comes", async () => {
    const config = (n: number): string =>
      `FromDevice(0) -> c :: Counter -> q :: Queue(400) -> u :: Unqueue(${n}) -> p :: Queue(400) -> v :: Unqueue -> ToDevice(1); // ${n}`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(30), fc.constant("run"), fc.constant("swap")), { maxLength: 30 }),
        async (steps) => {
          using r = await router(config(1));
          const free = r.freeBuffers;
          let sent = 0;
          const got: number[] = [];
          for (const step of steps) {
            if (step === "run") {
              r.run(2);
              got.push(...numbers(r.device(1).receive()));
            } else if (step === "swap") r.hotswap(config(1 + (sent % 3)));
            else if (typeof step === "number" && sent + step < 350) {
              const frames = Array.from({ length: step }, (_, i) => frame(sent + i));
              sent += r.device(0).send(frames);
            }
          }
          r.run();
          got.push(...numbers(r.device(1).receive()));
          expect(got).toEqual(Array.from({ length: sent }, (_, i) => i));
          expect(r.freeBuffers).toBe(free);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it("is refused to a script in words", async () => {
    let said = "";
    const text = 'Script(write hotconfig Nothing, write q.config x, print "done"); Idle -> q :: Queue -> Discard';
    const chatter = (more: string): void => {
      said += more;
    };
    using r = await Router.compile(text, { elements, reconfigurable: true, chatter, output: chatter });
    r.run();
    expect(said).toMatch(/undeclared element 'Nothing'[\s\S]*CAPACITY[\s\S]*done\n$/);
  });

  it("is done by a handler too, and config changes one element", async () => {
    using r = await router("FromDevice(0) -> p :: Paint(1) -> c :: Counter -> Discard");
    r.device(0).send([frame(1)]);
    r.run();
    r.write("p.config", "9");
    expect([r.read("p.color"), r.read("c.count"), r.read("p.config")]).toEqual(["9", "1", "9"]);
    expect(() => r.write("p.config", "x")).toThrow("invalid number");
    r.write("hotconfig", "FromDevice(0) -> c :: Counter -> q :: Queue -> Unqueue -> Discard");
    expect([r.read("c.count"), r.read("list")]).toEqual(["1", "5\nFromDevice@1\nc\nq\nUnqueue@4\nDiscard@5\n"]);
    expect(() => r.write("hotconfig", "Nothing")).toThrow(HandlerError);
    expect(() => r.write("q.config", "x")).toThrow(/CAPACITY/);
    expect(r.read("q.capacity")).toBe("1000");
    using fixed = await Router.compile("Idle -> Discard", { elements });
    expect(() => fixed.write("hotconfig", "")).toThrow("no 'hotconfig' write handler");
  });
});
