import { Router } from "@clickos/click-core";
import { HandlerError, type ServiceHost } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toldBy } from "../src/control/complaints.ts";
import { readScript } from "../src/control/instructions.ts";
import { type Action, ScriptMachine } from "../src/control/machine.ts";
import { maximumInstructions } from "../src/control/turn.ts";

/** A script on a host whose timers are run by hand: `reads` is how often the handler `tick` was read. */
function bench(type: string, ...instructions: string[]) {
  const timers: (() => void)[] = [];
  const said: string[] = [];
  let reads = 0;
  let runCount = 1;
  const host = {
    now: () => 0n,
    at(_time: bigint, run: () => void) {
      timers.push(run);
      return () => {
        if (timers.includes(run)) timers.splice(timers.indexOf(run), 1);
      };
    },
    chatter: (text: string) => said.push(text),
    output: (text: string) => said.push(text),
    stop: (times = 1) => {
      runCount -= times;
    },
    files: undefined,
    process: undefined,
    handlers: {
      describe(path: string) {
        if (path !== "tick" && path !== "hotconfig") throw new HandlerError("NO_HANDLER", path);
        return { path, access: "rw", kind: "text" };
      },
      read: () => String(++reads),
      write() {},
    },
  } as unknown as ServiceHost;
  const script = readScript({
    arguments: [`TYPE ${type}`, ...instructions],
    ninputs: type === "PACKET" ? 1 : 0,
    noutputs: 0,
    attach: () => true,
    error(message) {
      throw new Error(message);
    },
  });
  const machine = new ScriptMachine({ ...script, name: "s", className: "Script", landmark: "test:1", host });
  machine.initialize();
  const errors = toldBy((message) => said.push(message));
  return {
    machine,
    said,
    get runCount() {
      return runCount;
    },
    /** Does something as the script's handlers do. */
    handle: (action: Action) => machine.handle(action, { name: "run", write: true }, errors),
    /** Reads that an action takes. */
    reads(action: () => void): number {
      const before = reads;
      action();
      return reads - before;
    },
    /** The timers that are set, run once each. */
    turn: () => timers.splice(0).map((run) => run()).length,
  };
}

describe("a script", () => {
  it("that never ends is given up after as many jumps as in Click, whatever runs it", () => {
    const loop = ["label a", "set x $(tick)", "goto a"];
    const active = bench("ACTIVE", ...loop);
    expect(active.reads(active.turn)).toBe(1000);
    expect(active.said).toEqual(["s :: Script: too many jumps, giving up"]);
    expect(active.turn()).toBe(0);
    const passive = bench("PASSIVE", ...loop);
    for (let i = 0; i < 2; i++) expect(passive.reads(() => passive.handle({ args: "" }))).toBe(1000);
    const packets = bench("PACKET", ...loop);
    for (let i = 0; i < 2; i++) expect(packets.reads(() => expect(packets.machine.packet(0)).toBe(-1))).toBe(1000);
  });

  it("begins a new count of jumps with each wait", () => {
    const b = bench("ACTIVE", "set x $(tick)", "wait 0", "goto begin");
    for (let i = 0; i < 1500; i++) expect(b.turn()).toBe(1);
    expect(b.said).toEqual([]);
  });

  it("compiles some configurations in one activation, and is then given up", () => {
    const b = bench("PASSIVE", "set x $(tick)", "writeq hotconfig Idle", "loop");
    expect(b.reads(() => b.handle({ args: "" }))).toBeLessThanOrEqual(20);
    expect(b.said.join("")).toContain("too many instructions");
  });

  it("takes any number of steps as they come", () => {
    const once = bench("ACTIVE", "wait_step 4294967295", "print done");
    once.handle({ steps: 4294967294 });
    expect(once.said).toEqual([]);
    once.handle({ steps: 1 });
    expect(once.said.join("")).toContain("no 'done' read handler");
    const loop = bench("ACTIVE", "label a", "wait_step", "set x $(tick)", "goto a");
    loop.turn();
    expect(loop.reads(() => loop.handle({ steps: 7 }))).toBe(7);
    expect(loop.reads(() => loop.handle({ steps: 2147483647 }))).toBe(1000);
  });

  it("of a driver gives back what it takes of the requests to stop, and ends with one", () => {
    const b = bench("DRIVER", "print x", "pause", "pause 2");
    const asked = () => b.handle({ steps: 1, driver: true })?.goesOn;
    expect([b.runCount, asked(), asked(), asked(), asked()]).toEqual([0, true, true, true, false]);
  });

  it("that calls others which loop, or itself through others, comes to an end", () => {
    const loop = (called: string): string => `Script(TYPE PASSIVE, label a, set x $(${called}.run), goto a)`;
    const said: string[] = [];
    using loops = Router.compileSync(
      `a :: ${loop("b")}; b :: ${loop("c")}; c :: ${loop("d")}; d :: ${loop("e")}; e :: ${loop("a")}`,
      { elements, chatter: (text) => said.push(text) },
    );
    expect(loops.read("a.run", "", { status: 0, error() {}, warn() {}, tell() {} })).toBe("");
    expect(said.join("")).toMatch(/too many (jumps|instructions), giving up/);
    expect(maximumInstructions).toBeGreaterThan(100_000);
    const chain = Array.from({ length: 500 }, (_, i) => `s${i} :: Script(TYPE PASSIVE, return "$(s${i + 1}.run)x")`);
    using deep = Router.compileSync(chain.join(";"), { elements });
    expect(() => deep.read("s0.run")).toThrow("scripts call each other too deep");
  });

  it("holds a bounded text, whatever it doubles", () => {
    using r = Router.compileSync(
      's :: Script(TYPE PASSIVE, set x aaaaaaaa, label l, set x "$x$x", set i $(add $i 1), goto l $(lt $i 100), return $(length $x))',
      { elements },
    );
    const errors: string[] = [];
    const report = { status: 0, error: (message: string) => errors.push(message), warn() {}, tell() {} };
    expect(Number(r.read("s.run", "", report))).toBeLessThanOrEqual(1 << 20);
    expect(errors.join("")).toContain("a text of more than 1048576 characters");
    for (let i = 0; i < 20; i++) {
      try {
        r.write("s.set", `v${i} ${"x".repeat(1 << 20)}`);
      } catch (e) {
        expect((e as Error).message).toContain("the variables hold more than 8388608 characters");
        return;
      }
    }
    throw new Error("nothing bounds the variables");
  });

  it("gives its variables their first values when handlers are there to read", () => {
    using r = Router.compileSync(
      "c :: Counter; Idle -> c -> Discard; s :: Script(TYPE PASSIVE, init x $(c.count), return <$x>)",
      { elements },
    );
    expect(r.read("s.run")).toBe("<0>");
  });

  it("has functions that refuse in words, whatever they are given", () => {
    using r = Router.compileSync("s :: Script(TYPE PASSIVE, end)", { elements });
    const functions = r
      .read("s.handlers")
      .split("\n")
      .filter((line) => line.endsWith("\tr+"))
      .map((line) => line.split("\t")[0] as string)
      .filter((name) => name !== "kill");
    expect(functions.length).toBeGreaterThan(35);
    const word = fc.oneof(
      fc.constantFrom(
        ..."0 -0 1 -1 1.5 -1.5 1e999 -1e999 1e308 5e-324 0x 0xff -0x10 0x1p-2000 9223372036854775808 -9223372036854775809 18446744073709551616".split(
          " ",
        ),
        ..."%.200f %999999999d %*.*f %-+#010.5x % %% %l %c %99999999999999999999s %.100d %.101o %lld".split(" "),
        '"%s %d"',
        ...["true", "false", "$x", "'", '"', "\\\\<", "\\\\<41>", "", "nan", "s.run", "..", "a.b.c", "\0"],
        "9".repeat(400),
        "9".repeat(1001),
      ),
      fc.string({ maxLength: 8 }),
      fc.double().map(String),
    );
    fc.assert(
      fc.property(fc.constantFrom(...functions), fc.array(word, { maxLength: 6 }), (name, words) => {
        try {
          expect(typeof r.read(`s.${name}`, words.join(" "))).toBe("string");
        } catch (e) {
          expect(e).toBeInstanceOf(HandlerError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("prints doubles as %.12g does", () => {
    using r = Router.compileSync("s :: Script(TYPE PASSIVE, end)", { elements });
    const cases: [string, string][] = [
      ["100000000000 0.5", "100000000000"],
      ["100000000001 0.5", "100000000002"],
      ["100000000001.5 0", "100000000002"],
      ["-100000000000 -0.5", "-100000000000"],
      ["1e12 0.0", "1e+12"],
      ["0.0001 0", "0.0001"],
      ["0.00001 0", "1e-05"],
      ["0.1 0.2", "0.3"],
      ["1.0000000000005 0", "1"],
      ["-0.0", "-0"],
    ];
    for (const [text, result] of cases) expect([text, r.read("s.add", text)]).toEqual([text, result]);
  });
});
