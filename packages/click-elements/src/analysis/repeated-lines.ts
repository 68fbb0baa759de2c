/** The lines of packets that stand for several, written some in each turn, in the order in which they came. */
import { annotation, annotationBytes, type HostPacket, type ServiceHost } from "@clickos/click-core/element";
import { timeShare } from "../lib/time.ts";

/** Lines that are written in one turn. */
const linesPerTurn = 10_000;

/** A packet that stands for `left` more. Their lengths are equal shares of the whole, and so are their times. */
interface Entry {
  readonly packet: HostPacket;
  readonly describe: (packet: HostPacket) => string;
  left: number;
  total: number;
  readonly step: bigint;
  readonly last: bigint;
}

/** A packet that stays when the buffer is another's. */
function copyOf({ data, annotations, timestampNs, network, transport, mac, type, device }: HostPacket): HostPacket {
  const bytes = new Uint8Array(annotations.buffer, annotations.byteOffset, annotationBytes).slice();
  // Headers in front of the data stay what they are.
  const front = Math.max(0, -Math.min(0, mac ?? 0, network, transport));
  const all = new Uint8Array(data.buffer, data.byteOffset - front, data.length + front).slice();
  return {
    data: all.subarray(front),
    annotations: new DataView(bytes.buffer),
    timestampNs,
    network,
    transport,
    mac,
    type,
    device,
  };
}

export interface RepeatedLines {
  add(packet: HostPacket, times: number, extraCounts: boolean, describe: (packet: HostPacket) => string): void;
  /** Whether the driver is to go on until all lines are written; it is stopped then. */
  finishFirst(): boolean;
  readonly left: number;
}

export function repeatedLines(host: ServiceHost, put: (text: string) => void): RepeatedLines {
  let waiting: Entry[] = [];
  let first = 0;
  let left = 0;
  let share = linesPerTurn;
  let nextTurn = false;
  let stop = false;
  const one = (entry: Entry): void => {
    const { packet } = entry;
    const length = Math.floor(entry.total / entry.left);
    entry.total -= length;
    packet.annotations.setUint32(annotation.extraLength, (length - packet.data.length) >>> 0, true);
    put(entry.describe(packet));
    entry.left--;
    left--;
    packet.timestampNs = entry.left === 0 ? entry.last : packet.timestampNs + entry.step;
  };
  const write = (): void => {
    while (left > 0 && share > 0) {
      const entry = waiting[first] as Entry;
      one(entry);
      share--;
      if (entry.left === 0) first++;
    }
    if (left === 0) {
      waiting = [];
      first = 0;
    }
    if (nextTurn) return;
    nextTurn = true;
    host.at(host.now(), () => {
      nextTurn = false;
      share = linesPerTurn;
      if (left > 0) write();
      if (left > 0 || !stop) return;
      stop = false;
      host.stop();
    });
  };
  return {
    add(of, times, extraCounts, describe) {
      const packet = copyOf(of);
      const { annotations, timestampNs } = packet;
      const start = annotations.getBigUint64(annotation.firstTimestamp, true);
      const extra = extraCounts ? annotations.getUint32(annotation.extraLength, true) : 0;
      const known = times > 1 && start !== 0n;
      const step = known ? timeShare(timestampNs - start, times - 1) : 0n;
      if (known) packet.timestampNs = start;
      if (times > 1) annotations.setUint32(annotation.extraPackets, 0, true);
      const total = Math.max(packet.data.length + extra, times > 1 ? times * packet.data.length : 0);
      waiting.push({ packet, describe, left: times, total, step, last: timestampNs });
      left += times;
      write();
      if (left > 0) host.yield();
    },
    finishFirst() {
      if (left > 0) stop = true;
      return left > 0;
    },
    get left() {
      return left;
    },
  };
}
