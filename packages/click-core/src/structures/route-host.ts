/** A route table as the host reads and changes it: routes and next hops by number, and what is searched (route-ranges.ts). */
import type { HostHeap } from "../element/handler.ts";
import { Chunks, HashChains, hashOf, maximumItems, Steps } from "./chunks.ts";
import { entryOf, hopShift, hopSizeBits, lengthField, routeBytes, table } from "./route-format.ts";
import { RouteRanges } from "./route-ranges.ts";
import type { HostRouteTable, NextHop, Route, RoutePlaces } from "./route-table.ts";

const { offsets } = table;
/** Words of a hop and of a route. */
const hopAt = { gateway: 0, output: 4, routes: 8, next: 12 } as const;
const routeAt = { address: 0, entry: 4, next: 8, added: 12 } as const;
const fewestHopBits = 2;

export class HostRoutes implements HostRouteTable {
  private readonly data: DataView;
  private readonly base: number;
  private readonly places: RoutePlaces;
  private readonly list: Chunks;
  private readonly byPrefix: HashChains;
  private readonly byHop: HashChains;
  private readonly steps: Steps;
  private readonly ranges: RouteRanges;

  constructor(data: DataView, base: number, places: RoutePlaces) {
    this.data = data;
    this.base = base;
    this.places = places;
    this.steps = new Steps("route table", data);
    this.ranges = new RouteRanges(data, base, this.steps);
    this.list = new Chunks(data, base + offsets.routeChunks, routeBytes);
    this.byPrefix = new HashChains(
      data,
      base + offsets.routeBuckets,
      base + offsets.routeBucketChunks,
      {
        link: (place) => this.list.address(place) + routeAt.next,
        hash: (place) => {
          const at = this.list.address(place);
          return hashOf(this.word(at), lengthField(this.word(at + routeAt.entry)));
        },
      },
      this.steps,
    );
    this.byHop = new HashChains(
      data,
      base + offsets.hopBuckets,
      base + offsets.hopBucketChunks,
      {
        link: (hop) => this.hopAddress(hop) + hopAt.next,
        hash: (hop) => hashOf(this.word(this.hopAddress(hop)), this.word(this.hopAddress(hop) + hopAt.output)),
      },
      this.steps,
    );
  }

  private word(address: number): number {
    return this.data.getUint32(address, true);
  }
  private setWord(address: number, value: number): void {
    this.data.setUint32(address, value, true);
  }
  private field(name: CountField): number {
    return this.word(this.base + offsets[name]);
  }
  private setField(name: CountField, value: number): void {
    this.setWord(this.base + offsets[name], value);
  }

  // ---- reading

  get length(): number {
    return this.field("length");
  }

  get(address: number, length: number): Route | undefined {
    this.steps.begin();
    const place = this.find(address, length);
    return place < 0 ? undefined : this.routeAt(place);
  }

  lookup(address: number): NextHop | undefined {
    const entry = this.ranges.lookup(address);
    return entry === 0 ? undefined : this.hop(entry >>> hopShift);
  }

  *routes(): Generator<Route & { added: number }> {
    // What says that there are more is wrong.
    const used = Math.min(this.field("placesUsed"), this.data.byteLength / routeBytes, maximumItems);
    for (let place = 0; place < used; place++) {
      const at = this.list.address(place);
      if (this.word(at + routeAt.entry) === 0) continue;
      const { address, length, gateway, output } = this.routeAt(place);
      yield { address, length, gateway, output, added: this.word(at + routeAt.added) };
    }
  }

  private find(address: number, length: number): number {
    const { data, list } = this;
    return this.byPrefix.find(hashOf(address, length + 1), (place) => {
      const at = list.address(place);
      return (
        data.getUint32(at, true) === address && lengthField(data.getUint32(at + routeAt.entry, true)) === length + 1
      );
    });
  }

  private routeAt(place: number): Route {
    const at = this.list.address(place);
    const entry = this.word(at + routeAt.entry);
    const { gateway, output } = this.hop(entry >>> hopShift);
    return { address: this.word(at), length: lengthField(entry) - 1, gateway, output };
  }

  private hop(hop: number): NextHop {
    const at = this.hopAddress(hop);
    return { gateway: this.word(at), output: this.word(at + hopAt.output) - 1 };
  }
  private hopAddress(hop: number): number {
    return this.base + this.field("hops") + (hop << hopSizeBits);
  }

  // ---- changing

  set(heap: HostHeap, { address, length, gateway, output }: Route): boolean {
    this.steps.begin();
    const former = this.find(address, length);
    if (former >= 0 && this.places === "first free") return this.redirect(heap, former, { gateway, output });
    const hop = this.takeHop(heap, { gateway, output });
    const place = hop === 0 ? -1 : this.takePlace(heap);
    const entry = entryOf(hop, length);
    if (place < 0 || !this.ranges.paint(heap, address, length, entry, length + 1)) {
      if (place >= 0) this.freePlace(place);
      if (hop !== 0) this.releaseHop(heap, hop);
      if (this.length === 0) this.clear(heap);
      return false;
    }
    const at = this.list.address(place);
    this.setWord(at, address);
    this.setWord(at + routeAt.entry, entry);
    this.setWord(at + routeAt.added, this.field("added"));
    this.setField("added", this.field("added") + 1);
    if (former >= 0) this.unlist(heap, former, this.length);
    else this.setField("length", this.length + 1);
    this.byPrefix.insert(heap, place, this.length);
    this.ranges.resize(heap, this.length);
    return true;
  }

  delete(heap: HostHeap, address: number, length: number): boolean {
    this.steps.begin();
    const place = this.find(address, length);
    if (place < 0) return false;
    if (this.length === 1) {
      this.clear(heap);
      return true;
    }
    this.ranges.paint(heap, address, length, this.cover(address, length), length + 1);
    this.setField("length", this.length - 1);
    this.unlist(heap, place, this.length);
    return true;
  }

  clear(heap: HostHeap): void {
    this.steps.begin();
    this.ranges.clear(heap);
    this.byPrefix.clear(heap);
    this.byHop.clear(heap);
    this.list.release(heap, 0);
    if (this.field("hops") !== 0) heap.free(this.hopAddress(0), 1 << (this.field("hopBits") + hopSizeBits));
    new Uint8Array(this.data.buffer, this.base, table.size).fill(0);
  }

  /** Takes the routes of another table, which need not be believed, in their places. @throws {RangeError} */
  copy(heap: HostHeap, former: HostRoutes): void {
    this.clear(heap);
    const limit = former.data.byteLength / routeBytes;
    const used = former.field("placesUsed");
    if (used > limit || used > maximumItems) this.steps.damaged();
    for (let place = 0; place < used; place++) {
      // A place that was free is taken for the time being: its entry is 0.
      const at = former.list.address(place);
      const route = former.word(at + routeAt.entry) === 0 ? undefined : former.routeAt(place);
      const fits = route ? this.copyRoute(heap, route, former.word(at + routeAt.added)) : this.takePlace(heap) >= 0;
      if (!fits) throw new RangeError(`there is no memory for the ${former.length} routes of the former table`);
    }
    const free: number[] = [];
    const seen = new Set<number>();
    for (let next = former.field("freePlace"); next !== 0 && !seen.has(next); ) {
      if (next > used || this.word(this.list.address(next - 1) + routeAt.entry) !== 0) this.steps.damaged();
      seen.add(next);
      free.push(next - 1);
      next = former.word(former.list.address(next - 1) + routeAt.next);
    }
    for (const place of free.reverse()) this.freePlace(place);
    if (this.length === 0) this.clear(heap);
    else this.setField("added", former.field("added"));
  }

  private copyRoute(heap: HostHeap, route: Route, added: number): boolean {
    const { address, length } = route;
    const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
    if (length > 32 || (address & ~mask) !== 0 || this.find(address, length) >= 0) this.steps.damaged();
    const place = this.field("placesUsed");
    // Places that are free in the other table are taken here: this one is the next.
    if (!this.set(heap, route)) return false;
    this.setWord(this.list.address(place) + routeAt.added, added);
    return true;
  }

  /** Gives a route another next hop where it is. */
  private redirect(heap: HostHeap, place: number, next: NextHop): boolean {
    const hop = this.takeHop(heap, next);
    if (hop === 0) return false;
    const { address, length } = this.routeAt(place);
    const at = this.list.address(place) + routeAt.entry;
    const former = this.word(at) >>> hopShift;
    const entry = entryOf(hop, length);
    this.ranges.paint(heap, address, length, entry, length + 1);
    this.setWord(at, entry);
    this.releaseHop(heap, former);
    return true;
  }

  /** The entry of the longest route that a prefix is within, other than its own; 0 when there is none. */
  private cover(address: number, length: number): number {
    for (let shorter = length - 1; shorter >= 0; shorter--) {
      const place = this.find(shorter === 0 ? 0 : (address & (0xffffffff << (32 - shorter))) >>> 0, shorter);
      if (place >= 0) return this.word(this.list.address(place) + routeAt.entry);
    }
    return 0;
  }

  // ---- places

  /** A place for a route; -1 when there is no memory. */
  private takePlace(heap: HostHeap): number {
    const free = this.field("freePlace");
    if (free !== 0) {
      this.setField("freePlace", this.word(this.list.address(free - 1) + routeAt.next));
      return free - 1;
    }
    const place = this.field("placesUsed");
    if (place >= maximumItems || !this.list.ensure(heap, place) || !this.byPrefix.prepare(heap)) return -1;
    this.setWord(this.list.address(place) + routeAt.entry, 0);
    this.setField("placesUsed", place + 1);
    return place;
  }

  private freePlace(place: number): void {
    const { list } = this;
    let at = this.base + offsets.freePlace;
    if (this.places === "first free")
      for (;;) {
        const next = this.word(at);
        if (next === 0 || next > place) break;
        this.steps.spend(1);
        at = list.address(next - 1) + routeAt.next;
      }
    this.setWord(list.address(place) + routeAt.entry, 0);
    this.setWord(list.address(place) + routeAt.next, this.word(at));
    this.setWord(at, place + 1);
  }

  /** Takes a route out of its chain and its place; `length` are left. */
  private unlist(heap: HostHeap, place: number, length: number): void {
    const hop = this.word(this.list.address(place) + routeAt.entry) >>> hopShift;
    this.byPrefix.remove(heap, place, length);
    this.freePlace(place);
    this.releaseHop(heap, hop);
  }

  // ---- next hops

  /** The number of a next hop, which then has a route more; 0 when there is no memory. */
  private takeHop(heap: HostHeap, { gateway, output }: NextHop): number {
    const found = this.byHop.find(hashOf(gateway, output + 1), (hop) => {
      const at = this.hopAddress(hop);
      return this.word(at) === gateway && this.word(at + hopAt.output) === output + 1;
    });
    if (found > 0) {
      const at = this.hopAddress(found) + hopAt.routes;
      this.setWord(at, this.word(at) + 1);
      return found;
    }
    const hop = this.field("freeHop") || this.nextHop(heap);
    if (hop === 0) return 0;
    const at = this.hopAddress(hop);
    if (hop === this.field("freeHop")) this.setField("freeHop", this.word(at + hopAt.next));
    else this.setField("hopsUsed", hop + 1);
    this.setWord(at, gateway);
    this.setWord(at + hopAt.output, output + 1);
    this.setWord(at + hopAt.routes, 1);
    this.setField("hopCount", this.field("hopCount") + 1);
    this.byHop.insert(heap, hop, this.field("hopCount"));
    return hop;
  }

  /** The number of a hop that was never used, once there is room for it. */
  private nextHop(heap: HostHeap): number {
    const used = Math.max(this.field("hopsUsed"), 1);
    const bits = this.field("hopBits");
    const has = this.field("hops") !== 0;
    if (used >= maximumItems || !this.byHop.prepare(heap)) return 0;
    if (has && used < 1 << bits) return used;
    const larger = has ? bits + 1 : fewestHopBits;
    const bytes = 1 << (larger + hopSizeBits);
    const address = heap.allocate(bytes);
    if (address === 0) return 0;
    const { buffer } = this.data;
    const kept = has ? used << hopSizeBits : 0;
    new Uint8Array(buffer, address, bytes).fill(0, kept);
    if (has) {
      new Uint8Array(buffer, address, kept).set(new Uint8Array(buffer, this.hopAddress(0), kept));
      heap.free(this.hopAddress(0), 1 << (bits + hopSizeBits));
    }
    this.setField("hops", address - this.base);
    this.setField("hopBits", larger);
    return used;
  }

  private releaseHop(heap: HostHeap, hop: number): void {
    const at = this.hopAddress(hop);
    const routes = this.word(at + hopAt.routes) - 1;
    this.setWord(at + hopAt.routes, routes);
    if (routes !== 0) return;
    this.setField("hopCount", this.field("hopCount") - 1);
    this.byHop.remove(heap, hop, this.field("hopCount"));
    this.setWord(at + hopAt.next, this.field("freeHop"));
    this.setField("freeHop", hop);
  }
}

type CountField =
  | "hops"
  | "hopBits"
  | "hopsUsed"
  | "freeHop"
  | "hopCount"
  | "length"
  | "placesUsed"
  | "freePlace"
  | "added";
