import {
  createRingEnds,
  createSession,
  createXenStore,
  decodeMessage,
  encodeMessage,
  MessageType,
  ringClient,
  serveRing,
  storeRing,
  type WireMessage,
} from "@clickos/xenstore";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function client(store = createXenStore(), domain = 0) {
  const sent: WireMessage[] = [];
  let backlog = 0;
  const session = createSession(store, {
    domain,
    send(bytes) {
      const decoded = decodeMessage(bytes);
      if (!decoded || typeof decoded === "string") throw new Error("bad answer");
      sent.push(decoded.message);
      return backlog;
    },
  });
  let id = 0;
  const ask = (type: number, payload: string, transactionId = 0): string => {
    sent.length = 0;
    session.receive(encodeMessage({ type, requestId: ++id, transactionId, payload }));
    const answer = sent.shift() as WireMessage;
    expect([answer.requestId, answer.transactionId]).toEqual([id, transactionId]);
    return answer.type === MessageType.ERROR ? `error ${answer.payload}` : answer.payload;
  };
  return { store, session, sent, ask, setBacklog: (n: number) => (backlog = n) };
}

const T = MessageType;

describe("the wire protocol", () => {
  it("has the bytes that xs_wire.h says", () => {
    const golden = Uint8Array.of(11, 0, 0, 0, 1, 2, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 0x2f, 0x61, 0, 0xff);
    expect([...encodeMessage({ type: T.WRITE, requestId: 0x201, transactionId: 5, payload: "/a\0\xff" })]).toEqual([
      ...golden,
    ]);
    expect(decodeMessage(golden)).toEqual({
      message: { type: 11, requestId: 0x201, transactionId: 5, payload: "/a\0\xff" },
      length: 20,
    });
    expect(decodeMessage(golden.subarray(0, 19))).toBe(undefined);
    golden[13] = 0x20;
    expect(decodeMessage(golden)).toContain("at most 4096");
  });

  it("answers every message type", () => {
    const { ask, sent } = client();
    expect(ask(T.WRITE, "/a/b\0value")).toBe("OK\0");
    expect(ask(T.READ, "/a/b\0")).toBe("value");
    expect(ask(T.MKDIR, "/a/c\0")).toBe("OK\0");
    expect(ask(T.DIRECTORY, "/a\0")).toBe("b\0c\0");
    expect(ask(T.DIRECTORY, "/a/b\0")).toBe("");
    const part = ask(T.DIRECTORY_PART, "/a\x000\0");
    expect(part).toMatch(/^\d+\0b\0c\0\0$/);
    // A client that lists in parts sees by the first word that the directory has changed meanwhile.
    expect(ask(T.WRITE, "/a/new\0")).toBe("OK\0");
    expect(ask(T.DIRECTORY_PART, "/a\x000\0").split("\0")[0]).not.toBe(part.split("\0")[0]);
    expect(ask(T.RM, "/a/new\0")).toBe("OK\0");
    expect(ask(T.GET_PERMS, "/a/b\0")).toBe("n0\0");
    expect(ask(T.SET_PERMS, "/a/b\0r0\0b3\0")).toBe("OK\0");
    expect(ask(T.GET_PERMS, "/a/b\0")).toBe("r0\0b3\0");
    expect(ask(T.WATCH, "/a\0token\0")).toBe("OK\0");
    expect(sent.map((m) => [m.type, m.requestId, m.payload])).toEqual([[T.WATCH_EVENT, 0, "/a\0token\0"]]);
    expect(ask(T.RM, "/a/b\0")).toBe("OK\0");
    expect(sent.map((m) => m.payload)).toEqual(["/a/b\0token\0"]);
    expect(ask(T.UNWATCH, "/a\0token\0")).toBe("OK\0");
    expect(ask(T.UNWATCH, "/a\0token\0")).toBe("error ENOENT\0");
    expect(ask(T.GET_DOMAIN_PATH, "7\0")).toBe("/local/domain/7\0");
    expect(ask(T.IS_DOMAIN_INTRODUCED, "7\0")).toBe("F\0");
    expect(ask(T.INTRODUCE, "7\x001\x002\0")).toBe("OK\0");
    expect(ask(T.IS_DOMAIN_INTRODUCED, "7\0")).toBe("T\0");
    expect(ask(T.RESUME, "7\0")).toBe("OK\0");
    expect(ask(T.SET_TARGET, "7\x001\0")).toBe("OK\0");
    expect(ask(T.RELEASE, "7\0")).toBe("OK\0");
    expect(ask(T.RELEASE, "7\0")).toBe("error ENOENT\0");
    expect(ask(T.RESET_WATCHES, "\0")).toBe("OK\0");
    expect(ask(T.CONTROL, "print\0hi\0")).toBe("hi\n\0");
    for (const type of [T.WATCH_EVENT, T.ERROR, 20, 99]) expect(ask(type, "x\0")).toBe("error ENOSYS\0");
    for (const bad of ["", "no slash at all but spaces", "/a//b"])
      expect(ask(T.READ, `${bad}\0`)).toBe("error EINVAL\0");
  });

  it("carries transactions, which conflict with EAGAIN", () => {
    const { ask } = client();
    ask(T.WRITE, "/n\x001");
    const id = Number(ask(T.TRANSACTION_START, "\0").replace("\0", ""));
    expect(ask(T.READ, "/n\0", id)).toBe("1");
    expect(ask(T.WRITE, "/n\x002", id)).toBe("OK\0");
    expect(ask(T.READ, "/n\0")).toBe("1");
    expect(ask(T.WRITE, "/n\x009")).toBe("OK\0");
    expect(ask(T.TRANSACTION_END, "T\0", id)).toBe("error EAGAIN\0");
    expect(ask(T.TRANSACTION_END, "T\0", id)).toBe("error ENOENT\0");
    const next = Number(ask(T.TRANSACTION_START, "\0").replace("\0", ""));
    expect(ask(T.TRANSACTION_START, "\0", next)).toBe("error EBUSY\0");
    expect(ask(T.WRITE, "/n\x003", next)).toBe("OK\0");
    expect(ask(T.TRANSACTION_END, "T\0", next)).toBe("OK\0");
    expect(ask(T.READ, "/n\0")).toBe("3");
  });

  it("lists long directories in parts", () => {
    const { ask, store } = client();
    const names = Array.from({ length: 1000 }, (_, i) => `name-${i}`).sort();
    for (const n of names) store.write(`/d/${n}`, "");
    expect(ask(T.DIRECTORY, "/d\0")).toBe("error E2BIG\0");
    let all = "";
    for (let part = ""; !part.endsWith("\0\0"); ) {
      part = ask(T.DIRECTORY_PART, `/d\0${all.length}\0`);
      expect(part.length).toBeLessThanOrEqual(4096);
      all += part.slice(part.indexOf("\0") + 1).replace(/\0\0$/, "\0");
    }
    expect(all.split("\0").slice(0, -1)).toEqual(names);
  });

  it("gives a domain what is a domain's", () => {
    const store = createXenStore();
    store.mkdir("/local/domain/4");
    store.setPermissions("/local/domain/4", ["n4"]);
    const { ask } = client(store, 4);
    expect(ask(T.WRITE, "data/x\x001")).toBe("OK\0");
    expect(store.read("/local/domain/4/data/x")).toBe("1");
    for (const [type, payload] of [
      [T.WRITE, "/a\0"],
      [T.INTRODUCE, "5\0"],
      [T.RELEASE, "4\0"],
      [T.CONTROL, "quota\0"],
    ] as const)
      expect(ask(type, payload)).toBe("error EACCES\0");
  });

  it("is not hurt by bytes that are no messages", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }),
        fc.integer({ min: 0, max: 5 }),
        (chunks, domain) => {
          const { session, store } = client(createXenStore(), domain);
          for (const chunk of chunks) session.receive(chunk);
          session.close();
          expect(store.statistics).toMatchObject({ watches: 0, transactions: 0 });
        },
      ),
    );
    const type = fc.integer({ min: 0, max: 30 });
    const payload = fc.array(
      fc.constantFrom("/a", "/", "\0", "b", "T", "0", "1", "@releaseDomain", "r0", "../", "\xff"),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(type, payload, fc.nat(3)), { maxLength: 30 }), (messages) => {
        const { session, store } = client(createXenStore(), 1);
        messages.forEach(([t, p, transactionId], requestId) => {
          expect(session.receive(encodeMessage({ type: t, requestId, transactionId, payload: p.join("") }))).toBe(
            "idle",
          );
        });
        session.close();
        expect(store.statistics).toMatchObject({ watches: 0, transactions: 0 });
      }),
    );
  });

  it("serves a client that does not read no further", () => {
    const { session, sent, setBacklog } = client();
    setBacklog(2 << 20);
    const message = encodeMessage({ type: T.DIRECTORY, requestId: 1, transactionId: 0, payload: "/\0" });
    for (let i = 0; i < 10; i++) session.receive(message);
    expect(sent.length).toBe(1);
    setBacklog(0);
    session.resume(0);
    expect(sent.length).toBe(10);
  });
});

describe("the ring", () => {
  it("carries bytes in order, over many turns, from any index", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
        fc.array(fc.uint8Array({ maxLength: 1500 }), { maxLength: 12 }),
        (start, chunks) => {
          const page = new SharedArrayBuffer(4096);
          const words = new Int32Array(page);
          for (const at of [storeRing.reqCons, storeRing.reqProd]) words[at / 4] = start;
          const { store, domain } = createRingEnds(page);
          const got: number[] = [];
          const all = chunks.flatMap((c) => [...c]);
          let left = Uint8Array.from(all);
          while (got.length < all.length) {
            left = left.slice(domain.write(left));
            got.push(...(store.read(700) ?? []));
          }
          expect(got).toEqual(all);
        },
      ),
    );
  });

  it("lets a guest use the store, long answers and watches too", () => {
    const store = createXenStore();
    store.mkdir("/local/domain/3");
    store.setPermissions("/local/domain/3", ["n3"]);
    const page = new SharedArrayBuffer(8192);
    let notified = 0;
    const server = serveRing(store, 3, page, 4096, () => notified++);
    const guest = ringClient(page, 4096, () => server.poll());
    expect(guest.request(T.WRITE, `big\0${"x".repeat(2000)}`)).toBe("OK\0");
    expect(guest.request(T.READ, "big\0")).toBe("x".repeat(2000));
    expect(guest.request(T.WATCH, "dev\0t\0")).toBe("OK\0");
    store.write("/local/domain/3/dev/state", "4");
    expect(guest.events()).toEqual([
      { path: "dev", token: "t" },
      { path: "dev/state", token: "t" },
    ]);
    expect(() => guest.request(T.READ, "/tool\0")).toThrow("EACCES");
    expect(notified).toBeGreaterThan(0);
    server.close();
  });

  it("is given up when the guest's indices are impossible, and nobody else is hurt", () => {
    const store = createXenStore();
    const page = new SharedArrayBuffer(4096);
    const words = new Uint32Array(page);
    for (const at of [storeRing.reqProd, storeRing.rspCons]) {
      words.fill(0);
      const server = serveRing(store, 3, page, 0, () => {});
      words[at / 4] = 5000;
      // A request whose answer has to be written.
      if (at === storeRing.rspCons)
        createRingEnds(page).domain.write(
          encodeMessage({ type: T.GET_DOMAIN_PATH, requestId: 1, transactionId: 0, payload: "1\0" }),
        );
      expect(server.poll()).toBe("broken");
    }
    expect(store.statistics).toMatchObject({ watches: 0, transactions: 0 });
  });
});
