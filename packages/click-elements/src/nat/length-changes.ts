/**
 * TCP flows in which a program between the ends has changed the length of what is sent: from a sequence number on, that and all
 * later ones are others at the receiver, and so are the acknowledgments that come back.
 *
 * A flow has the latest eight changes of each way. What is sent again from before those gets the sequence numbers of the oldest one.
 * Those that are 2^30 bytes back are forgotten, as sequence numbers wrap around.
 */
import {
  type HostHashTable,
  hashTable,
  type PlainField,
  type StagedHashTable,
  type TransferableField,
} from "@clickos/click-core/element";
import { type Func, type FunctionBuilder, type I32, type StagedFields, type StagedOf, staged } from "@clickos/codegen";
import {
  type ArrayField,
  array,
  type BytesField,
  bytes,
  type Struct,
  struct,
  type U32Field,
  u32,
} from "@clickos/layout";
import { type StagedHeader, span } from "@clickos/wire";
import { doubleWordChange, sumFunction, updatedChecksum, wordChange } from "@clickos/wire/checksum";
import { type tcp, tcpOptionKinds, tcpOptions, tcpSackBlock } from "@clickos/wire/tcp";

/** How many changes of a way are kept. */
const most = 8;
/** So far back is too far. */
const far = 1 << 30;

/** Of one way: what was added before the changes that are kept, and with each of them in all, from a sequence number on. */
const wayLayout: Struct<{
  count: U32Field;
  base: U32Field;
  changes: ArrayField<Struct<{ from: U32Field; added: U32Field }>>;
}> = struct(
  { count: u32, base: u32, changes: array(struct({ from: u32, added: u32 }, { name: "change" }), most) },
  { name: "lengthChanges" },
);
type Way = StagedOf<typeof wayLayout>;

type Value = { ways: BytesField };
/** By the key of the packets that a flow began with. */
export type LengthChanges = TransferableField<StagedHashTable<Value>, HostHashTable<Value>> & PlainField;
export const lengthChanges = (keyWords: number): LengthChanges =>
  hashTable({ keyWords, queues: 0, value: { ways: bytes(2 * wayLayout.size, 4) } });

/** The address of one way's changes. */
const wayOf = (value: StagedFields<Value>, isReply: I32): I32 => value.ways.add(isReply.mul(wayLayout.size));

/** What was added by the latest change of a way; on the host, by the key. */
export function latestAdded(table: HostHashTable<Value>, key: readonly number[], which: number): number {
  const ways = table.find(key)?.value.ways;
  if (!ways) return 0;
  const { count, base, changes } = wayLayout.read(
    new DataView(ways.buffer, ways.byteOffset, ways.byteLength),
    which * wayLayout.size,
  );
  return ((count === 0 ? base : changes[count - 1]?.added) ?? 0) | 0;
}

/** Whether a sequence number is not before another. */
const notBefore = (a: I32, b: I32): I32 => a.sub(b).geS(0);

/** A function `(way)` that forgets the oldest change of a way. */
function forgetOldest({ module }: FunctionBuilder): Func<undefined> {
  return module.once("forget length change", () =>
    module.func("forget length change", { way: "i32" }, undefined, (c, { way }) => {
      const { count, base, changes } = staged(c, wayLayout, way);
      base.set(changes.at(0).added.get());
      count.inc(-1);
      c.for(0, count.get(), 1, (i) => {
        const next = changes.at(i.add(1));
        changes.at(i).from.set(next.from.get());
        changes.at(i).added.set(next.added.get());
      });
    }),
  );
}

/** A function `(way, from, bytes)` that adds a change; one that would be before the latest is left out. */
function addChange({ module }: FunctionBuilder): Func<undefined> {
  return module.once("add length change", () =>
    module.func("add length change", { way: "i32", from: "i32", bytes: "i32" }, undefined, (c, p) => {
      const { count, base, changes } = staged(c, wayLayout, p.way);
      c.if(count.get(), () => {
        const latest = changes.at(count.get().sub(1)).from.get();
        c.if(notBefore(p.from, latest).eqz(), () => c.return());
        // The same place again: the latest is this one.
        c.if(latest.eq(p.from), () => count.inc(-1));
      });
      const added = c.var("i32", base.get(), "added");
      c.if(count.get(), () => added.set(changes.at(count.get().sub(1)).added.get()));
      c.if(count.get().eq(most), () => {
        c.call(forgetOldest(c), p.way);
      });
      const change = changes.at(count.get());
      change.from.set(p.from);
      change.added.set(added.get().add(p.bytes));
      count.inc();
      c.loop(() => {
        c.if(count.get().leU(1), () => c.break());
        c.if(p.from.sub(changes.at(0).from.get()).ltU(far), () => c.break());
        c.call(forgetOldest(c), p.way);
      });
    }),
  );
}

/** A function `(way, number, isAcknowledgment)` that gives what a sequence number becomes, or one that acknowledges the way's bytes. */
function changed({ module }: FunctionBuilder): Func<"i32"> {
  return module.once("changed sequence number", () =>
    module.func("changed sequence number", { way: "i32", number: "i32", back: "i32" }, "i32", (c, p) => {
      const { count, base, changes } = staged(c, wayLayout, p.way);
      const i = c.var("i32", count.get(), "i");
      const turned = (added: I32): I32 => c.select(p.back, c.i32(0).sub(added), added);
      c.loop(() => {
        c.if(i.get().eqz(), () => c.break());
        i.inc(-1);
        const { from, added } = changes.at(i.get());
        const its = added.get();
        const there = c.select(p.back, p.number.sub(its), p.number);
        c.if(notBefore(there, from.get()), () => c.return(p.number.add(turned(its))));
      });
      return p.number.add(turned(base.get()));
    }),
  );
}

/** Notes that from a sequence number on, what a flow sends one way is so many bytes longer. `key` is the flow's; 0 without memory. */
export function noteLengthChange(
  c: FunctionBuilder,
  table: StagedHashTable<Value>,
  key: readonly I32[],
  { isReply, sequence, bytes: more }: { readonly isReply: I32; readonly sequence: I32; readonly bytes: I32 },
): I32 {
  const entry = table.findOrAdd(key);
  c.if(entry, () => {
    c.call(addChange(c), wayOf(table.value(entry), isReply), sequence, more);
  });
  return entry;
}

/** Changes the numbers of a segment that belongs to a flow with changes. All of its header is there. */
export function applyLengthChanges(
  c: FunctionBuilder,
  table: StagedHashTable<Value>,
  key: readonly I32[],
  isReply: I32,
  segment: StagedHeader<(typeof tcp)["table"]>,
): void {
  const entry = table.find(key);
  c.if(entry, () => {
    const value = table.value(entry);
    const [own, other] = [wayOf(value, isReply), wayOf(value, isReply.xor(1))];
    const way = (address: I32): Way => staged(c, wayLayout, address);
    // So far on, what was changed before is no place any more.
    const { count, base, changes } = way(own);
    const sequence = segment.sequenceNumber.get();
    c.if(count.get(), () => {
      const latest = changes.at(count.get().sub(1));
      c.if(notBefore(sequence, latest.from.get().add(far)), () => {
        base.set(latest.added.get());
        count.set(0);
      });
    });
    const { stored } = segment.checksum;
    const renumber = (
      field: { get(): I32; set(value: I32): void; stored: { get(): I32 } },
      address: I32,
      back: 0 | 1,
    ): void =>
      c.if(way(address).count.get().or(way(address).base.get()), () => {
        const before = field.stored.get();
        field.set(c.call(changed(c), address, field.get(), back));
        stored.set(updatedChecksum(stored.get(), doubleWordChange(before, field.stored.get())));
      });
    renumber(segment.sequenceNumber, own, 0);
    renumber(segment.acknowledgmentNumber, other, 1);
    c.if(way(other).count.get().or(way(other).base.get()), () => changeSelective(c, segment, other));
  });
}

/** Changes what a segment acknowledges selectively. */
function changeSelective(c: FunctionBuilder, segment: StagedHeader<(typeof tcp)["table"]>, way: I32): void {
  const { options } = segment.parts("stated");
  const { stored } = segment.checksum;
  tcpOptions.each(options, ({ kind, span: option }) => {
    const blocks = option.length.sub(2);
    c.if(kind.ne(tcpOptionKinds.sack).or(blocks.and(tcpSackBlock.size - 1)), () => c.continue());
    // The sum is over whole words of 16 bits, from the segment's start.
    const start = option.address.sub(option.address.sub(segment.address).and(1));
    const length = option.address.add(option.length).sub(start);
    const sum = (): I32 => c.call(sumFunction(c), start, length);
    const before = sum();
    c.for(option.address.add(2), option.address.add(option.length), tcpSackBlock.size, (at) => {
      const { leftEdge, rightEdge } = span(c, at, tcpSackBlock.size).header(tcpSackBlock, "stated");
      for (const edge of [leftEdge, rightEdge]) edge.set(c.call(changed(c), way, edge.get(), 1));
    });
    stored.set(updatedChecksum(stored.get(), wordChange(before, sum())));
  });
}
