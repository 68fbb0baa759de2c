/** The back end's side of a netif ring, without an object for each request, and frames that stay mapped. */
import type { GrantWindow } from "@clickos/grant-table";
import { FrameMemory } from "@clickos/vale";
import { type RingProtocol, ringSize, sring } from "@clickos/xen-ring";
import { NetbackError } from "./vif.ts";

/** Words of an sring's header. */
const REQ_PROD = 0;
const REQ_EVENT = 1;
const RSP_PROD = 2;
const RSP_EVENT = 3;

/** One ring as its back end sees it. */
export class NetifBackRing {
  readonly memory: FrameMemory;
  readonly data: DataView;
  private readonly words: Int32Array;
  private readonly at: number;
  private readonly stride: number;
  readonly size: number;
  reqCons: number;
  rspProd: number;

  constructor(buffer: ArrayBufferLike, offset: number, protocol: RingProtocol<any, any>) {
    this.memory = new FrameMemory(buffer);
    this.data = new DataView(buffer);
    this.words = new Int32Array(buffer, offset, 4);
    this.at = offset + sring.size;
    this.stride = Math.max(protocol.request.size, protocol.response.size);
    this.size = ringSize(this.stride);
    // A ring that was in use goes on after what was answered.
    this.rspProd = Atomics.load(this.words, RSP_PROD) >>> 0;
    this.reqCons = this.rspProd;
  }
  /** Requests that wait; -1 when the front end claims more than the ring holds. */
  get waiting(): number {
    const n = (Atomics.load(this.words, REQ_PROD) - this.reqCons) >>> 0;
    return n > this.size ? -1 : n;
  }
  /** The front end's index of requests, which may be any. */
  get reqProd(): number {
    return Atomics.load(this.words, REQ_PROD) >>> 0;
  }
  /** Where a request or response is. */
  slot(index: number): number {
    return this.at + (index & (this.size - 1)) * this.stride;
  }
  /** The place of the next response. */
  respond(): number {
    const slot = this.slot(this.rspProd);
    this.rspProd = (this.rspProd + 1) >>> 0;
    return slot;
  }
  /** Shows the responses; whether the front end wants an event. */
  publish(): boolean {
    const old = Atomics.load(this.words, RSP_PROD) >>> 0;
    if (old === this.rspProd) return false;
    Atomics.store(this.words, RSP_PROD, this.rspProd | 0);
    return (this.rspProd - Atomics.load(this.words, RSP_EVENT)) >>> 0 < (this.rspProd - old) >>> 0;
  }
  /** Asks for an event when there are more than `seen` requests; whether there are already (`RING_FINAL_CHECK_FOR_REQUESTS`). */
  sleep(seen: number): boolean {
    Atomics.store(this.words, REQ_EVENT, (this.reqCons + seen + 1) | 0);
    return this.waiting > seen;
  }
}

/** Frames that stay mapped. */
export class KeptGrants {
  private readonly offsets = new Map<number, number>();
  private readonly window: GrantWindow;
  private readonly readOnly: boolean;

  constructor(window: GrantWindow, readOnly: boolean) {
    this.window = window;
    this.readOnly = readOnly;
  }
  pin(ref: number): number {
    const known = this.offsets.get(ref);
    if (known !== undefined) return known;
    const offset = this.window.pin(ref, this.readOnly);
    if (offset >= 0) this.offsets.set(ref, offset);
    return offset;
  }
  close(): void {
    for (const ref of this.offsets.keys()) this.window.unpin(ref, this.readOnly);
    this.offsets.clear();
  }
}

/** Maps the rings of an interface: where they are. @throws {NetbackError} when one is not granted; nothing stays mapped. */
export function mapRings(
  { name, txRingRef, rxRingRef }: { readonly name: string; readonly txRingRef: number; readonly rxRingRef: number },
  window: GrantWindow,
): { readonly txAt: number; readonly rxAt: number } {
  const mapRing = (ref: number): number => {
    const offset = window.pin(ref, false);
    if (offset < 0) throw new NetbackError(`${name}: ring grant ${ref} cannot be mapped (GNTST ${offset})`);
    return offset;
  };
  const txAt = mapRing(txRingRef);
  try {
    return { txAt, rxAt: mapRing(rxRingRef) };
  } catch (e) {
    window.unpin(txRingRef, false);
    throw e;
  }
}
