import { Router } from "@clickos/click-core";
import { HandlerError, type ServiceHost } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseScript } from "../src/control/instructions.ts";
import { ScriptMachine } from "../src/control/machine.ts";
import { stepsPerTurn } from "../src/control/turn.ts";

/** A script on a host whose turns are counted: `reads` is how often the handler `tick` was read in each. */
function bench(type: string, ...instructions: string[]) {
  const timers: (() => void)[] = [];
  const said: string[] = [];
  let reads = 0;
  let stops = 0;
  const host = {
    now: () => 0n,
    at(_time: bigint, run: () => void) {
      timers.push(run);
      return () => void timers.splice(timers.indexOf(run), 1);
    },
    chatter: (text: string) => said.push(text),
    output: (text: string) => said.push(text),
    stop: () => stops++,
    files: undefined,
    handlers: {
      describe(path: string) {
        if (path !== "tick") throw new HandlerError("NO_HANDLER", path);
        return { path, access: "r", kind: "text" };
      },
      read: () => String(++reads),
      write() {},
      elements: () => [],
    },
  } as unknown as ServiceHost;
  const script = parseScript([`TYPE ${type}`, ...instructions], (message) => {
    throw new Error(message);
  });
  const machine = new ScriptMachine({ ...script, name: "s", className: "Script", host });
  return {
    machine,
    said,
    get stops() {
      return stops;
    },
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
  it("that never ends does a bounded number of instructions a turn, and goes on in the next", () => {
    const b = bench("ACTIVE", "label a", "set x $(tick)", "goto a");
    expect(b.reads(() => b.machine.run())).toBeLessThanOrEqual(stepsPerTurn / 3 + 1);
    for (let i = 0; i < 20; i++) {
      const reads = b.reads(b.turn);
      expect(reads).toBeGreaterThan(stepsPerTurn / 4);
      expect(reads).toBeLessThanOrEqual(stepsPerTurn / 3 + 1);
    }
    expect(b.machine.finished).toBe(false);
    // A jump from outside takes it out of its loop, and leaves nothing behind.
    b.machine.jump("end");
    expect([b.machine.finished, b.turn()]).toEqual([true, 0]);
  });

  it("does fewer instructions a turn where they are wrong", () => {
    const b = bench("ACTIVE", "set x $(tick)", "goto nowhere$x", "loop");
    expect(b.reads(() => b.machine.run())).toBeLessThan(stepsPerTurn / 16);
    expect(b.reads(b.turn)).toBeGreaterThan(10);
  });

  it("compiles one configuration a turn, as often as it asks for it", () => {
    const b = bench("ACTIVE", "set x $(tick)", "write q.config 100", "loop");
    expect(b.reads(() => b.machine.run())).toBe(1);
    for (let i = 0; i < 5; i++) expect(b.reads(b.turn)).toBe(1);
    // One that may not wait is given up after some.
    const passive = bench("PASSIVE", "set x $(tick)", "writeq hotconfig Idle", "loop");
    expect(passive.reads(() => passive.machine.call(new Map()))).toBeLessThanOrEqual(20);
    expect(passive.said.join("")).toContain("too many instructions");
  });

  it("comes to the same end however many turns it takes, a stop in between included", () => {
    const said: string[] = [];
    using r = Router.compileSync(
      `c :: Counter; InfiniteSource(LIMIT 1, STOP true) -> c -> Discard;
       DriverManager(set i 0, label a, set i $(add $i 1), goto a $(lt $i 5000), wait_stop, print "$i $(c.count)")`,
      { elements, output: (text) => said.push(text) },
    );
    let turns = 0;
    while (r.run(1) !== "stopped") turns++;
    expect(said).toEqual(["5000 1\n"]);
    expect(turns).toBeGreaterThan(10);
  });

  it("takes any number of steps as they come", () => {
    const once = bench("ACTIVE", "wait_step 4294967295", "print done");
    once.machine.run();
    expect(once.machine.step(4294967294)).toBe(true);
    expect(once.machine.finished).toBe(false);
    once.machine.step();
    expect(once.machine.finished).toBe(true);
    expect(once.machine.step(4294967295)).toBe(false);
    const loop = bench("ACTIVE", "label a", "wait_step", "set x $(tick)", "goto a");
    loop.machine.run();
    expect(loop.reads(() => loop.machine.step(4294967295))).toBeLessThanOrEqual(stepsPerTurn);
    for (let i = 0; i < 5; i++) expect(loop.reads(loop.turn)).toBeLessThanOrEqual(stepsPerTurn);
    const few = bench("ACTIVE", "label a", "wait_step", "set x $(tick)", "goto a");
    few.machine.run();
    expect(few.reads(() => few.machine.step(7))).toBe(7);
    expect(few.turn()).toBe(0);
  });

  it("whose result is wanted at once is given up after as many jumps as in Click", () => {
    const b = bench("PASSIVE", "label a", "set x $(tick)", "goto a");
    expect(b.reads(() => b.machine.call(new Map()))).toBe(1000);
    expect(b.said.join("")).toContain("too many jumps, giving up");
    const packets = bench("PACKET", "label a", "set x $(tick)", "goto a");
    expect(packets.reads(() => expect(packets.machine.call(new Map())).toBeUndefined())).toBe(1000);
    expect(packets.reads(() => packets.machine.call(new Map()))).toBe(0);
    packets.turn();
    expect(packets.reads(() => packets.machine.call(new Map()))).toBe(1000);
  });

  it("that calls others which loop, or itself through others, comes to an end", () => {
    const loop = (called: string): string => `Script(TYPE PASSIVE, label a, set x $(${called}.run), goto a)`;
    using loops = Router.compileSync(
      `a :: ${loop("b")}; b :: ${loop("c")}; c :: ${loop("d")}; d :: ${loop("e")}; e :: ${loop("a")}`,
      {
        elements,
      },
    );
    expect(loops.read("a.run")).toBe("");
    const chain = Array.from({ length: 500 }, (_, i) => `s${i} :: Script(TYPE PASSIVE, return "$(s${i + 1}.run)x")`);
    const said: string[] = [];
    using deep = Router.compileSync(chain.join(";"), { elements, chatter: (text) => said.push(text) });
    deep.read("s0.run");
    expect(said.join("")).toContain("scripts call each other too deep");
  });

  it("holds a bounded text, whatever it doubles", () => {
    const said: string[] = [];
    using r = Router.compileSync(
      's :: Script(TYPE PASSIVE, set x aaaaaaaa, label l, set x "$x$x", set i $(add $i 1), goto l $(lt $i 100), return $(length $x))',
      { elements, chatter: (text) => said.push(text) },
    );
    expect(Number(r.read("s.run"))).toBeLessThanOrEqual(1 << 20);
    expect(said.join("")).toContain("a text of more than 1048576 characters");
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
      {
        elements,
      },
    );
    expect(r.read("s.run")).toBe("<0>");
  });

  it("has functions that refuse in words, whatever they are given", () => {
    using r = Router.compileSync("s :: Script(TYPE PASSIVE, end); PokeHandlers(quit)", { elements });
    const functions = r
      .read("s.handlers")
      .split("\n")
      .filter((line) => line.endsWith("\tr+"))
      .map((line) => line.split("\t")[0] as string);
    expect(functions.length).toBeGreaterThan(35);
    const word = fc.oneof(
      fc.constantFrom(
        ..."0 -0 1 -1 1.5 -1.5 1e999 -1e999 1e308 5e-324 0x 0xff -0x10 9223372036854775808 -9223372036854775809 18446744073709551616".split(
          " ",
        ),
        ...[
          "%.200f",
          "%999999999d",
          "%*.*f",
          "%-+ #010.5x",
          "%",
          "%%",
          "%l",
          '"%s %d"',
          "%c",
          "%99999999999999999999s",
          "%.100e",
          "%.101g",
        ],
        ...[
          "true",
          "false",
          "$x",
          "'",
          '"',
          "\\\\<",
          "\\\\<41>",
          "",
          "nan",
          "s.run",
          "..",
          "a.b.c",
          "\0",
          "9".repeat(400),
          "9".repeat(1001),
        ],
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

  it("computes as C does", () => {
    using r = Router.compileSync("s :: Script(TYPE PASSIVE, end)", { elements });
    const cases: [string, string, string][] = [
      ["add", "9223372036854775807 1", "-9223372036854775808"],
      ["add", "9223372036854775808 1", "9.22337203685478e+18"],
      ["mul", "4294967296 4294967296", "0"],
      ["neg", "-0x10", "16"],
      ["sprintf", '"%5.3d|%-6x|%#o|%u|%+d|% d" 7 255 8 -1 3 4', "  007|ff    |010|4294967295|+3| 4"],
      ["sprintf", '"%*d|%-*d|%.*f|%.2s" 4 1 4 2 1 3.14159 abc', "   1|2   |3.1|ab"],
      [
        "sprintf",
        '"%e %G %g %f" 12345.678 1e-10 100000 1e21',
        "1.234568e+04 1E-10 100000 1000000000000000000000.000000",
      ],
      ["sprintf", '"%ld %hx %qu %%" 5 16 7', "5 10 7 %"],
      ["htonl", "0xffffffff", "4294967295"],
      ["random", "1", "0"],
    ];
    for (const [name, text, result] of cases)
      expect([name, text, r.read(`s.${name}`, text)]).toEqual([name, text, result]);
  });
});
