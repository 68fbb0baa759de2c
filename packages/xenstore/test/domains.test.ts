import { createXenStore, StoreError, type StoreView } from "@clickos/xenstore";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const code = (run: () => unknown): string => {
  try {
    run();
    return "fine";
  } catch (e) {
    if (e instanceof StoreError) return e.code;
    throw e;
  }
};

describe("permissions", () => {
  it("are the owner's, the domain's own, or everybody else's", () => {
    const store = createXenStore();
    store.write("/local/domain/1/data", "x");
    store.setPermissions("/local/domain/1", ["n1"]);
    store.setPermissions("/local/domain/1/data", ["n1", "r2", "b3"]);
    const [one, two, three, four] = [store.connect(1), store.connect(2), store.connect(3), store.connect(4)];
    const path = "/local/domain/1/data";
    expect([one, two, three, four].map((d) => code(() => d.read(path)))).toEqual(["fine", "fine", "fine", "EACCES"]);
    expect([one, two, three, four].map((d) => code(() => d.write(path, "y")))).toEqual([
      "fine",
      "EACCES",
      "fine",
      "EACCES",
    ]);
    expect([four.exists(path), two.exists(path)]).toEqual([false, true]);
    expect(two.getPermissions(path)).toEqual(["n1", "r2", "b3"]);
    // What is not there is not told to who may not look.
    expect([code(() => four.read("/local/domain/1/nothing")), code(() => one.read("/local/domain/1/nothing"))]).toEqual(
      ["EACCES", "ENOENT"],
    );
  });

  it("of a new node are its parent's, with who made it as the owner", () => {
    const store = createXenStore();
    store.mkdir("/local/domain/5");
    store.setPermissions("/local/domain/5", ["n5", "r7"]);
    const five = store.connect(5);
    five.write("a/b", "1");
    expect(store.getPermissions("/local/domain/5/a/b")).toEqual(["n5", "r7"]);
    expect(store.connect(7).read("/local/domain/5/a/b")).toBe("1");
    expect(code(() => store.connect(7).write("/local/domain/5/c", ""))).toBe("EACCES");
    expect(code(() => five.write("/other", ""))).toBe("EACCES");
    expect(code(() => five.rm("/local/domain/5/a"))).toBe("fine");
  });

  it("are changed by the owner, who cannot give the node away", () => {
    const store = createXenStore();
    store.mkdir("/local/domain/5");
    store.setPermissions("/local/domain/5", ["n5"]);
    const five = store.connect(5);
    five.write("x", "");
    five.setPermissions("x", ["r5", "w6"]);
    expect(five.getPermissions("x")).toEqual(["r5", "w6"]);
    expect(code(() => five.setPermissions("x", ["r6"]))).toBe("EPERM");
    expect(code(() => store.connect(6).setPermissions("/local/domain/5/x", ["r6"]))).toBe("EACCES");
    for (const bad of [["q5"], ["r"], ["r99999"], []]) expect(code(() => five.setPermissions("x", bad))).toBe("EINVAL");
  });
});

describe("quotas", () => {
  it("bound what a domain has, and count again what it gives back", () => {
    const store = createXenStore({ quotas: { nodes: 5, watches: 2, transactions: 2, nodeSize: 10 } });
    store.mkdir("/local/domain/1");
    store.setPermissions("/local/domain/1", ["n1"]);
    const one = store.connect(1);
    for (let i = 0; i < 4; i++) one.write(`n${i}`, "");
    expect(code(() => one.write("n4", ""))).toBe("ENOSPC");
    expect(code(() => one.transaction((t) => t.write("n4", "")))).toBe("ENOSPC");
    one.rm("n0");
    expect(code(() => one.write("n4", ""))).toBe("fine");
    // Within a transaction, too.
    expect(
      code(() =>
        one.transaction((t) => {
          t.rm("n4");
          t.write("n5", "");
        }),
      ),
    ).toBe("fine");
    expect(code(() => one.write("n1", "x".repeat(11)))).toBe("ENOSPC");
    expect(code(() => store.write("/big", "x".repeat(4096)))).toBe("fine");
    const ends = ["a", "b"].map((token) => one.watch("x", token, () => {}));
    expect(code(() => one.watch("x", "c", () => {}))).toBe("E2BIG");
    ends[0]?.();
    expect(code(() => one.watch("x", "c", () => {}))).toBe("fine");
    const [t1] = [one.begin(), one.begin()];
    expect(code(() => one.begin())).toBe("ENOSPC");
    t1.abort();
    expect(code(() => one.begin())).toBe("fine");
    expect(store.statistics).toEqual({ nodes: 9, watches: 2, transactions: 2 });
    one.close();
    expect(store.statistics).toMatchObject({ watches: 0, transactions: 0 });
    expect(code(() => one.read("n1"))).toBe("EINVAL");
  });
});

describe("watches", () => {
  it("are told relative paths where they were set so, and only what may be read", () => {
    const store = createXenStore();
    for (const d of [1, 2]) {
      store.mkdir(`/local/domain/${d}`);
      store.setPermissions(`/local/domain/${d}`, [`n${d}`]);
    }
    const [one, two] = [store.connect(1), store.connect(2)];
    const seen: string[] = [];
    one.watch("dev", "rel", (p, t) => seen.push(`${t} ${p}`));
    two.watch("/local/domain/1/dev", "foreign", (p, t) => seen.push(`${t} ${p}`));
    one.write("dev/x", "1");
    expect(seen).toEqual(["rel dev", "foreign /local/domain/1/dev", "rel dev/x"]);
    expect(code(() => one.watch("dev", "rel", () => {}))).toBe("EEXIST");
    one.unwatch("dev", "rel");
    expect(code(() => one.unwatch("dev", "rel"))).toBe("ENOENT");
  });

  it("tell of domains that come and go", () => {
    const store = createXenStore();
    const seen: string[] = [];
    store.watch("@introduceDomain", "i", (p) => seen.push(p));
    store.watch("@releaseDomain", "r", (p) => seen.push(p));
    store.introduce(3);
    expect(store.isIntroduced(3)).toBe(true);
    store.release(3);
    expect(seen).toEqual(["@introduceDomain", "@releaseDomain", "@introduceDomain", "@releaseDomain"]);
    expect(code(() => store.release(3))).toBe("ENOENT");
  });

  it("that write do not lose their order", () => {
    const store = createXenStore();
    const seen: string[] = [];
    store.watch("/a", "t", (p) => {
      seen.push(p);
      if (p === "/a/1") store.write("/a/2", "");
    });
    store.watch("/a", "u", (p) => seen.push(`u${p}`));
    seen.length = 0;
    store.write("/a/1", "");
    expect(seen).toEqual(["/a/1", "u/a/1", "/a/2", "u/a/2"]);
  });
});

describe("transactions", () => {
  it("see what they wrote, and others see it at the end", () => {
    const store = createXenStore();
    store.write("/a/b", "1");
    const t = store.begin();
    t.write("/a/c/d", "2");
    t.rm("/a/b");
    expect([t.directory("/a"), t.exists("/a/b"), t.read("/a/c/d"), store.directory("/a")]).toEqual([
      ["c"],
      false,
      "2",
      ["b"],
    ]);
    t.write("/a/b/new", "3");
    expect(t.directory("/a/b")).toEqual(["new"]);
    t.commit();
    expect([store.directory("/a"), store.read("/a/b"), store.read("/a/b/new")]).toEqual([["b", "c"], "", "3"]);
    expect(code(() => t.commit())).toBe("ENOENT");
    expect(code(() => t.read("/a"))).toBe("ENOENT");
  });

  it("conflict where they read what changed, and nowhere else", () => {
    const store = createXenStore();
    for (const n of ["a", "b"]) store.write(`/d/${n}`, "0");
    const outcome = (read: (t: StoreView) => void, meanwhile: () => void): string => {
      const t = store.begin();
      read(t);
      meanwhile();
      t.write("/d/mine", "x");
      return code(() => t.commit());
    };
    expect(
      outcome(
        (t) => t.read("/d/a"),
        () => store.write("/d/b", "1"),
      ),
    ).toBe("fine");
    expect(
      outcome(
        (t) => t.read("/d/a"),
        () => store.write("/d/a", "1"),
      ),
    ).toBe("EAGAIN");
    expect(
      outcome(
        (t) => t.directory("/d"),
        () => store.write("/d/c", "1"),
      ),
    ).toBe("EAGAIN");
    expect(
      outcome(
        (t) => t.directory("/d"),
        () => store.write("/d/a", "2"),
      ),
    ).toBe("fine");
    expect(
      outcome(
        (t) => t.exists("/d/x"),
        () => store.write("/d/x", ""),
      ),
    ).toBe("EAGAIN");
    expect(
      outcome(
        (t) => t.getPermissions("/d/a"),
        () => store.setPermissions("/d/a", ["r0"]),
      ),
    ).toBe("EAGAIN");
    // What is only written does not conflict, not even with others that write beside it.
    expect(
      outcome(
        (t) => t.write("/d/new1", ""),
        () => store.write("/d/new2", ""),
      ),
    ).toBe("fine");
  });

  it("agree with a plain model of the store", () => {
    const names = fc.constantFrom("a", "b", "c");
    const path = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
    const op = fc.oneof(
      fc.record({ op: fc.constant("write"), path, value: fc.string({ maxLength: 4 }) }),
      fc.record({ op: fc.constantFrom("rm", "mkdir", "read", "directory", "exists"), path }),
    );
    type Op = { op: string; path: string; value?: string };
    const run = (view: StoreView, o: Op): unknown => {
      try {
        return o.op === "write" ? view.write(o.path, o.value as string) : (view as any)[o.op](o.path);
      } catch (e) {
        return (e as StoreError).code;
      }
    };
    /** A map from path to value. */
    class Model {
      nodes = new Map([["/", ""]]);
      run({ op: o, path: p, value }: Op): unknown {
        const parts = p.slice(1).split("/");
        const parent = parts.length === 1 ? "/" : `/${parts.slice(0, -1).join("/")}`;
        if (o === "read") return this.nodes.get(p) ?? "ENOENT";
        if (o === "exists") return this.nodes.has(p);
        if (o === "directory") {
          if (!this.nodes.has(p)) return "ENOENT";
          return [...this.nodes.keys()]
            .filter((k) => k.startsWith(`${p}/`) && !k.slice(p.length + 1).includes("/"))
            .map((k) => k.slice(p.length + 1))
            .sort();
        }
        if (o === "rm") {
          if (!this.nodes.has(parent)) return "ENOENT";
          for (const k of [...this.nodes.keys()]) if (k === p || k.startsWith(`${p}/`)) this.nodes.delete(k);
          return undefined;
        }
        if (o === "mkdir" && this.nodes.has(p)) return undefined;
        parts.forEach((_, i) => {
          const k = `/${parts.slice(0, i + 1).join("/")}`;
          if (!this.nodes.has(k)) this.nodes.set(k, "");
        });
        this.nodes.set(p, o === "write" ? (value as string) : "");
        return undefined;
      }
    }
    fc.assert(
      fc.property(
        fc.array(op, { maxLength: 25 }),
        fc.array(op, { maxLength: 25 }),
        fc.boolean(),
        (before, inside, commit) => {
          const store = createXenStore();
          const model = new Model();
          for (const o of before) expect(run(store, o)).toEqual(model.run(o));
          const kept = new Map(model.nodes);
          const t = store.begin();
          for (const o of inside) expect(run(t, o)).toEqual(model.run(o));
          if (commit) t.commit();
          else {
            t.abort();
            model.nodes = kept;
          }
          for (const p of model.nodes.keys()) if (p !== "/") expect(store.read(p)).toBe(model.nodes.get(p));
          expect(store.statistics.nodes).toBe(model.nodes.size);
        },
      ),
    );
  });
});

describe("many", () => {
  it("domains and clients do not get into each other's way", () => {
    const store = createXenStore();
    for (let d = 1; d <= 10_000; d++)
      store.transaction((t) => {
        t.write(`/local/domain/${d}/name`, `vm${d}`);
        t.write(`/local/domain/${d}/memory`, "65536");
      });
    expect(store.statistics.nodes).toBe(1 + 2 + 30_000);
    // Two hundred transactions open at once, each in a domain of its own: none conflicts.
    const clients = Array.from({ length: 200 }, (_, i) => ({ i, connection: store.connect(0) }));
    for (let round = 0; round < 20; round++) {
      const open = clients.map(({ i, connection }) => {
        const t = connection.begin();
        t.write(
          `/local/domain/${i + 1}/n`,
          String(Number(t.exists(`/local/domain/${i + 1}/n`) ? t.read(`/local/domain/${i + 1}/n`) : 0) + 1),
        );
        return t;
      });
      for (const t of open) t.commit();
    }
    for (const { i } of clients) expect(store.read(`/local/domain/${i + 1}/n`)).toBe("20");
  });

  it("transactions on one node: each time one of them gets through", () => {
    const store = createXenStore();
    store.write("/n", "0");
    let failed = 0;
    for (let round = 0; round < 10; round++) {
      const open = Array.from({ length: 50 }, () => {
        const t = store.begin();
        t.write("/n", String(Number(t.read("/n")) + 1));
        return t;
      });
      for (const t of open) if (code(() => t.commit()) === "EAGAIN") failed++;
    }
    expect([store.read("/n"), failed]).toEqual(["10", 490]);
  });
});
