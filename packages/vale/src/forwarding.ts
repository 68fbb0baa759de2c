/**
 * What a switch does with frames: takes batches from its ports, looks each frame up, and delivers to each port once a batch.
 *
 * What stands in packet memory goes by WebAssembly, as far as it is ordinary: looking up, sorting by port, copying. The rest goes by
 * TypeScript, frame by frame, and comes to the same. Budget: 12 ns a frame of 64 bytes between two ports in memory, guarded by
 * the benchmarks `switch2` and `learn64`.
 */
import { AnsweredFrames } from "./answered-frames.ts";
import { AttachedPort } from "./attached-port.ts";
import { Delivery, fewFrames } from "./delivery.ts";
import { batchSize, type FrameBatch, maximumFrame } from "./frame-batch.ts";
import { loanBetween } from "./loans.ts";
import type { Answers, Lookup } from "./lookup.ts";
import { broadcast, dropped, foreignSource, nobody, overLimit, taken, unknown } from "./lookup-result.ts";
import { joinMirrors, type Mirror } from "./mirror.ts";
import { shortestFrame } from "./mtu.ts";
import { OwnFrames } from "./own-frames.ts";
import { memoryOf, packetWords } from "./packet-memory.ts";
import type { Port } from "./port.ts";
import { counter } from "./port-counters.ts";
import { PortLists } from "./port-lists.ts";
import { type PortClass, PortTurns } from "./port-turns.ts";
import { makeStage, type Stage } from "./stage.ts";
import { allFrames } from "./staged/batch-ends.ts";
import { type LookupCode, lookupCode } from "./staged/lookup.ts";
import { inRate, type TokenBucket } from "./token-bucket.ts";
import { noVlan, tooShort, VlanFrames } from "./vlan-frames.ts";

/** Batches between two looks at the clock; each takes as long as looking up ten frames. */
const clockBatches = 64;
/** Up to so many ports are all asked for frames in each turn. */
const manyPorts = 32;
/** Batches that a port of many has moved without code before code is made for it. */
const fewBatches = 8;

export class Forwarding implements Answers {
  readonly ports: (AttachedPort | undefined)[] = [];
  /** Ports that may have frames. */
  readonly ready: PortTurns = new PortTurns();
  private readonly lookup: Lookup;
  private readonly now: () => number;
  /** In a switch with VLANs: the frames of the batch at hand. */
  private readonly vlans: VlanFrames | undefined;
  private mirrors: readonly Mirror[] = [];
  /** Copies of frames that others can write to, made once they are needed. */
  private own: OwnFrames | undefined;
  private hairpin = 0;
  private runt = 0;
  private nobody = 0;
  /** The clock is looked at in the first batch after a turn in which nothing moved, and now and then when much does. */
  private idle = true;
  private sinceClock = 0;
  /** Of the port at hand: frames that code did not move may be there. */
  private left = true;
  /** Frames of the batch at hand that the rate of their port lets pass. */
  private readonly passed = packetWords(batchSize);
  /** Where each frame of the batch at hand goes. */
  private readonly to = packetWords(batchSize);
  private readonly lists = new PortLists(this.ports);
  /** While a lookup looks at a whole batch: what it said, of which frames, and where they came from. */
  private readonly answered = new AnsweredFrames();
  private readonly long = new Int32Array(batchSize);
  private from: AttachedPort | undefined;
  private ingress = 0;
  /** Ports for which more holds than what the lookup says. */
  private special = 0;
  private readonly memory: WebAssembly.Memory | undefined;
  /** All frames of a batch. */
  private readonly inOrder = allFrames();
  private readonly code: LookupCode | undefined;
  private readonly delivery: Delivery;
  /** Where frames of guests are looked at, so that they cannot change any more. */
  private stage: Stage | undefined;

  /** `now` gives milliseconds. */
  constructor(lookup: Lookup, { now, vlans }: { now: () => number; vlans: boolean }) {
    this.lookup = lookup;
    this.now = now;
    this.vlans = vlans ? new VlanFrames() : undefined;
    const memory = memoryOf(this.to);
    this.memory = memory;
    this.code = memory && lookupCode(memory);
    this.delivery = new Delivery(now, this.vlans, memory);
  }

  /** Frames with nowhere to go, by reason. */
  get drops(): { readonly hairpin: number; readonly runt: number; readonly nobody: number } {
    const { hairpin, runt, nobody } = this;
    return { hairpin, runt, nobody };
  }

  attach(index: number, port: AttachedPort): void {
    this.ports[index] = port;
    this.lists.attach(index, port);
    this.ready.attach(index, port.priority);
    if (!port.plain) this.special++;
    if (!port.mirror && this.mirrors.length === 0) return;
    this.mirrors = joinMirrors(this.ports);
    // A mirror gets copies, which somebody has to make.
    for (const other of this.ports) other?.loan?.end();
  }
  /** Another port at the same place: what is counted there goes on. */
  replace(index: number, next: Port): void {
    const former = this.ports[index] as AttachedPort;
    former.loan?.end();
    const port = new AttachedPort(next, former.features, former.counters);
    this.ports[index] = port;
    this.lists.attach(index, port);
    this.ready.add(index);
    if (this.mirrors.length > 0) this.mirrors = joinMirrors(this.ports);
  }
  detach(index: number): void {
    const port = this.ports[index];
    port?.loan?.end();
    this.ports[index] = undefined;
    this.lists.detach(index);
    this.ready.detach(index);
    this.delivery.delivered.delete(index);
    if (port && !port.plain) this.special--;
    if (this.mirrors.length > 0) this.mirrors = joinMirrors(this.ports);
  }
  /** Nothing is in use but the lookup of one frame after the other: no VLANs, mirrors, groups, limits or rates. */
  private get plain(): boolean {
    const { special, vlans, lookup } = this;
    return special === 0 && !vlans && !lookup.whole && !lookup.lookupMany;
  }

  /** Moves one batch from each port that may have one; how many frames entered. */
  forward(): number {
    const { ports } = this;
    const { delivered } = this.delivery;
    let moved = 0;
    for (const some of this.ready.next()) moved += this.takeAll(some);
    if (moved === 0) this.idle = true;
    for (let p = delivered.next(0); p >= 0; p = delivered.next(p + 1)) {
      ports[p]?.port.flush();
      delivered.delete(p);
    }
    return moved;
  }
  /** The same of ports of one priority: the first to move is the one behind the first of the round before. */
  private takeAll(ready: PortClass): number {
    const start = ready.next(ready.first) < 0 ? 0 : ready.first;
    let leader = -1;
    let moved = 0;
    for (let p = ready.next(start); p >= 0; p = ready.next(p + 1)) {
      moved += this.turnOf(p, ready);
      if (leader < 0 && moved > 0) leader = p;
    }
    if (start > 0)
      for (let p = ready.next(0); p >= 0 && p < start; p = ready.next(p + 1)) {
        moved += this.turnOf(p, ready);
        if (leader < 0 && moved > 0) leader = p;
      }
    // One that has nothing to send gives nobody its place.
    if (leader >= 0) ready.first = leader + 1;
    return moved;
  }
  private turnOf(p: number, ready: PortClass): number {
    const { ports } = this;
    const attached = ports[p] as AttachedPort;
    const frames = this.take(attached, p);
    // Of many, one that calls back when it has frames is not asked before; one that only has to wait is. To ask a few costs less than
    // to hear of their frames a turn later.
    if (frames === 0 && ports.length > manyPorts && attached.port.onReady && attached.port.readyIn === undefined)
      ready.delete(p);
    return frames;
  }

  /** Moves a batch from a port. One that has found only bad frames so far counts as one. */
  private take(attached: AttachedPort, ingress: number): number {
    const { port } = attached;
    const moved = this.takeByCode(attached, ingress);
    if (!this.left) return moved;
    const batch = port.poll();
    if (!batch) return moved;
    if (batch.count > 0) {
      attached.batches++;
      this.forwardBatch(batch, attached, ingress);
    }
    const more = batch.count || 1;
    port.release();
    return moved + more;
  }

  /** Moves what is ordinary of a port whose ring WebAssembly reaches; `left` says whether there is something else, or may be. */
  private takeByCode(attached: AttachedPort, ingress: number): number {
    this.left = true;
    const { source } = attached.port;
    if (!source) return 0;
    // Of many ports most have few frames: code for those of a port, an instance of a module, is made once it has had some batches.
    if (this.ports.length > manyPorts && attached.batches < fewBatches) return 0;
    const whole = this.lookup.whole?.(ingress);
    // What is in packet memory already is domain 0's own, and is looked at where it stands.
    const target = whole === undefined ? undefined : this.ports[whole];
    if (whole === undefined || this.mirrors.length > 0 || attached.entering || target?.leaving)
      return source.memory === this.memory ? 0 : this.takeStaged(attached, ingress);
    if (!target) return 0;
    const { sink } = target.port;
    const loan = this.lookup.whole?.(whole) === ingress ? loanBetween(attached, target) : undefined;
    const mover = loan ?? (sink && attached.moverTo(sink));
    if (!mover) return 0;
    const frames = mover.run(target.frameLimit);
    this.left = mover.stopped;
    if (frames === 0) return 0;
    attached.counters.add(counter.inPackets, frames);
    attached.counters.add(counter.inBytes, mover.bytes);
    target.counters.add(counter.outPackets, frames);
    target.counters.add(counter.outBytes, mover.bytes);
    this.delivery.delivered.add(whole);
    return frames;
  }
  /** By way of a batch of the switch's own, whose frames nobody can change while they are looked at and sent on. */
  private takeStaged(attached: AttachedPort, ingress: number): number {
    this.stage ??= makeStage();
    const { stage } = this;
    const mover = stage && attached.moverTo(stage.sink);
    if (!mover) return 0;
    const frames = mover.run(maximumFrame);
    if (frames > 0) this.forwardBatch(stage.batch, attached, ingress);
    this.left = mover.stopped;
    return frames;
  }

  /** The frames where the switch can change them, or nobody else can, as far as it has to be so. */
  private ownIfNeeded(given: FrameBatch, from: AttachedPort): FrameBatch {
    const { vlans } = this;
    given.addressed = false;
    if (vlans && from.vlans) return vlans.take(given, from.vlans);
    // All copies of a frame are the same, whatever a guest writes there meanwhile.
    if ((this.mirrors.length === 0 && !this.lookup.lookupMany) || !given.memory.shared) return given;
    this.own ??= new OwnFrames();
    return this.own.copy(given);
  }
  private forwardBatch(given: FrameBatch, from: AttachedPort, ingress: number): void {
    if (this.plain) {
      given.addressed = false;
      this.delivery.enter(given, from);
      this.forwardEach(given, this.inOrder, given.count, from, ingress);
      return;
    }
    const isMirrored = this.mirrors.length > 0;
    const batch = this.ownIfNeeded(given, from);
    const n = batch.count;
    this.delivery.enter(batch, from);
    if (from.mirror) {
      from.counters.add(counter.fromMirror, n);
      return;
    }
    if (isMirrored) for (const mirror of from.enteringTo) mirror.markAll(n);
    const count = from.entering ? this.pass(from.entering, batch, from) : n;
    const list = from.entering ? this.passed : this.inOrder;
    const whole = this.lookup.whole?.(ingress);
    if (whole === undefined) this.forwardEach(batch, list, count, from, ingress);
    else {
      const target = this.ports[whole];
      if (!target || target.mirror) this.hairpin += count;
      else if (count > 0) this.delivery.deliver(batch, target, whole, list, count);
    }
    if (isMirrored) this.deliverMirrored(batch);
  }
  /** Lists the frames that the rate of their port lets pass; how many they are. */
  private pass(rate: TokenBucket, batch: FrameBatch, from: AttachedPort): number {
    rate.fill(this.now());
    const count = inRate(rate, batch, this.inOrder, batch.count, this.passed);
    from.counters.add(counter.overRate, batch.count - count);
    return count;
  }
  /** Looks up each frame of a list, and delivers them once a port. */
  private forwardEach(batch: FrameBatch, list: Int32Array, n: number, from: AttachedPort, ingress: number): void {
    const { ports, lookup, lists } = this;
    if (this.idle || ++this.sinceClock >= clockBatches) {
      this.idle = false;
      this.sinceClock = 0;
      lookup.begin?.();
    }
    if (from.limited) from.fill(this.now());
    const { code } = this;
    if (lookup.lookupMany) this.sortMany(batch, list, n, from, ingress);
    else if (
      code &&
      n >= fewFrames &&
      list === this.inOrder &&
      !this.vlans &&
      lookup.lookupBatch &&
      batch.inPacketMemory
    )
      this.sortByCode(code, batch, from, ingress);
    else for (let k = 0; k < n; k++) this.sortOne(batch, list[k] as number, from, ingress);
    const { touched, counts } = lists;
    const last = touched[0] as number;
    const { plain } = this;
    for (let t = 1; t <= last; t++) {
      const to = touched[t] as number;
      const count = counts[to] as number;
      counts[to] = 0;
      const target = ports[to] as AttachedPort;
      if (plain) this.delivery.deliverPlain(batch, target, to, count);
      else this.delivery.deliver(batch, target, to, target.list, count);
    }
    touched[0] = 0;
  }

  /** Sorts the frames of a batch by port. */
  private sortByCode(code: LookupCode, batch: FrameBatch, from: AttachedPort, ingress: number): void {
    const { lookup, to, lists } = this;
    const n = batch.count;
    for (let i = 0; i < n; i++) {
      const known = lookup.lookupBatch?.(batch, i, n, ingress, to) as number;
      if (known > i && known <= n) {
        for (let k = i; k < known; k++) {
          // Code knows no groups.
          if (from.group === undefined) k = lists.spread(code, to, k, known);
          if (k < known) this.send(to[k] as number, k, from, ingress);
        }
        i = known;
      }
      if (i < n) this.sortOne(batch, i, from, ingress);
    }
  }
  private sortOne(batch: FrameBatch, i: number, from: AttachedPort, ingress: number): void {
    const { vlans, lookup } = this;
    if (vlans) {
      const vid = vlans.vidOf(i);
      if (vid === tooShort) this.runt++;
      else if (vid === noVlan) from.counters.add(counter.otherVlan, 1);
      else this.send(lookup.lookupInVlan?.(batch, i, ingress, vid) as number, i, from, ingress);
    } else if ((batch.lengths[i] as number) < shortestFrame) this.runt++;
    else this.send(lookup.lookup(batch, i, ingress), i, from, ingress);
  }
  /** Has the lookup say of all frames together where they go. */
  private sortMany(batch: FrameBatch, list: Int32Array, n: number, from: AttachedPort, ingress: number): void {
    const { answered, long } = this;
    let count = 0;
    for (let k = 0; k < n; k++) {
      const i = list[k] as number;
      if ((batch.lengths[i] as number) < shortestFrame) this.runt++;
      else long[count++] = i;
    }
    answered.begin();
    this.from = from;
    this.ingress = ingress;
    this.lookup.lookupMany?.(batch, long, count, ingress, this);
    from.counters.add(counter.refused, answered.missing(long, count));
  }
  /** See `Answers`. */
  give(i: number, to: number): boolean {
    const { answered } = this;
    if ((to >= 0 && !this.ports[to]) || answered.goesEverywhere(i)) return false;
    const isAll = to === broadcast || to === unknown;
    if (isAll && !answered.noteAll(i)) return false;
    if (isAll || answered.note(i, to)) this.send(to, i, this.from as AttachedPort, this.ingress);
    return true;
  }
  /** Puts a frame into the lists of the ports that it goes to. */
  private send(to: number, i: number, from: AttachedPort, ingress: number): void {
    const target = to >= 0 ? this.ports[to] : undefined;
    if (target) {
      if (!from.reaches(target)) from.counters.add(counter.isolated, 1);
      else if (this.vlans && !target.vlans?.has(this.vlans.vidOf(i))) this.nobody++;
      else this.lists.add(to, i);
    } else if (to === broadcast) {
      if (from.broadcastLimit?.take(1) === false) from.counters.add(counter.overBroadcast, 1);
      else this.flood(false, i, from, ingress);
    } else if (to === unknown) {
      if (from.unknownLimit?.take(1) === false) from.counters.add(counter.overUnknown, 1);
      else this.flood(true, i, from, ingress);
    } else if (to === foreignSource) from.counters.add(counter.foreignSource, 1);
    else if (to === overLimit) from.counters.add(counter.overLimit, 1);
    else if (to === dropped) from.counters.add(counter.refused, 1);
    else if (to === nobody) this.nobody++;
    else if (to !== taken) this.hairpin++;
  }
  /** Puts a frame into the lists of all that may get it. */
  private flood(isUnknown: boolean, i: number, from: AttachedPort, ingress: number): void {
    const { ports } = this;
    const vid = this.vlans?.vidOf(i) ?? noVlan;
    let copies = 0;
    for (let p = 0; p < ports.length; p++) {
      const port = ports[p];
      if (p === ingress || !port?.flood || (isUnknown && port.closed) || !from.reaches(port)) continue;
      if (vid !== noVlan && !port.vlans?.has(vid)) continue;
      this.lists.add(p, i);
      copies++;
    }
    if (copies === 0) this.nobody++;
  }
  private deliverMirrored(batch: FrameBatch): void {
    for (const mirror of this.mirrors) {
      const { target, index } = mirror;
      const count = mirror.take(target.list, batch.count);
      if (count > 0) this.delivery.deliver(batch, target, index, target.list, count);
    }
  }
}
