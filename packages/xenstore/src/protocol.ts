/**
 * The xenstored wire protocol. A message is a header of four little-endian words (type, request id, transaction id,
 * length) and up to 4096 bytes. Spec: docs/misc/xenstore.txt, xen/include/public/io/xs_wire.h.
 */
import { StoreError } from "./error.ts";
import {
  homeOf,
  type Quotas,
  type StoreConnection,
  type StoreTransaction,
  type StoreView,
  type XenStore,
} from "./store.ts";

/** Message types, `enum xsd_sockmsg_type`. */
export const MessageType = {
  CONTROL: 0,
  DIRECTORY: 1,
  READ: 2,
  GET_PERMS: 3,
  WATCH: 4,
  UNWATCH: 5,
  TRANSACTION_START: 6,
  TRANSACTION_END: 7,
  INTRODUCE: 8,
  RELEASE: 9,
  GET_DOMAIN_PATH: 10,
  WRITE: 11,
  MKDIR: 12,
  RM: 13,
  SET_PERMS: 14,
  WATCH_EVENT: 15,
  ERROR: 16,
  IS_DOMAIN_INTRODUCED: 17,
  RESUME: 18,
  SET_TARGET: 19,
  RESET_WATCHES: 21,
  DIRECTORY_PART: 22,
} as const;

/** Bytes that follow a header (XENSTORE_PAYLOAD_MAX). */
export const maximumPayload = 4096;
const headerSize = 16;
/** Bytes of answers that may wait for a client; more of its requests wait with them. */
const maximumBacklog = 1 << 20;
/** Bytes of requests that may wait. */
const maximumBuffered = 1 << 20;
/** Bytes of watch events that may wait for a client that does not read; it loses the rest, and its connection. */
const maximumEvents = { host: 1 << 22, domain: 1 << 18 };
/** Requests that are answered in a row; the others wait for a turn to come. */
export const requestsPerTurn = 16;

export interface WireMessage {
  readonly type: number;
  readonly requestId: number;
  readonly transactionId: number;
  /** A character a byte. */
  readonly payload: string;
}

export function encodeMessage({ type, requestId, transactionId, payload }: WireMessage): Uint8Array {
  const bytes = new Uint8Array(headerSize + payload.length);
  const view = new DataView(bytes.buffer);
  [type, requestId, transactionId, payload.length].forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  for (let i = 0; i < payload.length; i++) bytes[headerSize + i] = payload.charCodeAt(i);
  return bytes;
}

/** The message at the front, and its length in bytes; `undefined` while it is not whole, a string for what is wrong. */
export function decodeMessage(bytes: Uint8Array): { message: WireMessage; length: number } | string | undefined {
  if (bytes.length < headerSize) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(12, true);
  if (length > maximumPayload) return `a payload of ${length} bytes, at most ${maximumPayload}`;
  if (bytes.length < headerSize + length) return undefined;
  let payload = "";
  for (let i = 0; i < length; i++) payload += String.fromCharCode(bytes[headerSize + i] as number);
  return {
    message: {
      type: view.getUint32(0, true),
      requestId: view.getUint32(4, true),
      transactionId: view.getUint32(8, true),
      payload,
    },
    length: headerSize + length,
  };
}

/**
 * How a session is: `idle` until there are more bytes or room for answers; `more` when requests wait for `resume`, which is
 * to be called after others had their turn; `broken` when the connection is to be closed.
 */
export type SessionState = "idle" | "more" | "broken";

/** One client's side of the protocol, over whatever carries bytes. A call answers `requestsPerTurn` requests at most. */
export interface ProtocolSession {
  /** Takes bytes from the client. */
  receive(bytes: Uint8Array): SessionState;
  /** Answers what waits. `waiting` is how many bytes the client has yet to read. */
  resume(waiting: number): SessionState;
  close(): void;
}

export interface SessionOptions {
  /** The domain the client is; 0 for a socket of the host. */
  readonly domain?: number;
  /** What the client may have, in place of what its domain may. */
  readonly quotas?: Partial<Quotas>;
  /** Sends bytes to the client; how many bytes now wait to be sent. */
  send(bytes: Uint8Array): number;
  /** Called when the client is to be cut off: it does not read. */
  overrun?(): void;
}

export function createSession(store: XenStore, options: SessionOptions): ProtocolSession {
  const connection = store.connect(options.domain ?? 0, options.quotas);
  const eventLimit = connection.domain === 0 ? maximumEvents.host : maximumEvents.domain;
  const transactions = new Map<number, StoreTransaction>();
  let buffered = new Uint8Array(0);
  let waiting = 0;
  let open = true;

  const send = (message: WireMessage): void => {
    if (open) waiting = options.send(encodeMessage(message));
  };
  const event = (path: string, token: string): void => {
    if (waiting > eventLimit) {
      options.overrun?.();
      return;
    }
    send({ type: MessageType.WATCH_EVENT, requestId: 0, transactionId: 0, payload: `${path}\0${token}\0` });
  };
  /** The watch events that a request causes follow its answer. */
  let held: [string, string][] | undefined;
  const hear = (path: string, token: string): void => {
    if (held) held.push([path, token]);
    else event(path, token);
  };
  const handle = (m: WireMessage): void => {
    held = [];
    let type = m.type;
    let payload: string;
    try {
      payload = answer(store, connection, transactions, m, hear);
      if (payload.length > maximumPayload) throw new StoreError("E2BIG", "the answer does not fit a message");
    } catch (e) {
      if (!(e instanceof StoreError)) throw e;
      type = MessageType.ERROR;
      payload = `${e.code}\0`;
    }
    send({ ...m, type, payload });
    const events = held;
    held = undefined;
    for (const [path, token] of events) event(path, token);
  };
  const work = (): SessionState => {
    let at = 0;
    let state: SessionState = "idle";
    for (let left = requestsPerTurn; open && waiting < maximumBacklog; left--) {
      const next = decodeMessage(buffered.subarray(at));
      if (next === undefined) break;
      if (typeof next === "string") {
        state = "broken";
        break;
      }
      // Who has caused more than can be told at once waits until it is told, and so do all others.
      if (left === 0 || store.busy) {
        state = "more";
        break;
      }
      at += next.length;
      handle(next.message);
    }
    if (at > 0) buffered = buffered.slice(at);
    return buffered.length > maximumBuffered ? "broken" : state;
  };
  return {
    receive(bytes) {
      if (!open) return "broken";
      const joined = new Uint8Array(buffered.length + bytes.length);
      joined.set(buffered);
      joined.set(bytes, buffered.length);
      buffered = joined;
      return work();
    },
    resume(now) {
      waiting = now;
      return open ? work() : "broken";
    },
    close() {
      if (!open) return;
      open = false;
      connection.close();
    },
  };
}

/** The strings of a payload, each ended by a zero byte; the last may lack its own. */
function strings(payload: string): string[] {
  const list = payload.split("\0");
  if (list.at(-1) === "") list.pop();
  return list;
}

function domainId(text: string | undefined): number {
  const id = /^\d{1,5}$/.test(text ?? "") ? Number(text) : -1;
  if (id < 0 || id > 0x7ff0) throw new StoreError("EINVAL", `'${text ?? ""}' is not a domain id`);
  return id;
}

const ok = "OK\0";
const list = (items: readonly string[]): string => items.map((item) => `${item}\0`).join("");

function answer(
  store: XenStore,
  connection: StoreConnection,
  transactions: Map<number, StoreTransaction>,
  m: WireMessage,
  hear: (path: string, token: string) => void,
): string {
  const args = strings(m.payload);
  const [first = "", second] = args;
  const inTransaction = (): StoreView => {
    if (m.transactionId === 0) return connection;
    const transaction = transactions.get(m.transactionId);
    if (!transaction) throw new StoreError("ENOENT", `transaction ${m.transactionId}`);
    return transaction;
  };
  const privileged = (): void => {
    if (connection.domain !== 0) throw new StoreError("EACCES", "for domain 0 only");
  };
  switch (m.type) {
    case MessageType.READ:
      return inTransaction().read(first);
    case MessageType.DIRECTORY:
      return list(inTransaction().directory(first));
    case MessageType.DIRECTORY_PART: {
      // The generation, then names from an offset on; an empty name at the end.
      const view = inTransaction();
      const all = list(view.directory(first));
      const offset = Number(second ?? "");
      if (!Number.isInteger(offset) || offset < 0) throw new StoreError("EINVAL", `offset '${second ?? ""}'`);
      const generation = `${view.generation(first)}\0`;
      const room = maximumPayload - generation.length - 1;
      let part = all.slice(offset, offset + room);
      if (offset + part.length >= all.length) return `${generation}${part}\0`;
      part = part.slice(0, part.lastIndexOf("\0") + 1);
      return generation + part;
    }
    case MessageType.GET_PERMS:
      return list(inTransaction().getPermissions(first));
    case MessageType.SET_PERMS:
      inTransaction().setPermissions(first, args.slice(1));
      return ok;
    case MessageType.WRITE: {
      const end = m.payload.indexOf("\0");
      if (end < 0) throw new StoreError("EINVAL", "a path and a value");
      inTransaction().write(m.payload.slice(0, end), m.payload.slice(end + 1));
      return ok;
    }
    case MessageType.MKDIR:
      inTransaction().mkdir(first);
      return ok;
    case MessageType.RM:
      inTransaction().rm(first);
      return ok;
    case MessageType.WATCH:
      if (second === undefined) throw new StoreError("EINVAL", "a path and a token");
      connection.watch(first, second, hear);
      return ok;
    case MessageType.UNWATCH:
      connection.unwatch(first, second ?? "");
      return ok;
    case MessageType.RESET_WATCHES:
      connection.reset();
      transactions.clear();
      return ok;
    case MessageType.TRANSACTION_START: {
      if (m.transactionId !== 0) throw new StoreError("EBUSY", "transactions do not nest");
      const transaction = connection.begin();
      transactions.set(transaction.id, transaction);
      return `${transaction.id}\0`;
    }
    case MessageType.TRANSACTION_END: {
      const transaction = transactions.get(m.transactionId);
      if (!transaction) throw new StoreError("ENOENT", `transaction ${m.transactionId}`);
      if (first !== "T" && first !== "F") throw new StoreError("EINVAL", "T or F");
      transactions.delete(m.transactionId);
      if (first === "T") transaction.commit();
      else transaction.abort();
      return ok;
    }
    case MessageType.GET_DOMAIN_PATH:
      return `${homeOf(domainId(first))}\0`;
    case MessageType.IS_DOMAIN_INTRODUCED:
      return store.isIntroduced(domainId(first)) ? "T\0" : "F\0";
    case MessageType.INTRODUCE:
      privileged();
      store.introduce(domainId(first));
      return ok;
    case MessageType.RELEASE:
      privileged();
      store.release(domainId(first));
      return ok;
    case MessageType.RESUME:
    case MessageType.SET_TARGET:
      privileged();
      if (!store.isIntroduced(domainId(first))) throw new StoreError("ENOENT", `domain ${first}`);
      return ok;
    case MessageType.CONTROL:
      privileged();
      return control(store, args);
    default:
      throw new StoreError("ENOSYS", `message type ${m.type}`);
  }
}

/** `xenstore-control`: what there is to ask. */
function control(store: XenStore, [command = "help", ...args]: readonly string[]): string {
  switch (command) {
    case "help":
      return "help\nprint [text]\nquota\n\0";
    case "print":
      return `${args.join(" ")}\n\0`;
    case "quota": {
      const { nodes, watches, transactions } = store.statistics;
      return `nodes: ${nodes}\nwatches: ${watches}\ntransactions: ${transactions}\n\0`;
    }
    default:
      throw new StoreError("EINVAL", `control command '${command}'`);
  }
}
