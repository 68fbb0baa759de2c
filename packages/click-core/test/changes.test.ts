/** What handlers do to an element that runs: other arguments, hidden or shown, and code of its own. */
import { Router } from "@clickos/click-core";
import { arg, type ElementClass, element, elementSet, keyword, positional } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { u32 } from "@clickos/layout";
import { describe, expect, it } from "vitest";

/** Counts by a step, and has its timer add it once more. */
const Stepping: ElementClass = element({
  name: "Stepping",
  ports: "0/0",
  processing: "a/a",
  live: true,
  config: { STEP: positional(arg.u32, 1), OTHER: keyword(arg.u32, 0) },
  state: { sum: u32, told: u32, first: u32 },
  initial: ({ config }) => ({ first: config.STEP }),
  reconfigured(s) {
    s.told++;
  },
  handlers: {
    sum: { gauge: "sum" },
    told: { gauge: "told" },
    first: { gauge: "first", write: (s, text) => void (s.first = Number(text)) },
    other: { constant: ({ config }) => config.OTHER, write: (_s, text, { override }) => override("OTHER", text) },
    step: { write: (_s, text, { change }) => change("STEP", text) },
    add: { write: (_s, _text, { fire }) => fire() },
    now: { read: (_s, { now }) => now() },
  },
  timer: (_c, { state, config }) => state.sum.inc(config.STEP),
});

const set = { ...elements, ...elementSet(Stepping) };
const router = (text: string): Promise<Router> => Router.compile(text, { elements: set, simulation: 1_000_000_000n });
const read = (r: Router, ...names: string[]): string[] => names.map((name) => r.read(name));

describe("a handler", () => {
  it("gives an argument another value that `config` does not show, and leaves the rest as it is", async () => {
    using r = await router("s :: Stepping(5, OTHER 1)");
    r.write("s.first", "77");
    r.write("s.other", "2");
    expect(read(r, "s.other", "s.first", "s.config", "s.told")).toEqual(["2", "77", "5, OTHER 1", "0"]);
    expect(r.read("flatconfig")).toContain("s :: Stepping(5, OTHER 1);");
    expect(() => r.write("s.other", "x")).toThrow("OTHER: invalid number");
    expect(read(r, "s.other", "s.first")).toEqual(["2", "77"]);
  });

  it("changes the configuration that is shown, which has all begin anew that follows from it", async () => {
    using r = await router("s :: Stepping(5, OTHER 1)");
    r.write("s.first", "77");
    r.write("s.other", "2");
    r.write("s.step", "6");
    expect(read(r, "s.config", "s.other", "s.first", "s.told")).toEqual(["6, OTHER 1", "1", "6", "1"]);
    expect(() => r.write("s.step", "x")).toThrow("STEP: invalid number");
    expect(r.read("s.told")).toBe("1");
    r.write("s.config", "9");
    expect(read(r, "s.config", "s.other", "s.first", "s.told")).toEqual(["9", "0", "9", "2"]);
  });

  it("has the element's code run at once", async () => {
    using r = await router("s :: Stepping(5)");
    r.write("s.add", "");
    r.write("s.add", "");
    expect(r.read("s.sum")).toBe("10");
  });

  it("reads the clock, which takes a nanosecond in simulated time", async () => {
    using r = await router("s :: Stepping");
    const first = BigInt(r.read("s.now"));
    expect(BigInt(r.read("s.now"))).toBe(first + 1n);
  });
});

describe("another configuration of the same graph", () => {
  it("leaves tasks where they stand, with their tickets, and who sleeps asleep", async () => {
    using r = await router("i :: InfiniteSource(LIMIT 3) -> q :: Queue(2) -> u :: Unqueue(ACTIVE false) -> Discard");
    r.write("i.tickets", "77");
    r.run(50);
    expect(read(r, "i.count", "i.scheduled", "u.scheduled")).toEqual(["2", "false", "false"]);
    r.write("i.length", "5");
    expect(read(r, "i.count", "i.scheduled", "i.tickets", "u.scheduled")).toEqual(["2", "true", "77", "false"]);
    r.run(50);
    expect(read(r, "i.count", "i.scheduled", "q.drops")).toEqual(["2", "false", "0"]);
    // There is room, and the source is told.
    r.write("q.capacity", "3");
    expect(read(r, "i.scheduled", "q.length")).toEqual(["true", "2"]);
    r.run(50);
    expect(read(r, "i.count", "q.length", "i.scheduled")).toEqual(["3", "3", "false"]);
  });

  it("may come while the one before waits for the code that runs to return", async () => {
    let said = "";
    const chatter = (text: string): void => {
      said += text;
    };
    using r = await Router.compile(
      `i :: InfiniteSource(LIMIT 5) -> c :: Counter(COUNT_CALL 3 s.run) -> q :: Queue(50) -> Discard(ACTIVE false);
       s :: Script(TYPE PASSIVE, write q.capacity 40, write i.length 7, write q.capacity 30)`,
      { elements, chatter, output: chatter },
    );
    r.run(100);
    expect([said, ...read(r, "q.capacity", "i.length", "i.count", "q.length")]).toEqual(["", "30", "7", "5", "5"]);
  });
});
