/** Queues of packets by flow, and the two lists of those that have some: a field of FQCoDel's state (RFC 8290 section 3). */
import { packetDescriptor, type StateMover, type TransferableField } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type StagedOf, staged } from "@clickos/codegen";
import { type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";

/** `next` is the number of the queue behind it in its list, and `listed` which list that is. From `count` on is what CoDel remembers. */
const queueLayout: Struct<{
  head: U32Field;
  tail: U32Field;
  bytes: U32Field;
  deficit: U32Field;
  next: U32Field;
  listed: U32Field;
  count: U32Field;
  lastCount: U32Field;
  isDropping: U32Field;
  firstAbove: U64Field;
  dropNext: U64Field;
}> = struct(
  {
    head: u32,
    tail: u32,
    bytes: u32,
    deficit: u32,
    next: u32,
    listed: u32,
    count: u32,
    lastCount: u32,
    isDropping: u32,
    firstAbove: u64,
    dropNext: u64,
  },
  { name: "flowQueue" },
);
/** Numbers of queues count from 1; 0 is none. */
const listLayout = struct({ first: u32, last: u32, length: u32 }, { name: "flowList" });
const headLayout = struct({ packets: u32, unused: u32 }, { name: "flowQueues" });

export type StagedFlowQueue = StagedOf<typeof queueLayout>;
/** The lists: of flows that have come anew, and of the others. */
export type ListName = "fresh" | "old";
const lists: readonly ListName[] = ["fresh", "old"];
const listAt = (name: ListName): number => headLayout.size + lists.indexOf(name) * listLayout.size;
const queuesAt = Math.ceil((headLayout.size + lists.length * listLayout.size) / 8) * 8;

export interface StagedFlowQueues {
  /** Packets in all queues. */
  readonly packets: { get(): I32; inc(by?: I32 | number): void };
  /** A queue by its number, from 1 on. */
  queue(number: I32): StagedFlowQueue;
  /** The number of the first queue of a list, or 0. */
  first(list: ListName): I32;
  /** Puts a queue that is in no list to a list's end. */
  append(list: ListName, number: I32): void;
  /** Takes the first queue of a list away. */
  shift(list: ListName): void;
}

export interface HostFlowQueues {
  readonly packets: number;
  readonly fresh: number;
  readonly old: number;
}

/** So many queues. Packets are linked through their descriptors. */
export function flowQueues(count: number): TransferableField<StagedFlowQueues, HostFlowQueues> {
  const size = queuesAt + count * queueLayout.size;
  const place = (number: number): number => queuesAt + (number - 1) * queueLayout.size;
  return {
    kind: "other",
    name: `flowQueues ${count}`,
    size,
    align: 8,
    stage(c: FunctionBuilder, base, offset) {
      const at = c.i32(base).add(offset);
      const queue = (number: I32): StagedFlowQueue =>
        staged(c, queueLayout, number.sub(1).mul(queueLayout.size).add(at.add(queuesAt)));
      const list = (name: ListName): StagedOf<typeof listLayout> => staged(c, listLayout, at, listAt(name));
      return {
        packets: staged(c, headLayout, at).packets,
        queue,
        first: (name) => list(name).first.get(),
        append(name, number) {
          const { first, last, length } = list(name);
          queue(number).next.set(0);
          queue(number).listed.set(1);
          c.if(
            first.get(),
            () => queue(last.get()).next.set(number),
            () => first.set(number),
          );
          last.set(number);
          length.inc();
        },
        shift(name) {
          const { first, length } = list(name);
          const { next, listed } = queue(first.get());
          listed.set(0);
          first.set(next.get());
          length.inc(-1);
        },
      };
    },
    read(data, offset) {
      const length = (name: ListName): number => listLayout.read(data, offset + listAt(name)).length;
      return {
        get packets() {
          return headLayout.read(data, offset).packets;
        },
        get fresh() {
          return length("fresh");
        },
        get old() {
          return length("old");
        },
      };
    },
    write() {},
    /** Queues keep their packets and what they remember; all of them are old ones then. */
    transfer(mover, before, from, to) {
      if (before.name !== this.name) return;
      let packets = 0;
      const filled: number[] = [];
      for (let number = 1; number <= count; number++) {
        const old = queueLayout.read(mover.from, from + place(number));
        const now = queueLayout.read(mover.to, to + place(number));
        Object.assign(now, { count: old.count, lastCount: old.lastCount, isDropping: old.isDropping });
        Object.assign(now, { firstAbove: old.firstAbove, dropNext: old.dropNext, deficit: old.deficit });
        const moved = movePackets(mover, old.head, mover.mostPackets - packets);
        if (moved.count === 0) continue;
        Object.assign(now, { head: moved.first, tail: moved.last, bytes: moved.bytes, listed: 1 });
        packets += moved.count;
        filled.push(number);
      }
      filled.forEach((number, i) => {
        queueLayout.read(mover.to, to + place(number)).next = filled[i + 1] ?? 0;
      });
      headLayout.read(mover.to, to).packets = packets;
      const list = listLayout.read(mover.to, to + listAt("old"));
      Object.assign(list, { first: filled[0] ?? 0, last: filled.at(-1) ?? 0, length: filled.length });
    },
  };
}

interface Moved {
  first: number;
  last: number;
  bytes: number;
  count: number;
}
/** Carries over a chain of packets, which need not be believed, of so many at most. */
function movePackets(mover: StateMover, head: number, most: number): Moved {
  const { next, length } = packetDescriptor.offsets;
  const moved: Moved = { first: 0, last: 0, bytes: 0, count: 0 };
  for (let at = head, left = most; at !== 0 && left > 0; left--) {
    if (at > mover.from.byteLength - packetDescriptor.size) break;
    const address = mover.packet(at);
    at = mover.from.getUint32(at + next, true);
    if (address === 0) continue;
    mover.to.setUint32(address + next, 0, true);
    if (moved.last === 0) moved.first = address;
    else mover.to.setUint32(moved.last + next, address, true);
    moved.last = address;
    moved.bytes += mover.to.getUint32(address + length, true);
    moved.count++;
  }
  return moved;
}
