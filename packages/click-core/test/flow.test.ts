import { element, elementSet, Router } from "@clickos/click-core";
import { checkConfiguration } from "@clickos/click-core/compile";
import { elements } from "@clickos/click-elements";
import { describe, expect, it } from "vitest";

describe("flow codes", () => {
  it("decide what agnostic ports become", () => {
    // Two wires in one element: each is push or pull by itself.
    const TwoWires = element({ name: "TwoWires", ports: "2/2", processing: "a/a", flow: "xy/xy", action() {} });
    const { checked } = checkConfiguration(
      { file: "f", text: "Idle -> w :: TwoWires -> Queue -> [1] w; w [1] -> Unqueue -> Discard; " },
      { ...elements, ...elementSet(TwoWires) },
    );
    const w = checked.elements.find((e) => e.source.name === "w");
    expect([w?.inputs, w?.outputs]).toEqual([
      ["push", "pull"],
      ["push", "pull"],
    ]);
  });
});

describe("tasks", () => {
  it("run as often as their tickets say, by ScheduleInfo in compounds too", async () => {
    using r = await Router.compile(
      `elementclass S { src :: InfiniteSource -> Discard }
       a :: S; b :: S; c :: S; ScheduleInfo(a/ 2, b/src 0.5);`,
      { elements },
    );
    expect(["a", "b", "c"].map((n) => r.read(`${n}/src.tickets`))).toEqual(["2048", "512", "1024"]);
    r.run(40_000);
    const count = (n: string): number => Number(r.read(`${n}/src.count`));
    expect(count("a") / count("c")).toBeCloseTo(2, 2);
    expect(count("c") / count("b")).toBeCloseTo(2, 2);
  });

  it("sleep through elements that only pass packets on, and are woken", async () => {
    using r = await Router.compile(
      `FromDevice(0) -> a :: Queue -> Null -> [0] s :: RoundRobinSched -> Counter -> u :: Unqueue -> d :: Discard;
       FromDevice(1) -> Queue -> [1] s;`,
      { elements },
    );
    expect(r.run()).toBe("idle");
    expect(r.read("u.scheduled")).toBe("false");
    for (const device of [0, 1]) {
      r.device(device).send([new Uint8Array(60)]);
      expect(r.run()).toBe("idle");
      expect([r.read("d.count"), r.read("u.scheduled")]).toEqual([String(device + 1), "false"]);
    }
  });

  it("poll where somebody on the way cannot tell", async () => {
    using r = await Router.compile("FromDevice(0) -> SimpleQueue -> u :: Unqueue -> d :: Discard", { elements });
    expect(r.run()).toBe("polling");
    expect(r.read("u.scheduled")).toBe("true");
  });

  it("sleeps where its element is not active, and takes a number of tickets", async () => {
    using r = await Router.compile("s :: InfiniteSource -> d :: Discard", { elements });
    expect(r.run(10)).toBe("more");
    r.write("s.active", "false");
    expect(r.run()).toBe("idle");
    const count = r.read("d.count");
    r.write("s.active", "true");
    expect(r.run(10)).toBe("more");
    expect(Number(r.read("d.count"))).toBeGreaterThan(Number(count));
    const warnings: string[] = [];
    for (const tickets of ["0", "-5", "0x10", "99999999999", "7"])
      r.write("s.tickets", tickets, {
        status: 0,
        error() {},
        warn: (message) => warnings.push(`${tickets}: ${message}`),
        tell() {},
      });
    expect(warnings).toEqual([
      "0: tickets pinned at 1",
      "-5: tickets pinned at 1",
      "99999999999: tickets pinned at 32768",
    ]);
    expect(r.read("s.tickets")).toBe("7");
    for (const text of ["", "x", "7 ", "08", "1.5"]) expect(() => r.write("s.tickets", text)).toThrow("syntax error");
  });
});
