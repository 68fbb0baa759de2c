import { createXenStore, StoreError } from "@clickos/xenstore";
import { describe, expect, it } from "vitest";

describe("the store", () => {
  it("reads, writes, lists and removes", () => {
    const store = createXenStore();
    store.write("/local/domain/1/name", "fw");
    expect(store.read("/local/domain/1/name")).toBe("fw");
    expect(store.read("/local/domain")).toBe("");
    store.write("/local/domain/10/name", "b");
    expect(store.directory("/local/domain")).toEqual(["1", "10"]);
    store.rm("/local/domain/1");
    expect([store.exists("/local/domain/1/name"), store.exists("/local/domain/10")]).toEqual([false, true]);
    store.rm("/local/domain/1");
    expect(() => store.read("/nothing")).toThrow(/ENOENT/);
    expect(() => store.rm("/no/parent")).toThrow(StoreError);
  });

  it("refuses bad paths and long values", () => {
    const store = createXenStore();
    for (const path of ["", "a b", "/a//b", "/a/", "/sp ace", `/${"x".repeat(4000)}`])
      expect(() => store.write(path, "")).toThrow(/EINVAL/);
    expect(() => store.write("/a", "x".repeat(5000))).toThrow(/E2BIG/);
    expect(() => store.rm("/")).toThrow(/EINVAL/);
  });

  it("watches fire at once, on changes below, and when a parent goes", () => {
    const store = createXenStore();
    const seen: string[] = [];
    const end = store.watch("/a/b", "t", (path, token) => seen.push(`${token} ${path}`));
    store.write("/a/b", "1");
    store.write("/a/b/c", "2");
    store.write("/a/bc", "3");
    store.rm("/a");
    end();
    store.write("/a/b", "4");
    expect(seen).toEqual(["t /a/b", "t /a/b", "t /a/b/c", "t /a/b"]);
  });

  it("transactions are all or nothing, and run again when they met a change", () => {
    const store = createXenStore();
    store.write("/n", "1");
    expect(() =>
      store.transaction((t) => {
        t.write("/n", "2");
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(store.read("/n")).toBe("1");
    let runs = 0;
    store.transaction((t) => {
      const n = Number(t.read("/n"));
      if (runs++ === 0) store.write("/n", "10");
      t.write("/n", String(n + 1));
    });
    expect([runs, store.read("/n")]).toEqual([2, "11"]);
    expect(() =>
      store.transaction((t) => {
        t.read("/n");
        store.write("/n", "x");
      }),
    ).toThrow(/EAGAIN/);
  });
});
