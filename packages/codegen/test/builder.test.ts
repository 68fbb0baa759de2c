import {
  CodegenError,
  checkModule,
  type FunctionBuilder,
  type ModuleLimits,
  type ModuleRules,
  moduleBuilder,
  moduleText,
  staged,
  wasmBackend,
} from "@clickos/codegen";
import { struct, u8, u16be, u32, u32be, u64 } from "@clickos/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function instantiate(build: (m: ReturnType<typeof moduleBuilder>) => void): {
  exports: Record<string, any>;
  memory: WebAssembly.Memory;
} {
  const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 1, shared: true } });
  build(m);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(m.toIr())), { env: { memory } });
  return { exports: instance.exports, memory };
}

describe("the builder", () => {
  it("fills a place that was left in the code when the rest of it is built", () => {
    const { exports } = instantiate((m) => {
      const places: (() => void)[] = [];
      m.export(
        "f",
        m.func("f", {}, "i32", (c) => {
          const v = c.var("i32", 1);
          const fill = c.later();
          places.push(() => fill(() => v.inc(4)));
          v.set(v.get().mul(2));
          return v.get();
        }),
      );
      for (const fill of places) fill();
    });
    expect(exports.f()).toBe(10);
  });

  it("sums 16-bit words in network order", () => {
    const { exports, memory } = instantiate((m) => {
      m.export(
        "sum16",
        m.func("sum16", { p: "i32", n: "i32" }, "i32", (c, { p, n }) => {
          const sum = c.var("i32", 0);
          c.for(0, n, 2, (i) => sum.inc(c.load16(p.add(i), 0, "be")));
          return sum.get();
        }),
      );
    });
    new Uint8Array(memory.buffer).set([1, 2, 3, 4, 0, 5]);
    expect(exports.sum16(0, 6)).toBe(0x0102 + 0x0304 + 5);
    expect(exports.sum16(0, 0)).toBe(0);
  });

  it("leaves where it must", () => {
    const { exports } = instantiate((m) => {
      m.export(
        "f",
        m.func("f", { n: "i32" }, "i32", (c, { n }) => {
          c.leaveIf(n.gtU(10), () => c.return(-1));
          c.leaveIf(c.i32(0), () => {});
          c.block((end) => {
            c.leaveIf(n.eq(5), () => c.br(end));
            c.leaveIf(n.eq(6), () =>
              c.if(
                n,
                () => c.return(-6),
                () => c.trap(),
              ),
            );
            c.return(-2);
          });
          return n;
        }),
      );
    });
    expect([exports.f(11), exports.f(5), exports.f(6), exports.f(7)]).toEqual([-1, 5, -6, -2]);
    for (const leave of [(_c: FunctionBuilder) => {}, (c: FunctionBuilder) => c.if(c.load8(0), () => c.return())])
      expect(() =>
        instantiate((m) => void m.func("f", { n: "i32" }, undefined, (c, { n }) => c.leaveIf(n, () => leave(c)))),
      ).toThrow(expect.objectContaining({ code: "FALLS_THROUGH" }));
  });

  it("moves bytes in network order without swapping them", () => {
    const { exports, memory } = instantiate((m) => {
      m.export(
        "f",
        m.func("f", { p: "i32" }, undefined, (c, { p }) => {
          c.store32(p, c.load32(p, 0, "be"), 16, "be");
          c.store16(p, c.load16(p, 4, "be"), 20, "be");
          c.store64(p, c.load64(p, 6, "be"), 22, "be");
        }),
      );
      m.export(
        "g",
        m.func("g", { p: "i32" }, undefined, (c, { p }) => {
          c.store16(p, c.load32(p, 0, "be"), 16, "be");
          c.store32(p, c.load32(p, 0, "be"), 18, "le");
        }),
      );
      expect(moduleText(m.toIr()).split("func g")[0]).not.toMatch(/be\[/);
    });
    const bytes = new Uint8Array(memory.buffer);
    const start = Uint8Array.from({ length: 14 }, (_, i) => i + 1);
    bytes.set(start);
    exports.f(0);
    expect([...bytes.subarray(16, 30)]).toEqual([...start]);
    exports.g(0);
    expect([...bytes.subarray(16, 22)]).toEqual([3, 4, 4, 3, 2, 1]);
  });

  it("compares bytes in network order with constants without swapping them", () => {
    const { exports, memory } = instantiate((m) => {
      m.export(
        "f",
        m.func("f", { p: "i32" }, "i32", (c, { p }) =>
          c
            .load16(p, 0, "be")
            .and(0x1fff)
            .eqz()
            .or(c.load32(p, 2, "be").eqz().shl(1))
            .or(c.load16(p, 0, "be").eq(0x2000).shl(2)),
        ),
      );
      expect(moduleText(m.toIr())).not.toMatch(/load\d+be/);
    });
    const run = (...bytes: number[]): number => {
      new Uint8Array(memory.buffer).set(bytes);
      return exports.f(0);
    };
    expect(run(0, 0, 0, 0, 0, 0)).toBe(3);
    expect(run(0x20, 0, 0, 0, 0, 1)).toBe(5);
    expect(run(0x00, 1, 1, 0, 0, 0)).toBe(0);
  });

  it("evaluates in the order written: a read before a write sees what was there", () => {
    const { exports, memory } = instantiate((m) => {
      m.export(
        "exchange",
        m.func("exchange", { p: "i32" }, "i32", (c, { p }) => {
          const before = c.load32(p);
          c.store32(p, 7);
          const v = c.var("i32", 1);
          const one = v.get();
          v.set(100);
          return before.mul(1000).add(one.mul(10)).add(c.load32(p)).add(v.get().mul(0));
        }),
      );
    });
    new Uint32Array(memory.buffer)[0] = 5;
    expect(exports.exchange(0)).toBe(5017);
  });

  it("keeps a read before a branch that writes", () => {
    const { exports, memory } = instantiate((m) => {
      m.export(
        "f",
        m.func("f", { p: "i32", q: "i32" }, "i32", (c, { p, q }) => {
          const before = c.load32(p);
          c.if(q, () => c.store32(p, 9));
          return before;
        }),
      );
    });
    new Uint32Array(memory.buffer)[0] = 5;
    expect(exports.f(0, 1)).toBe(5);
    expect(exports.f(0, 1)).toBe(9);
  });

  it("computes what is used after a branch before it, also when the branch has a loop in it", () => {
    const { exports } = instantiate((m) => {
      m.export(
        "f",
        m.func("f", { x: "i32", loops: "i32" }, "i32", (c, { x, loops }) => {
          const after = x.add(1);
          c.if(loops, () => c.for(0, 3, 1, (i) => c.store32(0, i)));
          return after;
        }),
      );
    });
    expect([exports.f(4, 0), exports.f(4, 1)]).toEqual([5, 5]);
  });

  it("shares the numbers of locals that are not needed at the same time, and of no others", () => {
    const { exports } = instantiate((m) => {
      m.export(
        "f",
        m.func("f", { n: "i32" }, "i32", (c, { n }) => {
          const sum = c.var("i32", 0);
          const last = c.var("i32", 1000);
          const early = c.load32(n);
          c.for(0, n, 1, (i) => {
            for (let k = 0; k < 100; k++) {
              // Each is needed twice, so that it gets a local.
              const square = c.load32(0).add(i).add(k);
              c.if(square.and(1), () => sum.inc(square));
              const kept = c.var("i64", square.toI64());
              c.if(i.eq(k), () => kept.set(kept.get().add(1n)));
              last.set(last.get().add(kept.get().toI32()));
            }
          });
          c.store32(8, early);
          c.store32(12, early);
          return sum.get().xor(last.get()).add(c.load32(8));
        }),
      );
    });
    const wanted = (n: number): number => {
      let sum = 0;
      let last = 1000;
      for (let i = 0; i < n; i++)
        for (let k = 0; k < 100; k++) {
          if ((i + k) & 1) sum += i + k;
          last += i + k + (i === k ? 1 : 0);
        }
      return sum ^ last;
    };
    for (const n of [0, 1, 7, 150]) expect(exports.f(n)).toBe(wanted(n));
  });

  it("needs no more locals for a thousand rules than for one", () => {
    const rules = (count: number): number => {
      const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 1, shared: true } });
      m.export(
        "f",
        m.func("f", { p: "i32" }, "i32", (c, { p }) => {
          for (let k = 0; k < count; k++) {
            const word = c.load32(p, 4 * k);
            c.if(word.gtU(k).and(word.ltU(2 * k)), () => c.return(k));
          }
          return 0;
        }),
      );
      const bytes = wasmBackend.encode(m.toIr());
      const rules: ModuleRules = {
        memory: ["env", "memory"],
        maximumPages: 1,
        imports: new Map(),
        exports: new Map([["f", { params: ["i32"], result: "i32" }]]),
        customPrefix: "-",
        limits: new Proxy({} as ModuleLimits, { get: () => 1e9 }),
      };
      let locals = 0;
      while (
        checkModule(bytes, {
          ...rules,
          limits: new Proxy(rules.limits, { get: (_, key) => (key === "locals" ? locals : 1e9) }),
        })
      )
        locals++;
      return locals;
    };
    expect(rules(1000)).toBe(rules(1));
  });

  it("switches, breaks and continues", () => {
    const { exports } = instantiate((m) => {
      m.export(
        "pick",
        m.func("pick", { i: "i32" }, "i32", (c, { i }) => {
          const r = c.var("i32", 0);
          c.switch(i, [() => r.set(10), () => c.return(20), () => r.set(30)], () => r.set(99));
          return r.get();
        }),
      );
      m.export(
        "odd",
        m.func("odd", { n: "i32" }, "i32", (c, { n }) => {
          const sum = c.var("i32", 0);
          const i = c.var("i32", 0);
          c.loop(() => {
            i.inc();
            c.if(i.get().gtU(n), () => c.break());
            c.if(i.get().and(1).eqz(), () => c.continue());
            sum.inc(i.get());
          });
          return sum.get();
        }),
      );
    });
    expect([0, 1, 2, 3, -1].map((i) => exports.pick(i))).toEqual([10, 20, 30, 99, 99]);
    expect(exports.odd(5)).toBe(9);
  });

  it("agrees with JavaScript on random arithmetic", () => {
    const ops = [
      "add",
      "sub",
      "mul",
      "and",
      "or",
      "xor",
      "shl",
      "shrU",
      "shrS",
      "rotl",
      "eq",
      "ltU",
      "ltS",
      "geU",
    ] as const;
    const { exports } = instantiate((m) => {
      for (const op of ops)
        m.export(
          op,
          m.func(op, { a: "i32", b: "i32" }, "i32", (_c, { a, b }) => a[op](b)),
        );
      for (const op of ops)
        m.export(
          `const_${op}`,
          m.func(`const_${op}`, {}, "i32", (c) => c.i32(0x12345678)[op](0x9abcdef1)),
        );
      m.export(
        "swap64",
        m.func("swap64", { a: "i64" }, "i64", (c, { a }) => {
          c.store64(8, a, 0, "be");
          return c.load64(8);
        }),
      );
      m.export(
        "swap32",
        m.func("swap32", { a: "i32" }, "i32", (_c, { a }) => a.swap32()),
      );
      m.export(
        "is",
        m.func("is", { a: "i32" }, "i32", (c, { a }) => {
          c.store32(16, a, 0, "be");
          return c.load32(16, 0, "be").and(0xffff00).eq(0x112200);
        }),
      );
    });
    const js: Record<string, (a: number, b: number) => number> = {
      add: (a, b) => (a + b) | 0,
      sub: (a, b) => (a - b) | 0,
      mul: Math.imul,
      and: (a, b) => a & b,
      or: (a, b) => a | b,
      xor: (a, b) => a ^ b,
      shl: (a, b) => a << b,
      shrU: (a, b) => (a >>> b) | 0,
      shrS: (a, b) => a >> b,
      rotl: (a, b) => (a << b) | (a >>> (32 - (b & 31))),
      eq: (a, b) => +(a === b),
      ltU: (a, b) => +(a >>> 0 < b >>> 0),
      ltS: (a, b) => +(a < b),
      geU: (a, b) => +(a >>> 0 >= b >>> 0),
    };
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.constantFrom(...ops), (a, b, op) => {
        const shifted = op === "rotl" && (b & 31) === 0 ? a : js[op]?.(a, b);
        expect(exports[op](a, b)).toBe(shifted);
      }),
    );
    for (const op of ops) expect(exports[`const_${op}`]()).toBe(exports[op](0x12345678, 0x9abcdef1));
    expect(BigInt.asUintN(64, exports.swap64(0x0102030405060708n))).toBe(0x0807060504030201n);
    expect(exports.swap32(0x01020304)).toBe(0x04030201);
    expect([exports.is(0x55112233), exports.is(0x55112333)]).toEqual([1, 0]);
  });

  it("places data at instantiation, or where told", () => {
    const active = instantiate((m) => m.data(64, Uint8Array.of(1, 2, 3)));
    expect([...new Uint8Array(active.memory.buffer, 64, 3)]).toEqual([1, 2, 3]);
    const passive = instantiate((m) => {
      m.data(64, Uint8Array.of(1, 2, 3));
      m.export(
        "init",
        m.func("init", {}, undefined, (c) => c.placeData()),
      );
    });
    expect([...new Uint8Array(passive.memory.buffer, 64, 3)]).toEqual([0, 0, 0]);
    passive.exports.init();
    expect([...new Uint8Array(passive.memory.buffer, 64, 3)]).toEqual([1, 2, 3]);
  });

  it("stores no zeros around data, and none between where there are many", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(60_000), fc.uint8Array({ minLength: 1, maxLength: 20 })), { maxLength: 5 }),
        (parts) => {
          const bytes = new Uint8Array(61_000);
          for (const [at, part] of parts) bytes.set(part, at);
          const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
          m.data(64, bytes);
          const { data } = m.toIr();
          const placed = new Uint8Array(bytes.length);
          for (const { offset, bytes: part } of data) placed.set(part, offset - 64);
          expect(Buffer.compare(placed, bytes)).toBe(0);
          expect(data.length).toBeLessThanOrEqual(parts.length);
          expect(data.reduce((n, { bytes: part }) => n + part.length, 0)).toBeLessThanOrEqual(parts.length * 1100);
        },
      ),
      { examples: [[[]], [[[0, Uint8Array.of(1)]]]] },
    );
  });

  it("is deterministic, and says what it built", async () => {
    const build = () => {
      const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
      m.export(
        "f",
        m.func("f", { p: "i32" }, "i32", (c, { p }) => c.load32(p, 4, "be").add(1)),
      );
      return m;
    };
    expect(wasmBackend.encode(build().toIr())).toEqual(wasmBackend.encode(build().toIr()));
    expect(moduleText(build().toIr())).toContain("return (load32be[p + 4] add 1)");
    const { default: wabt } = await import("wabt");
    const text = (await wabt()).readWasm(wasmBackend.encode(build().toIr()), { readDebugNames: true }).toText({});
    expect(text).toContain("(func $f (type 0) (param $p i32) (result i32)");
  });
});

describe("layouts", () => {
  const header = struct({ kind: u8, port: u16be, address: u32be, count: u64, small: u32 }, { name: "header" });

  it("come from one table", () => {
    expect(header.offsets).toEqual({ kind: 0, port: 2, address: 4, count: 8, small: 16 });
    expect(header.size).toBe(24);
  });

  it("are the same to the host and to staged code", () => {
    const { exports, memory } = instantiate((m) => {
      m.export(
        "bump",
        m.func("bump", { p: "i32" }, "i32", (c, { p }) => {
          const h = staged(c, header, p);
          h.count.inc();
          h.port.inc(2);
          h.address.set(0x0a000001);
          return h.port.get();
        }),
      );
    });
    const view = header.view(memory.buffer, 32);
    view.port = 0xfffd;
    view.count = 41n;
    expect(exports.bump(32)).toBe(0xffff);
    expect(view.count).toBe(42n);
    expect([...new Uint8Array(memory.buffer, 36, 4)]).toEqual([10, 0, 0, 1]);
  });
});

describe("mistakes", () => {
  const make = (): ReturnType<typeof moduleBuilder> =>
    moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
  const failure = (f: () => void): CodegenError => {
    try {
      f();
    } catch (e) {
      if (e instanceof CodegenError) return e;
      throw e;
    }
    throw new Error("nothing was thrown");
  };

  it("name the function and the place in the user's code", () => {
    const e = failure(() => make().func("broken", {}, undefined, (c) => c.break()));
    expect(e.code).toBe("BAD_LABEL");
    expect(e.message).toContain("function broken: break outside a loop");
    expect(e.place).toContain("builder.test.ts");
  });

  it("cover types, scopes, results and data", () => {
    expect(failure(() => make().func("f", {}, "i32", () => {})).code).toBe("NO_RESULT");
    expect(failure(() => make().func("f", {}, "i32", (c) => c.i64(1n))).code).toBe("TYPE_MISMATCH");
    expect(failure(() => make().func("f", {}, undefined, (c) => c.load32(0, -1))).code).toBe("BAD_CONSTANT");
    const scoped = make();
    scoped.func("f", { p: "i32" }, "i32", (c, { p }) => {
      let inner = c.i32(0);
      c.if(p, () => {
        inner = c.load32(p);
      });
      return inner;
    });
    expect(failure(() => scoped.toIr()).message).toMatch(/function f: value load is used outside the block/);
    const declared = make();
    declared.declare("later", {}, undefined);
    expect(failure(() => declared.toIr()).message).toMatch(/function later: is declared but has no body/);
    const data = make();
    data.data(65535, Uint8Array.of(1, 2));
    expect(failure(() => data.toIr()).code).toBe("BAD_DATA");
  });
});
