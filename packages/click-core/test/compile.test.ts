import { arg, element, elementSet, Router, required } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { ConfigurationError } from "@clickos/click-language";
import { describe, expect, it } from "vitest";

async function errors(text: string): Promise<string> {
  try {
    await Router.compile(text, { elements, file: "t.click" });
  } catch (e) {
    if (e instanceof ConfigurationError) return e.message;
    throw e;
  }
  return "";
}

describe("errors", () => {
  it("of a stage are reported together, in Click's words, with the text that they are about under them", async () => {
    expect(await errors("FromDevice(0) -> Countr -> q :: Queue(x) -> Discard;\nnope -> q;\n")).toBe(
      `t.click:1: undeclared element 'Countr'
  1:18 | FromDevice(0) -> Countr -> q :: Queue(x) -> Discard;
       |                  ^
  hint: did you mean 'Counter'?
t.click:2: undeclared element 'nope'
  2:1 | nope -> q;
      | ^
  hint: declare it: nope :: Class(...)`,
    );
    expect(await errors("Idle -> q :: Queue(x) -> Discard;\nt :: Tee;")).toBe(`t.click:2: 't :: Tee' input 0 unused
  2:1 | t :: Tee;
      | ^
  hint: connect something to it, or feed it from Idle
t.click:2: 't :: Tee' output 0 unused
  2:1 | t :: Tee;
      | ^
  hint: connect it, or end it in Discard`);
    expect(
      await errors("Idle -> q :: Queue(x) -> Discard;\nIdle -> e :: EtherEncap(0x0800) -> Discard"),
    ).toBe(`t.click:1: While configuring 'q :: Queue':
  CAPACITY: invalid number
  1:20 | Idle -> q :: Queue(x) -> Discard;
       |                    ^
  hint: 'x' is not an integer between 0 and 4294967295
t.click:2: While configuring 'e :: EtherEncap':
  SRC: required argument missing
  2:9 | Idle -> e :: EtherEncap(0x0800) -> Discard
      |         ^
  hint: takes ETHERTYPE, SRC, DST
  DST: required argument missing
  2:9 | Idle -> e :: EtherEncap(0x0800) -> Discard
      |         ^
  hint: takes ETHERTYPE, SRC, DST`);
  });

  it("have Click's form, too", async () => {
    const text = "Idle -> q :: Queue(x, 5) -> Discard;\nIdle -> Paint -> Discard";
    const problem = await Router.compile(text, { elements }).catch((e) => e);
    expect(problem).toBeInstanceOf(ConfigurationError);
    expect(problem.report()).toBe(`config:1: While configuring 'q :: Queue':
  CAPACITY: invalid number
  too many arguments
config:2: While configuring 'Paint@5 :: Paint':
  COLOR: required argument missing
Router could not be initialized!`);
    expect(problem.report({ plain: true, curly: true })).toContain(
      "config:2: While configuring \u2018Paint@5 :: Paint\u2019:",
    );
    const unread = await Router.compile("Idle -> Nothing", { elements }).catch((e) => e);
    expect(unread.report()).toBe("config:1: undeclared element 'Nothing'");
  });

  it("show what is around a place in a long line, and the beginning of a long message", async () => {
    const before = "Idle -> Discard; ".repeat(1000);
    const [first, line = "", caret = ""] = (await errors(`${before}Idle -> Nothing; ${before}`)).split("\n");
    expect(first).toBe("t.click:1: undeclared element 'Nothing'");
    expect(line.startsWith(`  1:${before.length + 9} | ...`)).toBe(true);
    expect(line).toMatch(/ \| \.\.\..{240}\.\.\.$/);
    expect(line.slice(caret.indexOf("^"))).toMatch(/^Nothing; /);
    const long = await errors(`Idle -> Strip(${"x".repeat(5000)}) -> Discard;`);
    expect(long.length).toBeLessThan(3000);
  });

  it("are all there, however many; the first have hints", async () => {
    const many = await errors("Idle -> Paint(x) -> Discard; ".repeat(3000));
    expect(many.match(/COLOR: invalid number/g)).toHaveLength(3000);
    expect(many.match(/hint:/g)).toHaveLength(200);
  });

  it("cover push and pull", async () => {
    expect(await errors("FromDevice(0) -> Unqueue -> Discard")).toMatch(
      /^'FromDevice@1 :: FromDevice' push output 0 connected to 'Unqueue@2 :: Unqueue' pull input 0\n[\s\S]*put a Queue between them/,
    );
    expect(await errors("c :: Counter; FromDevice(0) -> c -> Unqueue -> Discard")).toMatch(
      /^agnostic 'c :: Counter' in mixed context: push input 0, pull output 0\n/,
    );
    expect(
      await errors("FromDevice(0) -> c :: Counter; c -> [0]u :: Unqueue -> Discard; Idle -> q :: Queue -> c"),
    ).toMatch(/'q :: Queue' pull output 0 connected to/);
    expect(await errors("f :: FromDevice(0) -> Discard; f -> Discard")).toMatch(
      /illegal reuse of 'f :: FromDevice' push output 0[\s\S]*Tee/,
    );
    expect(await errors("Idle -> q :: Queue; Idle -> [1] q; q -> Discard")).toMatch(/'q :: Queue' has no input 1/);
    // Two may pull from one output.
    expect(await errors("Idle -> q :: Queue -> Unqueue -> Discard; q -> Unqueue -> Discard")).toBe("");
  });

  it("cover syntax, and go on after it", async () => {
    const message = await errors("a :: ;\nIdle -> -> Discard;\nb :: Nonesuch;\nc :: Counter(");
    for (const part of ["2: syntax error near '->'", "3: unknown element class 'Nonesuch'", "4: expected ')'"])
      expect(message).toContain(part);
  });

  it("of initialization are those of the first element that fails, after warnings", async () => {
    const Fails = element({
      name: "Fails",
      ports: "0/0",
      processing: "a/a",
      config: { TEXT: required(arg.string) },
      prepare: ({ warning }) => warning("careful", { subject: "TEXT" }),
      peers({ config, error }) {
        error(config.TEXT, { landmark: "file:3" });
      },
    });
    const problem = await Router.compile("x :: Fails(one);\ny :: Fails(two)", { elements: elementSet(Fails) }).catch(
      (e) => e,
    );
    expect(problem.report()).toBe(`config:1: While configuring 'x :: Fails':
  TEXT: warning: careful
config:2: While configuring 'y :: Fails':
  TEXT: warning: careful
config:1: While initializing 'x :: Fails':
file:3:   one
Router could not be initialized!`);
  });
});

describe("element definitions", () => {
  const compileWith = (action: any, extra: object = {}): Promise<Router> =>
    Router.compile("FromDevice(0) -> x :: X -> ToDevice(1)", {
      elements: {
        ...elements,
        ...elementSet(
          element({
            name: "X",
            ports: "1/1-2",
            processing: "h/h",
            ...extra,
            ...(typeof action === "function" ? { push: action } : action),
          } as any),
        ),
      },
    });

  it("must consume each packet exactly once on every path; the mistake names the element and the place", async () => {
    await expect(compileWith((c: any, _port: number, p: any) => c.if(p.length, () => p.kill()))).rejects.toThrow(
      /X \('x'\): loses a packet/,
    );
    await expect(
      compileWith((_c: any, _port: number, p: any, { output }: any) => {
        output(0).push(p);
        output(0).push(p);
      }),
    ).rejects.toThrow(/X \('x'\): a packet is pushed after it was pushed \(at .*compile\.test\.ts/);
    await expect(
      compileWith((_c: any, _port: number, p: any) => {
        p.kill();
        return p.length;
      }),
    ).rejects.toThrow(/uses a packet after it was killed/);
    await expect(
      compileWith((c: any, _port: number, p: any) => {
        c.for(0, 3, 1, () => p.kill());
      }),
    ).rejects.toThrow(/inside it, where it could happen twice/);
    await expect(
      compileWith((_c: any, _port: number, p: any, { packets, output }: any) => {
        packets.make(10, () => {});
        output(0).push(p);
      }),
    ).rejects.toThrow(/loses a packet/);
    await expect(
      compileWith((c: any, _port: number, p: any, { packets }: any) => {
        c.loop(() => {
          packets.make(10, () => c.break());
        });
        p.kill();
      }),
    ).rejects.toThrow(/loses a packet at a break/);
    await expect(
      compileWith((c: any, _port: number, p: any, { packets }: any) =>
        packets.make(10, (q: any) => {
          c.if(q.length, () => p.kill());
          q.kill();
        }),
      ),
    ).rejects.toThrow(/one branch consumes a packet while another/);
  });

  it("a branch that consumes the packet ends there; both branches may", async () => {
    using router = await compileWith({
      action(c: any, p: any) {
        c.if(p.length.ltU(20), () => p.drop("small"));
        c.store8(p.data, 1);
      },
    });
    router.device(0).send([new Uint8Array(14), new Uint8Array(30)]);
    router.run();
    expect(
      router
        .device(1)
        .receive()
        .map((f) => [f.length, f[0]]),
    ).toEqual([[30, 1]]);
    expect(router.drops()).toEqual([{ element: "x", reason: "small", count: 1 }]);
  });

  it("read their arguments by position and keyword", async () => {
    const spec = { config: { N: required(arg.u32) } };
    const text = (a: string): Promise<Router> =>
      Router.compile(`FromDevice(0) -> X(${a}) -> Discard`, {
        elements: {
          ...elements,
          ...elementSet(element({ name: "X", ports: "1/1", processing: "a/a", ...spec, action() {} })),
        },
      });
    await text("5");
    await text("N 5");
    await expect(text("")).rejects.toThrow(/N: required argument missing/);
    await expect(text("1, 2")).rejects.toThrow(/too many arguments/);
    await expect(text("-1")).rejects.toThrow(/N: invalid number/);
  });
});

describe("the router", () => {
  it("names its handlers and says when there is none", async () => {
    using router = await Router.compile("FromDevice(0) -> c :: Counter -> Discard", { elements });
    expect(router.list("c.*").sort()).toEqual([
      "c.bit_rate",
      "c.byte_count",
      "c.byte_count_call",
      "c.byte_rate",
      "c.class",
      "c.config",
      "c.count",
      "c.count_call",
      "c.handlers",
      "c.name",
      "c.ports",
      "c.rate",
      "c.reset",
      "c.reset_counts",
    ]);
    expect([router.read("c.class"), router.read("c.name")]).toEqual(["Counter", "c"]);
    expect(() => router.read("c.cont")).toThrow("no 'c.cont' read handler");
    expect(() => router.read("d.count")).toThrow("no element named 'd'");
    expect(() => router.write("c.class", "x")).toThrow("no 'c.class' write handler");
    expect(() => router.device(7)).toThrow("uses no device 7; it uses 0");
    expect(() => router.device(0).send([new Uint8Array((1 << 24) + 1)])).toThrow(RangeError);
  });

  it("compiles the same configuration to the same bytes", async () => {
    const compile = (): Promise<Router> =>
      Router.compile("FromDevice(0) -> c :: Classifier(12/0800, -); c[0] -> Queue -> ToDevice(1); c[1] -> Discard", {
        elements,
      });
    expect((await compile()).wasm).toEqual((await compile()).wasm);
  });

  it("makes an element's code where it is pushed to, and a function of what several places or a circle lead to", async () => {
    const port = (name: string, twice: boolean) =>
      element({
        name,
        ports: "2/2",
        processing: "h/h",
        push(c, port, packet, { output }) {
          if (twice)
            c.if(
              packet.length.gtU(60),
              () => output(port).push(packet),
              () => output(port).push(packet),
            );
          else output(port).push(packet);
        },
      });
    const set = { ...elements, ...elementSet(port("Once", false), port("Twice", true)) };
    const functions = async (text: string): Promise<string[]> => {
      using router = await Router.compile(text, { elements: set });
      router.device(0).send([new Uint8Array(60)]);
      router.run();
      expect(router.device(1).pending).toBe(1);
      return [...router.text().matchAll(/^func (\S+ \[\d+\] push)/gm)].map(([, name]) => name as string);
    };
    expect(await functions("FromDevice(0) -> Counter -> ToDevice(1)")).toEqual([]);
    const rest = "-> q :: Queue -> ToDevice(1);";
    expect(
      await functions(`FromDevice(0) -> x :: Once; x [0] -> c :: Counter ${rest} Idle -> [1] x [1] -> Discard`),
    ).toEqual([]);
    expect(
      await functions(`FromDevice(0) -> x :: Twice; x [0] -> c :: Counter ${rest} Idle -> [1] x [1] -> Discard`),
    ).toEqual(["c [0] push"]);
    expect(await functions(`FromDevice(0) -> x :: Once; x [0] -> c :: Counter -> [1] x [1] ${rest}`)).toEqual([
      "c [0] push",
    ]);
  });

  it("compiles long chains and wide graphs", async () => {
    using chain = await Router.compile(`FromDevice(0) -> ${"Counter -> ".repeat(500)} ToDevice(1)`, { elements });
    chain.device(0).send([new Uint8Array(60)]);
    chain.run();
    expect(chain.device(1).pending).toBe(1);
    using wide = await Router.compile(
      `d :: Discard; t :: Tee; FromDevice(0) -> t; ${Array.from({ length: 200 }, (_, i) => `t[${i}] -> d;`).join("")}`,
      { elements },
    );
    wide.device(0).send([new Uint8Array(60)]);
    wide.run();
    expect(wide.read("d.count")).toBe("200");
  });
});
