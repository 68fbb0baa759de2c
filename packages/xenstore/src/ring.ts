/**
 * The store's ring: one page shared with a domain, two streams of bytes in it.
 *
 * Layout of `struct xenstore_domain_interface` (xen/include/public/io/xs_wire.h), little endian: requests 1024 bytes,
 * answers 1024 bytes, then the words req_cons, req_prod, rsp_cons, rsp_prod. Indices run free and are masked. Each
 * side writes its own indices only; what the other side says is checked: an index that is impossible breaks the ring.
 */

/** Offsets and sizes in the page. */
export const storeRing = {
  size: 1024,
  request: 0,
  response: 1024,
  reqCons: 2048,
  reqProd: 2052,
  rspCons: 2056,
  rspProd: 2060,
} as const;

/** One side's two streams. */
export interface RingEnd {
  /** Puts as many bytes as there is room for; how many. -1 when the other side's indices are impossible. */
  write(bytes: Uint8Array): number;
  /** Takes what is there, at most `limit` bytes; `undefined` when the other side's indices are impossible. */
  read(limit?: number): Uint8Array | undefined;
}

/**
 * Both ends of a ring on a page of shared or plain memory. `store` is the store's side, `domain` the guest's.
 * Bytes are written before the index that publishes them.
 */
export function createRingEnds(memory: ArrayBufferLike, offset = 0): { store: RingEnd; domain: RingEnd } {
  const bytes = new Uint8Array(memory, offset, 4096);
  const words = new Int32Array(memory, offset, 1024);
  const load = (at: number): number => Atomics.load(words, at >>> 2) >>> 0;
  const publish = (at: number, value: number): void => {
    Atomics.store(words, at >>> 2, value | 0);
  };
  const { size } = storeRing;
  const end = (
    out: { data: number; cons: number; prod: number },
    inn: { data: number; cons: number; prod: number },
  ): RingEnd => ({
    write(data) {
      const prod = load(out.prod);
      const used = (prod - load(out.cons)) >>> 0;
      if (used > size) return -1;
      const count = Math.min(size - used, data.length);
      for (let i = 0; i < count; i++) bytes[out.data + ((prod + i) & (size - 1))] = data[i] as number;
      publish(out.prod, prod + count);
      return count;
    },
    read(limit = size) {
      const cons = load(inn.cons);
      const available = (load(inn.prod) - cons) >>> 0;
      if (available > size) return undefined;
      const count = Math.min(available, limit);
      const data = new Uint8Array(count);
      for (let i = 0; i < count; i++) data[i] = bytes[inn.data + ((cons + i) & (size - 1))] as number;
      publish(inn.cons, cons + count);
      return data;
    },
  });
  const requests = { data: storeRing.request, cons: storeRing.reqCons, prod: storeRing.reqProd };
  const responses = { data: storeRing.response, cons: storeRing.rspCons, prod: storeRing.rspProd };
  return { store: end(responses, requests), domain: end(requests, responses) };
}
