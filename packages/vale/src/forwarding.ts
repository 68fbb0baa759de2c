/**
 * What a switch does with frames: takes batches from its ports, looks each frame up, and delivers to each port once a batch.
 *
 * What stands in packet memory goes by WebAssembly, as far as it is ordinary: looking up, sorting by port, copying. The rest goes by
 * TypeScript, frame by frame, and comes to the same. Budget: 12 ns a frame of 64 bytes between two ports in memory, guarded by
 * the benchmarks `switch2` and `learn64`.
 */
import type { AttachedPort } from "./attached-port.ts";
import { batchSize, bytesOf, type FrameBatch, maximumFrame } from "./frame-batch.ts";
import { loanBetween } from "./loans.ts";
import type { Lookup } from "./lookup.ts";
import { broadcast, dropped, foreignSource, nobody, overLimit, unknown } from "./lookup-result.ts";
import { joinMirrors, type Mirror } from "./mirror.ts";
import { shortestFrame } from "./mtu.ts";
import { OwnFrames } from "./own-frames.ts";
import { memoryOf, packetWords } from "./packet-memory.ts";
import { counter } from "./port-counters.ts";
import { PortSet } from "./port-set.ts";
import { makeStage, type Stage } from "./stage.ts";
import { allFrames, BatchSource } from "./staged/batch-ends.ts";
import { type LookupCode, lookupCode } from "./staged/lookup.ts";
import { inRate, type TokenBucket } from "./token-bucket.ts";
import { noVlan, tooShort, VlanFrames } from "./vlan-frames.ts";

/** Batches between two looks at the clock; each takes as long as looking up ten frames. */
const clockBatches = 64;
/** Fewer frames than these cost less by TypeScript than a call of code. */
const fewFrames = 3;
/** Up to so many ports are all asked for frames in each turn. */
const manyPorts = 32;
/** Ports that there is room for at first. */
const fewPorts = 16;

export class Forwarding {
  readonly ports: (AttachedPort | undefined)[] = [];
  /** Ports that may have frames. */
  readonly ready: PortSet = new PortSet();
  private readonly lookup: Lookup;
  private readonly now: () => number;
  /** Ports that frames went to in this round. */
  private readonly delivered = new PortSet();
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
  /** Bytes of the batch at hand, as it entered. */
  private total = 0;
  /** The longest frame of the batch at hand. */
  private longest = 0;
  /** Those of a list that a port takes. */
  private readonly fitting = new Int32Array(batchSize);
  /** Frames of the batch at hand that the rate of their port lets pass. */
  private readonly passed = packetWords(batchSize);
  /** Where each frame of the batch at hand goes. */
  private readonly to = packetWords(batchSize);
  /** By port: where its list is, or 0 where there is no port; how many frames are in it. */
  private lists = packetWords(fewPorts);
  private counts = packetWords(fewPorts);
  /** How many ports have frames in their lists, and which. */
  private touched = packetWords(fewPorts + 1);
  private readonly memory: WebAssembly.Memory | undefined;
  /** All frames of a batch. */
  private readonly inOrder = allFrames();
  private readonly code: LookupCode | undefined;
  /** Frames of a list, for what moves them. */
  private readonly listed: BatchSource | undefined;
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
    this.listed = memory && new BatchSource(memory);
  }

  /** Frames with nowhere to go, by reason. */
  get drops(): { readonly hairpin: number; readonly runt: number; readonly nobody: number } {
    const { hairpin, runt, nobody } = this;
    return { hairpin, runt, nobody };
  }

  attach(index: number, port: AttachedPort): void {
    if (index >= this.lists.length) this.grow(index + 1);
    this.ports[index] = port;
    // It can be sorted to where its list is reached.
    this.lists[index] = memoryOf(port.list) && !port.mirror ? port.list.byteOffset : 0;
    this.ready.add(index);
    if (!port.mirror && this.mirrors.length === 0) return;
    this.mirrors = joinMirrors(this.ports);
    // A mirror gets copies, which somebody has to make.
    for (const other of this.ports) other?.loan?.end();
  }
  detach(index: number): void {
    this.ports[index]?.loan?.end();
    this.ports[index] = undefined;
    this.lists[index] = 0;
    this.ready.delete(index);
    this.delivered.delete(index);
    if (this.mirrors.length > 0) this.mirrors = joinMirrors(this.ports);
  }
  private grow(ports: number): void {
    const room = Math.max(ports, this.lists.length * 2);
    this.lists = packetWords(room, this.lists);
    this.counts = packetWords(room, this.counts);
    this.touched = packetWords(room + 1, this.touched);
  }

  /** Moves one batch from each port that may have one; how many frames entered. */
  forward(): number {
    const { ready, delivered, ports } = this;
    let moved = 0;
    for (let p = ready.next(0); p >= 0; p = ready.next(p + 1)) {
      const attached = ports[p] as AttachedPort;
      const frames = this.take(attached, p);
      moved += frames;
      // Of many, one that calls back when it has frames is not asked before; one that only has to wait is. To ask a few costs less than
      // to hear of their frames a turn later.
      if (frames === 0 && ports.length > manyPorts && attached.port.onReady && attached.port.readyIn === undefined)
        ready.delete(p);
    }
    if (moved === 0) this.idle = true;
    for (let p = delivered.next(0); p >= 0; p = delivered.next(p + 1)) {
      ports[p]?.port.flush();
      delivered.delete(p);
    }
    return moved;
  }

  /** Moves a batch from a port. One that has found only bad frames so far counts as one. */
  private take(attached: AttachedPort, ingress: number): number {
    const { port } = attached;
    const moved = this.takeByCode(attached, ingress);
    if (!this.left) return moved;
    const batch = port.poll();
    if (!batch) return moved;
    if (batch.count > 0) this.forwardBatch(batch, attached, ingress);
    const more = batch.count || 1;
    port.release();
    return moved + more;
  }

  /** Moves what is ordinary of a port whose ring WebAssembly reaches; `left` says whether there is something else, or may be. */
  private takeByCode(attached: AttachedPort, ingress: number): number {
    this.left = true;
    const { source } = attached.port;
    if (!source) return 0;
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
    this.delivered.add(whole);
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
    if (this.mirrors.length === 0 || !given.memory.shared) return given;
    this.own ??= new OwnFrames();
    return this.own.copy(given);
  }
  /** Notes the bytes of a batch, and its longest frame. */
  private measure({ lengths, count }: FrameBatch): void {
    let bytes = 0;
    let most = 0;
    for (let i = 0; i < count; i++) {
      const length = lengths[i] as number;
      bytes += length;
      if (length > most) most = length;
    }
    this.longest = most;
    this.total = bytes;
  }
  private forwardBatch(given: FrameBatch, from: AttachedPort, ingress: number): void {
    const isMirrored = this.mirrors.length > 0;
    const batch = this.ownIfNeeded(given, from);
    const n = batch.count;
    from.counters.add(counter.inPackets, n);
    this.measure(batch);
    from.counters.add(counter.inBytes, this.total);
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
      else if (count > 0) this.deliver(batch, target, whole, list, count);
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
    const { ports, lookup } = this;
    if (this.idle || ++this.sinceClock >= clockBatches) {
      this.idle = false;
      this.sinceClock = 0;
      lookup.begin?.();
    }
    if (from.limited) from.fill(this.now());
    const { code } = this;
    if (code && n >= fewFrames && list === this.inOrder && !this.vlans && lookup.lookupBatch && batch.inPacketMemory)
      this.sortByCode(code, batch, from, ingress);
    else for (let k = 0; k < n; k++) this.sortOne(batch, list[k] as number, from, ingress);
    const { touched, counts } = this;
    const last = touched[0] as number;
    for (let t = 1; t <= last; t++) {
      const to = touched[t] as number;
      const count = counts[to] as number;
      counts[to] = 0;
      const target = ports[to] as AttachedPort;
      this.deliver(batch, target, to, target.list, count);
    }
    touched[0] = 0;
  }

  /** Sorts the frames of a batch by port. */
  private sortByCode(code: LookupCode, batch: FrameBatch, from: AttachedPort, ingress: number): void {
    const { lookup, to, ports, lists, counts, touched } = this;
    const n = batch.count;
    for (let i = 0; i < n; i++) {
      const known = lookup.lookupBatch?.(batch, i, n, ingress, to) as number;
      if (known > i && known <= n) {
        for (let k = i; k < known; k++) {
          // Code knows no groups.
          if (from.group === undefined)
            k = code.spread(
              to.byteOffset,
              k,
              known,
              ports.length,
              lists.byteOffset,
              counts.byteOffset,
              touched.byteOffset,
            );
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
  /** Puts a frame into the lists of the ports that it goes to. */
  private send(to: number, i: number, from: AttachedPort, ingress: number): void {
    const target = to >= 0 ? this.ports[to] : undefined;
    if (target) {
      if (!from.reaches(target)) from.counters.add(counter.isolated, 1);
      else if (this.vlans && !target.vlans?.has(this.vlans.vidOf(i))) this.nobody++;
      else this.enqueue(to, i);
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
    else this.hairpin++;
  }
  /** Puts a frame into the lists of all that may get it. */
  private flood(isUnknown: boolean, i: number, from: AttachedPort, ingress: number): void {
    const { ports } = this;
    const vid = this.vlans?.vidOf(i) ?? noVlan;
    let copies = 0;
    for (let p = 0; p < ports.length; p++) {
      const port = ports[p];
      if (p === ingress || !port || (isUnknown && port.closed) || !from.reaches(port)) continue;
      if (vid !== noVlan && !port.vlans?.has(vid)) continue;
      this.enqueue(p, i);
      copies++;
    }
    if (copies === 0) this.nobody++;
  }
  private enqueue(to: number, i: number): void {
    const n = this.counts[to] as number;
    if (n === 0) {
      const { touched } = this;
      touched[0] = (touched[0] as number) + 1;
      touched[touched[0]] = to;
    }
    (this.ports[to] as AttachedPort).list[n] = i;
    this.counts[to] = n + 1;
  }

  private deliver(batch: FrameBatch, target: AttachedPort, to: number, list: Int32Array, count: number): void {
    this.delivered.add(to);
    if (this.vlans) this.longest = this.vlans.shape(list, count, target.vlans);
    let wanted = list;
    let fits = count;
    if (this.longest > target.frameLimit) {
      // Some frame of the batch is too long for it: not necessarily one of the list.
      wanted = this.fitting;
      fits = 0;
      for (let k = 0; k < count; k++)
        if ((batch.lengths[list[k] as number] as number) <= target.frameLimit) wanted[fits++] = list[k] as number;
    }
    const { counters, leaving } = target;
    counters.add(counter.tooLong, count - fits);
    if (leaving) {
      leaving.fill(this.now());
      const passed = inRate(leaving, batch, wanted, fits, this.fitting);
      counters.add(counter.overRateOut, fits - passed);
      wanted = this.fitting;
      fits = passed;
    }
    const taken = fits > 0 ? this.give(batch, target, wanted, fits) : 0;
    counters.add(counter.outPackets, taken);
    // A port that takes all frames has their bytes, unless tags are put in or taken off for it.
    const isAll = taken === batch.count && !this.vlans;
    counters.add(counter.outBytes, isAll ? this.total : bytesOf(batch, wanted, taken));
    counters.add(counter.noRoom, fits - taken);
    if (target.leavingTo.length > 0) for (const mirror of target.leavingTo) mirror.mark(wanted, taken);
  }
  private deliverMirrored(batch: FrameBatch): void {
    for (const mirror of this.mirrors) {
      const { target, index } = mirror;
      const count = mirror.take(target.list, batch.count);
      if (count > 0) this.deliver(batch, target, index, target.list, count);
    }
  }
  /** How many of a list a port took. */
  private give(batch: FrameBatch, target: AttachedPort, list: Int32Array, count: number): number {
    const { listed } = this;
    const mover =
      listed && count >= fewFrames && batch.inPacketMemory && memoryOf(list) ? target.moverFrom(listed) : undefined;
    if (!listed || !mover) return target.port.deliver(batch, list, count);
    listed.set(batch, list, count);
    const taken = mover.run(target.frameLimit);
    if (taken === count) return taken;
    const rest = this.fitting;
    for (let k = taken; k < count; k++) rest[k - taken] = list[k] as number;
    return taken + target.port.deliver(batch, rest, count - taken);
  }
}
