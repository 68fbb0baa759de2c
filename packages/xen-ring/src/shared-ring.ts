/**
 * Xen's shared ring: requests one way, responses the other, in the same slots.
 *
 * Shape: `struct *_sring`, xen/include/public/io/ring.h: four u32 indices, 48 bytes of padding, then slots.
 * Indices run free and wrap at 2^32; slot = index & (size - 1).
 */
import { type Struct, struct, type U32Field, u32 } from "@clickos/layout";
import type { RingProtocol } from "./netif.ts";

export const sring: Struct<{ reqProd: U32Field; reqEvent: U32Field; rspProd: U32Field; rspEvent: U32Field }> = struct(
  { reqProd: u32, reqEvent: u32, rspProd: u32, rspEvent: u32 },
  { name: "sring", size: 64 },
);
const [REQ_PROD, REQ_EVENT, RSP_PROD, RSP_EVENT] = [0, 1, 2, 3] as const;

/** A page with a ring on it. */
export interface RingPage {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
}

/** The front end queued more than there are slots, or the back end answered what was not asked. */
export class RingError extends Error {
  override readonly name = "RingError";
  readonly code: "RING_FULL" | "RING_OVERRUN";
  constructor(code: RingError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export interface FrontRing<Request, Response> {
  /** Slots not in use. */
  readonly free: number;
  /** Queues a request, unseen until `publish`. @throws {RingError} RING_FULL */
  push(request: Request): void;
  /** `RING_PUSH_REQUESTS_AND_CHECK_NOTIFY`: shows the requests; true when the back end wants an event. */
  publish(): boolean;
  /** Responses that have come by now. Each is valid until the next is asked for. */
  responses(): Generator<Response>;
  /** `RING_FINAL_CHECK_FOR_RESPONSES`: asks for an event on the next one; true when one is there already. */
  finalCheck(): boolean;
}

export interface BackRing<Request, Response> {
  /** Requests that have come, read once. A producer index that claims more than the ring holds is cut to it. */
  requests(): Generator<Request>;
  /** Queues a response, unseen until `publish`. @throws {RingError} RING_OVERRUN */
  respond(response: Response): void;
  publish(): boolean;
  finalCheck(): boolean;
  /** Times that the front end's index claimed more than the ring holds. */
  readonly overruns: number;
}

/** Slots of a ring with entries of `entrySize` bytes on one page: a power of two. */
export function ringSize(entrySize: number, pageSize = 4096): number {
  return 2 ** Math.floor(Math.log2((pageSize - sring.size) / entrySize));
}

/** Both ends of a ring. `init` (the default) resets the page, as the front end does before it grants it. */
export function createRing<Request extends object, Response extends object>(
  page: RingPage,
  protocol: RingProtocol<Request, Response>,
  options: { init?: boolean } = {},
): { front: FrontRing<Request, Response>; back: BackRing<Request, Response> } {
  const shared = new Uint32Array(page.buffer, page.offset, 16);
  const data = new DataView(page.buffer, page.offset, 4096);
  const { request, response } = protocol;
  const stride = Math.max(request.size, response.size);
  const size = ringSize(stride);
  const slot = (index: number): number => sring.size + (index & (size - 1)) * stride;
  const load = (i: number): number => Atomics.load(shared, i);
  const store = (i: number, value: number): void => {
    Atomics.store(shared, i, value >>> 0);
  };
  if (options.init ?? true) {
    store(REQ_PROD, 0);
    store(RSP_PROD, 0);
    store(REQ_EVENT, 1);
    store(RSP_EVENT, 1);
  }
  /** Shows `next` and says whether the peer's event index was passed. */
  const publish = (prod: number, event: number, next: number): boolean => {
    const old = load(prod);
    store(prod, next);
    return (next - load(event)) >>> 0 < (next - old) >>> 0;
  };
  const copy = (struct: Struct<any>, index: number): any => {
    const view: any = struct.read(data, slot(index));
    return Object.fromEntries(Object.keys(struct.fields).map((field) => [field, view[field]]));
  };

  let reqProdPvt = load(REQ_PROD);
  let rspCons = load(RSP_PROD);
  const front: FrontRing<Request, Response> = {
    get free() {
      return size - ((reqProdPvt - rspCons) >>> 0);
    },
    push(value) {
      if ((reqProdPvt - rspCons) >>> 0 >= size) throw new RingError("RING_FULL", `${size} requests are outstanding`);
      request.write(data, slot(reqProdPvt), value as any);
      reqProdPvt = (reqProdPvt + 1) >>> 0;
    },
    publish: () => publish(REQ_PROD, REQ_EVENT, reqProdPvt),
    *responses() {
      // A back end may not answer more than was asked; and what is asked while this runs is for the next time, so that
      // it ends whatever the other side does.
      const asked = (reqProdPvt - rspCons) >>> 0;
      const answered = (load(RSP_PROD) - rspCons) >>> 0;
      for (let left = Math.min(asked, answered); left > 0; left--) {
        const value = copy(response, rspCons);
        rspCons = (rspCons + 1) >>> 0;
        yield value as Response;
      }
    },
    finalCheck() {
      if (load(RSP_PROD) !== rspCons) return true;
      store(RSP_EVENT, rspCons + 1);
      return load(RSP_PROD) !== rspCons;
    },
  };

  let reqCons = load(RSP_PROD);
  let rspProdPvt = load(RSP_PROD);
  let overruns = 0;
  const back: BackRing<Request, Response> = {
    get overruns() {
      return overruns;
    },
    *requests() {
      // At most a ring of them: a front end that never stops asking does not keep its back end here.
      for (let left = size; left > 0; left--) {
        const waiting = (load(REQ_PROD) - reqCons) >>> 0;
        if (waiting === 0) return;
        if (waiting > size) {
          overruns++;
          return;
        }
        if ((reqCons - rspProdPvt) >>> 0 >= size) return;
        const value = copy(request, reqCons);
        reqCons = (reqCons + 1) >>> 0;
        yield value as Request;
      }
    },
    respond(value) {
      if (rspProdPvt === reqCons) throw new RingError("RING_OVERRUN", "a response without a request");
      response.write(data, slot(rspProdPvt), value as any);
      rspProdPvt = (rspProdPvt + 1) >>> 0;
    },
    publish: () => publish(RSP_PROD, RSP_EVENT, rspProdPvt),
    finalCheck() {
      if (load(REQ_PROD) !== reqCons) return true;
      store(REQ_EVENT, reqCons + 1);
      return load(REQ_PROD) !== reqCons;
    },
  };
  return { front, back };
}
