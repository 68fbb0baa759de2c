/** Serves a domain's ring from the store, and a client for its other end. */
import { StoreError, type StoreErrorCode } from "./error.ts";
import { Fifo } from "./fifo.ts";
import { createSession, decodeMessage, encodeMessage, MessageType, type SessionState } from "./protocol.ts";
import { createRingEnds, storeRing } from "./ring.ts";
import type { XenStore } from "./store.ts";

export interface RingServer {
  /**
   * Takes what is in the ring once, answers `requestsPerTurn` requests at most, and writes answers as far as there is room; called at
   * each event, and again after others had their turn while it says `more`. A guest that never stops asking is never
   * followed.
   */
  poll(): SessionState;
  close(): void;
}

/** Serves the ring in a page of a domain's memory. `notify` is called when there is something for the domain. */
export function serveRing(
  store: XenStore,
  domain: number,
  memory: ArrayBufferLike,
  offset: number,
  notify: () => void,
): RingServer {
  const { store: end } = createRingEnds(memory, offset);
  const queue = new Fifo<Uint8Array>();
  let queued = 0;
  let broken = false;
  let polling = false;
  /** Whether the session has requests that were not answered yet. */
  let unanswered = false;
  /** Puts answers into the ring, a ringful at most: the guest may be taking them out meanwhile. */
  const flush = (): void => {
    let room: number = storeRing.size;
    for (let next = queue.peek(); next && room > 0 && !broken; next = queue.peek()) {
      const count = end.write(next.subarray(0, room));
      if (count < 0) broken = true;
      if (count <= 0) break;
      room -= count;
      queued -= count;
      if (count === next.length) queue.shift();
      else queue.replace(next.subarray(count));
    }
    if (room < storeRing.size) notify();
  };
  const session = createSession(store, {
    domain,
    send(bytes) {
      queue.push(bytes);
      queued += bytes.length;
      // Events come at any time; answers are put into the ring together.
      if (!polling) flush();
      return queued;
    },
    overrun() {
      broken = true;
    },
  });
  /** Answers some requests; whether there may be more. */
  const serve = (): boolean => {
    let state: SessionState = unanswered ? session.resume(0) : "idle";
    let took = false;
    if (state === "idle") {
      const bytes = end.read();
      if (!bytes) broken = true;
      else if (bytes.length > 0) {
        took = true;
        notify();
        state = session.receive(bytes);
      }
    }
    if (state === "broken") broken = true;
    unanswered = state === "more";
    return unanswered || took;
  };
  return {
    poll() {
      let more = false;
      if (!broken) {
        polling = true;
        flush();
        // Requests are taken while answers find room: a domain that does not read is not served.
        if (queued === 0 && !broken) more = serve();
        flush();
        polling = false;
      }
      if (broken) {
        session.close();
        return "broken";
      }
      // Answers that found no room wait until the domain has taken some out, and says so.
      return more && queued === 0 ? "more" : "idle";
    },
    close: () => session.close(),
  };
}

/** A guest's side that never waits: requests are sent as there is room, answers go to who asked. */
export interface RingSession {
  /** Sends a request; `done` gets the answer's payload, or the store's word why not. */
  request(type: number, payload: string, done: (answer: string | StoreError) => void, transactionId?: number): void;
  /** Sends what waits and takes what has come; called at each event. @throws {StoreError} when the ring is broken. */
  poll(): void;
}

/** `notify` sends an event to the store, `onEvent` gets the events of watches. */
export function ringSession(
  memory: ArrayBufferLike,
  offset: number,
  notify: () => void,
  onEvent: (path: string, token: string) => void,
): RingSession {
  const { domain: end } = createRingEnds(memory, offset);
  const outgoing = new Fifo<Uint8Array>();
  const waiting = new Map<number, (answer: string | StoreError) => void>();
  let incoming = new Uint8Array(0);
  let id = 0;
  const broken = (): StoreError => new StoreError("EINVAL", "the store's side of the ring is broken");
  const flush = (): void => {
    let some = false;
    for (let next = outgoing.peek(); next; next = outgoing.peek()) {
      const count = end.write(next);
      if (count < 0) throw broken();
      if (count === 0) break;
      some = true;
      if (count === next.length) outgoing.shift();
      else outgoing.replace(next.subarray(count));
    }
    if (some) notify();
  };
  return {
    request(type, payload, done, transactionId = 0) {
      id = id >= 0x7fffffff ? 1 : id + 1;
      waiting.set(id, done);
      outgoing.push(encodeMessage({ type, requestId: id, transactionId, payload }));
      flush();
    },
    poll() {
      flush();
      for (;;) {
        const bytes = end.read();
        if (!bytes) throw broken();
        if (bytes.length === 0) break;
        notify();
        const joined = new Uint8Array(incoming.length + bytes.length);
        joined.set(incoming);
        joined.set(bytes, incoming.length);
        incoming = joined;
        for (let found = decodeMessage(incoming); found; found = decodeMessage(incoming)) {
          if (typeof found === "string") throw new StoreError("EINVAL", found);
          incoming = incoming.slice(found.length);
          const { type, requestId, payload } = found.message;
          if (type === MessageType.WATCH_EVENT) {
            const [path = "", token = ""] = payload.split("\0");
            onEvent(path, token);
            continue;
          }
          const done = waiting.get(requestId);
          waiting.delete(requestId);
          done?.(
            type === MessageType.ERROR
              ? new StoreError(payload.replace(/\0$/, "") as StoreErrorCode, "the store's answer")
              : payload,
          );
        }
      }
    },
  };
}

/** A guest's side: requests in, answers out, one at a time. `kick` tells the store and lets it work. */
export interface RingClient {
  request(type: number, payload: string, transactionId?: number): string;
  /** Watch events that have come. */
  events(): { path: string; token: string }[];
}

/** @throws {StoreError} from `request`, with the store's word. */
export function ringClient(memory: ArrayBufferLike, offset: number, kick: () => void): RingClient {
  const { domain: end } = createRingEnds(memory, offset);
  let buffered = new Uint8Array(0);
  let id = 0;
  const events: { path: string; token: string }[] = [];
  const pump = (): boolean => {
    const bytes = end.read();
    if (!bytes) throw new StoreError("EINVAL", "the store's side of the ring is broken");
    const joined = new Uint8Array(buffered.length + bytes.length);
    joined.set(buffered);
    joined.set(bytes, buffered.length);
    buffered = joined;
    return bytes.length > 0;
  };
  /** The next message that is no event. */
  const next = (): { type: number; requestId: number; payload: string } | undefined => {
    for (;;) {
      const found = decodeMessage(buffered);
      if (typeof found === "string") throw new StoreError("EINVAL", found);
      if (!found) return undefined;
      buffered = buffered.slice(found.length);
      if (found.message.type !== MessageType.WATCH_EVENT) return found.message;
      const [path = "", token = ""] = found.message.payload.split("\0");
      events.push({ path, token });
    }
  };
  return {
    request(type, payload, transactionId = 0) {
      const requestId = ++id;
      let left = encodeMessage({ type, requestId, transactionId, payload });
      for (let idle = 0; idle < 1000; ) {
        if (left.length > 0) {
          const count = end.write(left);
          if (count < 0) throw new StoreError("EINVAL", "the store's side of the ring is broken");
          left = left.subarray(count);
        }
        kick();
        const moved = pump();
        const message = next();
        if (message) {
          if (message.requestId !== requestId) continue;
          if (message.type === MessageType.ERROR)
            throw new StoreError(message.payload.replace(/\0$/, "") as StoreErrorCode, `request of type ${type}`);
          return message.payload;
        }
        idle = moved ? 0 : idle + 1;
      }
      throw new StoreError("EBUSY", "the store does not answer");
    },
    events() {
      pump();
      const message = next();
      if (message) throw new StoreError("EINVAL", "an answer that nobody asked for");
      return events.splice(0);
    },
  };
}
