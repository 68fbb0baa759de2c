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
  it("are reported together, each with file, line, column, the line and a caret", async () => {
    // What is wrong with names comes first, and alone.
    const names = "FromDevice(0) -> Countr -> q :: Queue(x) -> Discard;\nt :: Tee;\nnope -> t;\n";
    expect(await errors(names)).toBe(`t.click:1:18: undeclared element 'Countr'
  FromDevice(0) -> Countr -> q :: Queue(x) -> Discard;
                   ^
  hint: did you mean 'Counter'?
t.click:3:1: undeclared element 'nope'
  nope -> t;
  ^
  hint: declare it: nope :: Class(...)`);
    const text =
      "FromDevice(0) -> Counter -> q :: Queue(x) -> Discard;\nIdle -> e :: EtherEncap(0x0800) -> ToDevice(1);\nt :: Tee;\n";
    expect(
      await errors(text),
    ).toContain(`t.click:1:40: 'q :: Queue': CAPACITY: 'x' is not an integer between 0 and 4294967295
  FromDevice(0) -> Counter -> q :: Queue(x) -> Discard;
                                         ^
t.click:2:9: 'e :: EtherEncap': argument SRC is missing
  Idle -> e :: EtherEncap(0x0800) -> ToDevice(1);
          ^
  hint: takes ETHERTYPE, SRC, DST
t.click:2:9: 'e :: EtherEncap': argument DST is missing
  Idle -> e :: EtherEncap(0x0800) -> ToDevice(1);
          ^
  hint: takes ETHERTYPE, SRC, DST
t.click:3:1: 't :: Tee' input 0 is not connected
  t :: Tee;
  ^
  hint: connect something to it, or feed it from Idle
t.click:3:1: 't :: Tee' output 0 is not connected
  t :: Tee;
  ^
  hint: connect it, or end it in Discard`);
  });

  it("show what is around a place in a long line, and the beginning of a long message", async () => {
    const before = "Idle -> Discard; ".repeat(1000);
    const [first, line, caret] = (await errors(`${before}Idle -> Nothing; ${before}`)).split("\n") as [
      string,
      string,
      string,
    ];
    expect(first).toBe(`t.click:1:${before.length + 9}: undeclared element 'Nothing'`);
    expect(line).toMatch(/^ {2}\.\.\..{240}\.\.\.$/);
    expect(line.slice(caret.indexOf("^"))).toMatch(/^Nothing; /);
    const long = await errors(`Idle -> Strip(${"x".repeat(5000)}) -> Discard;`);
    expect(long.length).toBeLessThan(2000);
  });

  it("are errors when there are more than are kept, too", async () => {
    const many = await errors("ToDevice; ".repeat(1000));
    expect(many).toContain("argument DEVNAME is missing");
    expect(many).toContain("and more; these are the first");
  });

  it("cover push and pull", async () => {
    expect(await errors("FromDevice(0) -> Unqueue -> Discard")).toMatch(
      /push\/pull conflict: 'FromDevice@1 :: FromDevice' output 0 is push, 'Unqueue@2 :: Unqueue' input 0 is pull[\s\S]*put a Queue between them/,
    );
    expect(await errors("c :: Counter; FromDevice(0) -> c -> Unqueue -> Discard")).toMatch(/push\/pull conflict/);
    expect(await errors("f :: FromDevice(0) -> Discard; f -> Discard")).toMatch(
      /push output 0 of 'f' is connected more than once[\s\S]*Tee/,
    );
    expect(await errors("Idle -> q :: Queue -> Unqueue -> Discard; q -> Unqueue -> Discard")).toMatch(
      /pull output 0 of 'q' is connected more than once/,
    );
    expect(await errors("Idle -> q :: Queue; Idle -> [1] q; q -> Discard")).toMatch(
      /has 2 inputs, but takes at most 1/,
    );
  });

  it("cover syntax, and go on after it", async () => {
    const message = await errors("a :: ;\nIdle -> -> Discard;\nb :: Nonesuch;\nc :: Counter(");
    for (const part of [
      "1:6: missing element type in declaration",
      "2:9: syntax error near '->'",
      "3:6: unknown element class 'Nonesuch'",
      "4:14: expected ')'",
    ])
      expect(message).toContain(part);
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
    await expect(text("")).rejects.toThrow(/argument N is missing/);
    await expect(text("1, 2")).rejects.toThrow(/too many arguments/);
    await expect(text("-1")).rejects.toThrow(/N: '-1' is not an integer between 0/);
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
