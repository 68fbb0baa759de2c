/** What domains and clients may take of the store, of its time, and of what it knows of others. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createRingEnds,
  createSession,
  createXenStore,
  defaultQuotas,
  encodeMessage,
  MessageType,
  requestsPerTurn,
  type StoreError,
  type StoreView,
  serveRing,
  storeRing,
  watchesPerTurn,
  type XenStore,
} from "@clickos/xenstore";
import { serve } from "@clickos/xenstore/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const T = MessageType;
const code = (body: () => unknown): string => {
  try {
    body();
    return "done";
  } catch (e) {
    return (e as StoreError).code;
  }
};
/** A store with a home for a domain, and something that is none of its business. */
function world(domain = 3): XenStore {
  const store = createXenStore();
  store.write("/secret/below", "x");
  store.mkdir(`/local/domain/${domain}/data`);
  store.setPermissions(`/local/domain/${domain}`, ["n0", `r${domain}`]);
  store.setPermissions(`/local/domain/${domain}/data`, [`n${domain}`]);
  return store;
}
const request = (type: number, payload: string, transactionId = 0): Uint8Array =>
  encodeMessage({ type, requestId: 1, transactionId, payload });

describe("a guest that never stops asking", () => {
  it("is answered a few requests a turn, however fast it fills its ring again", () => {
    const page = new SharedArrayBuffer(4096);
    const words = new Int32Array(page);
    const message = request(T.GET_DOMAIN_PATH, "3\0".padEnd(16, "\0"));
    expect(message.length).toBe(32);
    for (let at = 0; at < storeRing.size; at += 32) new Uint8Array(page, at, 32).set(message);
    // As a thread of its own would: whenever the store has taken anything there is as much again, and room for answers.
    let notified = 0;
    const refill = (): void => {
      notified++;
      words[storeRing.reqProd / 4] = (words[storeRing.reqCons / 4] as number) + storeRing.size;
      words[storeRing.rspCons / 4] = words[storeRing.rspProd / 4] as number;
    };
    refill();
    let answered = 0;
    const store = createXenStore();
    const counting: XenStore = {
      ...store,
      get busy() {
        answered++;
        return false;
      },
    };
    const server = serveRing(counting, 3, page, 0, refill);
    for (let turn = 0; turn < 50; turn++) {
      const [before, told] = [answered, notified];
      expect(server.poll()).toBe("more");
      expect(answered - before).toBeLessThanOrEqual(2 * requestsPerTurn + 2);
      expect(answered - before).toBeGreaterThan(0);
      expect(notified - told).toBeLessThanOrEqual(3);
    }
  });

  it("has its requests answered whole and in order, over many turns", () => {
    const store = world();
    const page = new SharedArrayBuffer(4096);
    const { domain: guest } = createRingEnds(page);
    const server = serveRing(store, 3, page, 0, () => {});
    const count = 300;
    let out = Uint8Array.from(Array.from({ length: count }, (_, i) => [...request(T.WRITE, `data/${i}\0${i}`)]).flat());
    let back = 0;
    for (let turn = 0; turn < 2000 && back < count * 19; turn++) {
      out = out.slice(guest.write(out));
      server.poll();
      back += guest.read()?.length ?? 0;
    }
    expect(back).toBe(count * (16 + 3));
    expect(store.directory("/local/domain/3/data").length).toBe(count);
  });
});

describe("a transaction", () => {
  it("has a limit on operations and on bytes, and all it did is dropped with it", () => {
    const store = world();
    const guest = store.connect(3);
    for (const write of [
      (t: StoreView, i: number) => t.write("data/x", String(i)),
      (t: StoreView, i: number) => code(() => t.read(`data/${i}`)),
      (t: StoreView, i: number) => t.write("data/y", "z".repeat(2000 + (i & 1))),
    ]) {
      const t = guest.begin();
      let done = 0;
      const what = code(() => {
        for (; done < 100_000; done++) write(t, done);
      });
      const last = code(() => t.read("data/x"));
      expect([what === "ENOSPC" || last === "ENOSPC", code(() => t.write("data/z", ""))]).toEqual([true, "ENOSPC"]);
      t.abort();
    }
    expect([store.exists("/local/domain/3/data/x"), store.statistics.transactions]).toEqual([false, 0]);
  });

  it("counts nodes at its end: many at once do not make more than one could", () => {
    const store = world();
    const guest = store.connect(3);
    const open = Array.from({ length: defaultQuotas.transactions }, (_, k) => {
      const t = guest.begin();
      for (let i = 0; i < 900; i++) t.write(`data/${k}-${i}`, "");
      return t;
    });
    expect(code(() => guest.begin())).toBe("ENOSPC");
    const results = open.map((t) => code(() => t.commit()));
    expect(results).toEqual(["done", ...Array(defaultQuotas.transactions - 1).fill("ENOSPC")]);
    expect(store.directory("/local/domain/3/data").length).toBe(900);
  });

  it("does not count what another has removed before it", () => {
    const store = world();
    const guest = store.connect(3);
    for (let i = 0; i < 400; i++) guest.write(`data/old/${i}`, "");
    const open = Array.from({ length: defaultQuotas.transactions }, (_, k) => {
      const t = guest.begin();
      t.rm("data/old");
      for (let i = 0; i < 400; i++) t.write(`data/new${k}/${i}`, "");
      return t;
    });
    for (const t of open) code(() => t.commit());
    expect(store.statistics.nodes).toBeLessThan(1000 + 20);
  });

  it("does not bring back what is gone, nor write where it may not any more", () => {
    const store = world();
    const guest = store.connect(3);
    const late = guest.begin();
    late.write("data/x", "1");
    late.write("data/x", "2");
    store.setPermissions("/local/domain/3/data", ["n0"]);
    expect(code(() => late.commit())).toBe("EAGAIN");
    store.setPermissions("/local/domain/3/data", ["n3"]);
    const after = guest.begin();
    after.write("data/x", "1");
    store.rm("/local/domain/3");
    expect(code(() => after.commit())).toBe("EAGAIN");
    expect(store.exists("/local/domain/3")).toBe(false);
  });
});

describe("what a domain may not read", () => {
  it("cannot be told from what is not there, by any request, inside a transaction or not", () => {
    const name = fc.constantFrom("a", "b", "c");
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/secret/${names.join("/")}`);
    const ask = fc.record({
      op: fc.constantFrom("read", "write", "mkdir", "rm", "directory", "exists", "generation", "get", "set"),
      path,
    });
    const run = (view: StoreView, { op, path }: { op: string; path: string }): unknown => {
      let value: unknown;
      const word = code(() => {
        if (op === "read") value = view.read(path);
        else if (op === "write") view.write(path, "mine");
        else if (op === "mkdir") view.mkdir(path);
        else if (op === "rm") view.rm(path);
        else if (op === "directory") value = view.directory(path);
        else if (op === "exists") value = view.exists(path);
        else if (op === "generation") value = view.generation(path);
        else if (op === "get") value = view.getPermissions(path);
        else view.setPermissions(path, ["n3"]);
      });
      return [word, value];
    };
    fc.assert(
      fc.property(
        fc.array(path, { maxLength: 6 }),
        fc.array(ask, { maxLength: 10 }),
        fc.array(path, { maxLength: 3 }),
        (there, asked, changed) => {
          const answers = [there, []].map((nodes) => {
            const store = createXenStore();
            store.mkdir("/secret");
            for (const p of nodes) store.write(p, "secret");
            const guest = store.connect(3);
            const told: string[] = [];
            guest.watch("/secret", "t", (p) => told.push(p));
            const t = guest.begin();
            const list = asked.flatMap((a) => [run(guest, a), run(t, a)]);
            // Nor whether it changes meanwhile.
            for (const p of nodes.length > 0 ? changed : []) store.write(p, "other");
            return [list, code(() => t.commit()), told];
          });
          expect(answers[0]).toEqual(answers[1]);
        },
      ),
    );
  });
});

describe("watches", () => {
  it("are found by path: forty thousand of one client are set and ended in their own time", () => {
    const store = createXenStore();
    const ends = Array.from({ length: 40_000 }, (_, i) => store.watch("/a", String(i), () => {}));
    expect(code(() => store.watch("/a", "17", () => {}))).toBe("EEXIST");
    for (const end of ends) end();
    expect(store.statistics.watches).toBe(0);
  });

  it("on names of the store's own leave nothing behind", () => {
    const store = createXenStore();
    const guest = store.connect(3);
    for (let i = 0; i < 1000; i++) guest.watch(`@${i}`, "t", () => {})();
    for (let i = 0; i < defaultQuotas.watches; i++) guest.watch(`@${i}`, "t", () => {});
    expect(code(() => guest.watch("@more", "t", () => {}))).toBe("E2BIG");
  });

  it("are called some at a time, each once and in order; requests wait until all are", async () => {
    const store = createXenStore();
    const called: number[] = [];
    const count = watchesPerTurn * 2 + 10;
    for (let i = 0; i < count; i++) store.watch("/a", String(i), (_, token) => called.push(Number(token)));
    called.length = 0;
    store.write("/a", "");
    expect([called.length, store.busy]).toEqual([watchesPerTurn, true]);
    const sent: Uint8Array[] = [];
    const session = createSession(store, { send: (bytes) => sent.push(bytes) * 0 });
    expect([session.receive(request(T.READ, "/a\0")), sent.length]).toEqual(["more", 0]);
    while (store.busy) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(called).toEqual(Array.from({ length: count }, (_, i) => i));
    expect([session.resume(0), sent.length]).toEqual(["idle", 1]);
  });

  it("that were ended before their turn are not called", async () => {
    const store = createXenStore();
    let late = 0;
    for (let i = 0; i < watchesPerTurn; i++) store.watch("/a", String(i), () => {});
    const end = store.watch("/a", "last", () => late++);
    late = 0;
    store.write("/a", "");
    end();
    while (store.busy) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(late).toBe(0);
  });
});

describe("the socket's places", () => {
  const answerOf = (path: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(path);
      socket.on("error", () => {});
      socket.once("data", (bytes) => {
        resolve(Buffer.from(bytes).toString("latin1", 16));
        socket.destroy();
      });
      socket.once("close", () => resolve("closed"));
      socket.write(request(T.GET_DOMAIN_PATH, "7\0"));
    });
  it("go from those that ask nothing to those that wait", async () => {
    const dir = mkdtempSync(join(tmpdir(), "places-"));
    const path = join(dir, "s");
    const server = await serve(createXenStore(), { path, maximumClients: 3, idleMs: 50 });
    const idle = Array.from({ length: 3 }, () => connect(path).on("error", () => {}));
    await Promise.all(idle.map((s) => new Promise((resolve) => s.once("connect", resolve))));
    while (server.clients < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    // Nobody is idle for long enough yet, or one is by now.
    expect(["closed", "/local/domain/7\0"]).toContain(await answerOf(path));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await answerOf(path)).toBe("/local/domain/7\0");
    for (const s of idle) s.destroy();
    await server.close();
    rmSync(dir, { recursive: true });
  });

  it("are served in turn: one that sends thousands of requests does not hold the others", async () => {
    const dir = mkdtempSync(join(tmpdir(), "turns-"));
    const path = join(dir, "s");
    const store = createXenStore();
    const server = await serve(store, { path });
    const busy = connect(path).on("error", () => {});
    let bytes = 0;
    busy.on("data", (d) => {
      bytes += d.length;
    });
    const many = 20_000;
    const one = request(T.GET_DOMAIN_PATH, "7\0");
    busy.write(Buffer.concat(Array.from({ length: many }, () => one)));
    expect(await answerOf(path)).toBe("/local/domain/7\0");
    const size = 16 + "/local/domain/7\0".length;
    const seen = bytes;
    while (bytes < many * size) await new Promise((resolve) => setTimeout(resolve, 1));
    expect([seen < many * size, bytes]).toEqual([true, many * size]);
    busy.destroy();
    await server.close();
    rmSync(dir, { recursive: true });
  });
});
