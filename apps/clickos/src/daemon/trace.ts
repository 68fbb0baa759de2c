/** Traces of packets through a router, and taps on elements' ports: what a recorder tells, in the terms of the configuration. */
import type { ElementInstance, PacketRecord, PacketTest, RecordPlace } from "@clickos/click-core/compile";
import { packetFilter } from "@clickos/click-elements";
import type { ElementPort, Item, StreamParams, TappedPacket, TraceStep } from "@clickos/client";
import type { Recording, Vm } from "@clickos/xl-fast";
import { DaemonError } from "./daemon-error.ts";
import { changesBetween, type Look, packetText } from "./packet-fields.ts";
import type { RecordingStreams } from "./recording-streams.ts";
import type { StreamSink } from "./streams.ts";

/** Bytes of a packet that headers are looked for in, and records that wait: 176 KiB of the router's memory. */
const traced = { snapLength: 128, records: 1024 };
/** Bytes of tapped packets, and records that wait of long ones. */
const longestTapped = 2048;
const fewRecords = 128;
/** Packets that are remembered while they are on their way. */
const mostPackets = 4096;
/** How long a trace of so many packets waits for those that elements hold. */
const heldMs = 1000;

const testOf = (filter: string | undefined): PacketTest | undefined =>
  filter === undefined ? undefined : packetFilter(filter);

/** Begins; what it returns ends it. @throws {PatternError} */
export function traceRouter(
  recordings: RecordingStreams,
  vm: Vm,
  { router = 0, filter, count }: StreamParams<"router.trace">,
  sink: StreamSink<TraceStep>,
): () => void {
  let trace: Trace | undefined;
  return recordings.start(
    vm,
    router,
    { ...traced, test: testOf(filter), packets: count },
    {
      begun(recording) {
        trace = new Trace(vm, recording, sink);
        sink.item({ step: "started", pauseMs: recording.takeover.pauseMs });
      },
      records: (found) => (trace as Trace).take(found, count),
      ended(why) {
        if (why !== undefined) trace?.end();
        sink.end(why);
      },
    },
  );
}

/** A packet, or a copy of one, on its way. */
interface Branch {
  readonly copy: number;
  look: Look;
  /** The element that has it; `undefined` when it has ended. */
  at: number | undefined;
}
interface Packet {
  readonly number: number;
  readonly branches: Map<number, Branch>;
  /** How it looked when it came to an element last: what a copy that comes from there is of. */
  readonly came: Map<number, Look>;
  copies: number;
}

class Trace {
  private readonly vm: Vm;
  private readonly recording: Recording;
  private readonly sink: { item(step: TraceStep): void };
  private readonly packets = new Map<number, Packet>();
  private readonly peers = new Map<string, { readonly element: number; readonly port: number }>();
  private quietSince = performance.now();

  constructor(vm: Vm, recording: Recording, sink: { item(step: TraceStep): void }) {
    this.vm = vm;
    this.recording = recording;
    this.sink = sink;
    for (const { from, to } of recording.graph.connections) {
      this.peers.set(`push ${from.element}.${from.port}`, to);
      this.peers.set(`pull ${to.element}.${to.port}`, from);
    }
  }

  /** Tells what was recorded. `true` when so many packets have ended, or are held. */
  take({ records, lost, followed }: ReturnType<Recording["read"]>, count = Number.POSITIVE_INFINITY): boolean {
    const sinceEpoch = epochOf(this.vm);
    for (const record of records) this.tell(record, sinceEpoch);
    if (lost > 0) this.sink.item({ step: "lost", steps: lost });
    const now = performance.now();
    if (records.length > 0 || lost > 0) this.quietSince = now;
    if (followed < count) return false;
    const ended = [...this.packets.values()].every(({ branches }) => [...branches.values()].every((b) => !isHeld(b)));
    // One that has ended may have a copy that is told of with what comes next.
    if (records.length > 0 || !(ended || now - this.quietSince > heldMs)) return false;
    this.end();
    return true;
  }
  /** Tells who holds what has not ended. */
  end(): void {
    for (const { number, branches } of this.packets.values())
      for (const { copy, at } of branches.values())
        if (at !== undefined) this.sink.item({ step: "held", packet: number, copy, element: this.name(at) });
    this.packets.clear();
  }

  private tell(record: PacketRecord, sinceEpoch: bigint): void {
    const { place, buffer } = record;
    const packet = this.packetOf(record);
    const of = (branch: Branch): { packet: number; copy: number } => ({ packet: packet.number, copy: branch.copy });
    const timeNs = String(record.timeNs + sinceEpoch);
    if (place.kind === "push" || place.kind === "pull") {
      const own = { element: place.element, port: place.port };
      const other = this.peers.get(`${place.kind} ${own.element}.${own.port}`) ?? own;
      const [from, to] = place.kind === "push" ? [own, other] : [other, own];
      const look = { bytes: record.bytes, length: record.length, network: record.network };
      let branch = packet.branches.get(buffer);
      const before = branch?.at === undefined ? packet.came.get(from.element) : branch.look;
      // A buffer that was another copy's before is a new one's now.
      if (branch?.at === undefined) branch = { copy: packet.copies++, look, at: undefined };
      packet.branches.set(buffer, branch);
      this.sink.item({
        step: "passed",
        ...of(branch),
        timeNs,
        from: this.port(from),
        to: this.port(to),
        ...(before === undefined ? { text: packetText(look) } : {}),
        changes: before === undefined ? [] : changesBetween(before, look),
      });
      branch.look = look;
      branch.at = to.element;
      packet.came.set(to.element, look);
      return;
    }
    if (place.kind === "move") {
      const branch = packet.branches.get(record.detail);
      if (branch) packet.branches.set(buffer, branch);
      packet.branches.delete(record.detail);
      return;
    }
    const branch = packet.branches.get(buffer) ?? { copy: packet.copies++, look: noLook, at: undefined };
    packet.branches.set(buffer, branch);
    branch.at = undefined;
    const element = this.name(place.element);
    if (place.kind === "send") this.sink.item({ step: "sent", ...of(branch), timeNs, element, device: place.device });
    else
      this.sink.item({
        step: "dropped",
        ...of(branch),
        timeNs,
        element,
        className: this.element(place.element).class.name,
        reason: this.reason(place, record.detail),
      });
  }

  private packetOf({ id }: PacketRecord): Packet {
    let packet = this.packets.get(id);
    if (!packet) {
      packet = { number: id + 1, branches: new Map(), came: new Map(), copies: 0 };
      this.packets.set(id, packet);
      const [oldest] = this.packets.keys();
      if (this.packets.size > mostPackets) this.packets.delete(oldest as number);
    }
    return packet;
  }
  private reason(place: RecordPlace, detail: number): string | null {
    if (place.kind === "drop") return place.reason;
    const element = this.element(place.element);
    return element.class.reasonOf?.(detail, element) ?? null;
  }
  private element(index: number): ElementInstance {
    return this.recording.graph.elements[index] as ElementInstance;
  }
  private name(index: number): string {
    return this.element(index).source.name;
  }
  private port({ element, port }: { readonly element: number; readonly port: number }): ElementPort {
    return { element: this.name(element), port };
  }
}

/** How many inputs and outputs an element has, by what its plan says of its ports. */
function portCounts(ports: string): { inputs: number; outputs: number } {
  const [inputs = 0, outputs = 0] = [...ports.matchAll(/^(\d+) (?:in|out)puts?$/gm)].map((m) => Number(m[1]));
  return { inputs, outputs };
}

/** What a domain's time is to be added to, to be nanoseconds since 1970. */
function epochOf({ domain }: Vm): bigint {
  return BigInt(Date.now()) * 1_000_000n - domain.now();
}

const noLook: Look = { bytes: new Uint8Array(), length: 0, network: undefined };
const isHeld = ({ at }: Branch): boolean => at !== undefined;

/** Begins; what it returns ends it. @throws {DaemonError} `NO_ELEMENT`, `NO_PORT` @throws {PatternError} */
export function tapElement(
  recordings: RecordingStreams,
  vm: Vm,
  { router = 0, element, port, direction: given, filter, snapLength = longestTapped }: StreamParams<"element.tap">,
  sink: StreamSink<Item<"element.tap">>,
): () => void {
  const { elements } = vm.imageOf(router).manifest.router;
  const index = elements.findIndex(({ name }) => name === element);
  const plan = elements[index];
  if (!plan) throw new DaemonError("NO_ELEMENT", `'${vm.name}' has no element '${element}'`);
  const { inputs, outputs } = portCounts(plan.ports);
  const direction = given ?? (port < outputs ? "out" : "in");
  if (port >= (direction === "out" ? outputs : inputs))
    throw new DaemonError(
      "NO_PORT",
      `element '${element}' has ${inputs} inputs and ${outputs} outputs, counted from 0, and no ${given ?? "in- or out"}put ${port}`,
    );
  const room = snapLength > 512 ? fewRecords : traced.records;
  return recordings.start(
    vm,
    router,
    { snapLength, records: room, test: testOf(filter), port: { element: index, port, direction } },
    {
      begun: () => sink.item({ frames: [], lost: 0 }),
      records({ records, lost }) {
        const sinceEpoch = epochOf(vm);
        const frames = records.map(
          ({ timeNs, length, bytes, network }): TappedPacket => ({
            timeNs: String(timeNs + sinceEpoch),
            length,
            data: Buffer.from(bytes).toString("base64"),
            isIp: network === 0,
          }),
        );
        if (frames.length > 0 || lost > 0) sink.item({ frames, lost });
        return false;
      },
      ended: (why) => sink.end(why),
    },
  );
}
