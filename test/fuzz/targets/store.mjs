/**
 * Messages to the store: a byte that says who asks, then a stream. It goes into a session whole, into another in
 * pieces, which must give the same answers, and through a ring.
 */
import {
  createRingEnds,
  createSession,
  createXenStore,
  encodeMessage,
  MessageType,
  serveRing,
} from "@clickos/xenstore";
import { edges } from "../../hostile/random.mjs";
import { randomOf } from "../inputs.mjs";
import { bytesOfLatin1, concat, mutateBytes } from "../mutate.mjs";

const types = [...Object.values(MessageType), 20, 23, 0xffff, 0xffffffff];
const T = MessageType;
const paths = [
  "/",
  "/a",
  "/a/b",
  "data",
  "data/x",
  "",
  "//",
  "/a/",
  "../x",
  "@releaseDomain",
  "@introduceDomain",
  "@",
  "/local/domain/3",
  "/secret",
  "/a\x01",
  "a".repeat(300),
  "/x".repeat(300),
];
const rest = ["", "\0", "v", "T", "F", "n3", "r3", "b0", "w1", "x", "token", "-1", "4095", "99999", "print"];

const message = (r, type, payload, transactionId) =>
  encodeMessage({ type, requestId: r.below(1000), transactionId, payload });

function generated(r) {
  const parts = [Uint8Array.of(r.below(4))];
  let inside = 0;
  for (let n = 1 + r.below(24); n > 0; n--) {
    const transaction = r.once(8) ? r.pick(edges) : inside;
    const type = r.once(3)
      ? r.pick(types)
      : r.pick([T.WRITE, T.READ, T.RM, T.MKDIR, T.DIRECTORY, T.WATCH, T.SET_PERMS]);
    if (inside === 0 && r.once(6)) {
      parts.push(message(r, T.TRANSACTION_START, "\0", 0));
      inside = 1 + r.below(2);
      continue;
    }
    if (inside > 0 && r.once(5)) {
      parts.push(message(r, T.TRANSACTION_END, r.pick(["T\0", "F\0", "x\0", ""]), inside));
      inside = 0;
      continue;
    }
    const payload = `${r.pick(paths)}\0${Array.from({ length: r.below(4) }, () => r.pick(rest)).join("\0")}${r.pick(["", "\0"])}`;
    const bytes = message(r, type, payload, transaction);
    // A length that is none.
    if (r.once(40)) new DataView(bytes.buffer).setUint32(12, r.pick(edges), true);
    parts.push(bytes);
  }
  return concat(...parts);
}

/** A store with something in it that is the domain's, and something that is not. */
function world() {
  const store = createXenStore({ quotas: { nodes: 20, watches: 8, transactions: 3 } });
  store.write("/secret/below", "x");
  store.mkdir("/local/domain/3/data");
  store.setPermissions("/local/domain/3", ["n0", "r3"]);
  store.setPermissions("/local/domain/3/data", ["n3"]);
  return store;
}

/** Turns that a stream of so many bytes may take. */
const turns = (length) => 64 + length;

function viaSession(domain, pieces) {
  const store = world();
  const out = [];
  const session = createSession(store, {
    domain,
    send(bytes) {
      out.push(bytes.slice());
      return 0;
    },
  });
  let state = "idle";
  for (const piece of pieces) {
    state = session.receive(piece);
    for (let n = 0; state === "more"; n++) {
      if (n > turns(piece.length)) throw new Error("a session that always has more to do");
      state = session.resume(0);
    }
    if (state === "broken") break;
  }
  session.close();
  const { watches, transactions } = store.statistics;
  if (watches !== 0 || transactions !== 0) throw new Error("something of a closed session is left");
  return { answers: concat(...out), state };
}

function viaRing(domain, stream) {
  const page = new SharedArrayBuffer(4096);
  const server = serveRing(world(), domain, page, 0, () => {});
  const { domain: end } = createRingEnds(page);
  const out = [];
  let at = 0;
  let idle = 0;
  for (let n = 0; idle < 3; n++) {
    if (n > turns(stream.length) * 8) throw new Error("a ring that is never idle");
    at += end.write(stream.subarray(at));
    const state = server.poll();
    const got = end.read();
    if (got === undefined) throw new Error("the store's indices are impossible");
    out.push(got);
    if (state === "broken") break;
    idle = at === stream.length && got.length === 0 && state === "idle" ? idle + 1 : 0;
  }
  server.close();
  return concat(...out);
}

const equal = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

export const target = {
  name: "store",
  errors: [],
  seeds: () => {
    const ask = (type, payload, transactionId = 0) => encodeMessage({ type, requestId: 7, transactionId, payload });
    const inTransaction = (...requests) =>
      concat(Uint8Array.of(3), ask(T.TRANSACTION_START, "\0"), ...requests, ask(T.TRANSACTION_END, "T\0", 1));
    const impossible = ask(T.READ, "/a\0");
    new DataView(impossible.buffer).setUint32(12, 4097, true);
    return [
      concat(Uint8Array.of(0), ask(T.WRITE, "/a/b\0value"), ask(T.READ, "/a/b\0"), ask(T.DIRECTORY, "/\0")),
      concat(Uint8Array.of(3), ask(T.WATCH, "data\0t\0"), ask(T.WRITE, "data/x\0v"), ask(T.UNWATCH, "data\0t\0")),
      inTransaction(ask(T.WRITE, "data/x\0v", 1), ask(T.RM, "data\0", 1), ask(T.RM, "/secret\0", 1)),
      inTransaction(ask(T.TRANSACTION_START, "\0", 1), ask(T.WATCH, "data\0t\0", 1), ask(T.RESET_WATCHES, "\0", 1)),
      inTransaction(...Array.from({ length: 200 }, (_, i) => ask(T.WRITE, `data/${i}\0v`, 1))),
      concat(Uint8Array.of(0), impossible),
      concat(Uint8Array.of(0), ask(T.SET_PERMS, "/a\0n0\0r3\0"), ask(T.CONTROL, "quota\0"), ask(T.INTRODUCE, "5\0")),
      concat(Uint8Array.of(0), bytesOfLatin1("READ /a\n")),
    ];
  },
  generate: generated,
  mutate: mutateBytes,
  run(input) {
    const domain = [0, 3, 3, 5][(input[0] ?? 0) & 3];
    const stream = input.subarray(1);
    const r = randomOf(input);
    const pieces = [];
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + r.below(r.pick([1, 16, 40, 4000]));
      pieces.push(stream.subarray(at, end));
      at = end;
    }
    const whole = viaSession(domain, [stream]);
    const cut = viaSession(domain, pieces);
    if (!equal(whole.answers, cut.answers)) throw new Error("answers depend on how the stream is cut");
    const ringAnswers = viaRing(domain, stream);
    // One that is given up is not told what was answered last.
    const heard = whole.state === "broken" ? whole.answers.subarray(0, ringAnswers.length) : whole.answers;
    if (!equal(ringAnswers, heard)) throw new Error("a ring gives other answers than a session");
    return whole.state;
  },
};
