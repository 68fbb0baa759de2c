/**
 * Carries the state of one running configuration over to the next: elements of the same name and class keep what
 * they had, packets in queues included.
 */
import type { StagedField } from "@clickos/codegen";
import type { Fields, FieldType, Struct } from "@clickos/layout";
import type { FieldPlace } from "../compile/memory-plan.ts";
import type { HostHeap } from "../element/handler.ts";
import { packetDescriptor } from "../element/packet.ts";

/** A heap that is filled with much at once. */
export interface MoverHeap extends HostHeap {
  /** The address of the first of so many blocks in a row, each of which can be given back by itself; 0 when there is no room. */
  allocateMany(bytes: number, count: number): number;
}

/** Two memories, and packets on their way from one to the other. */
export interface StateMover {
  readonly from: DataView;
  readonly to: DataView;
  /** The new router's, for fields that have memory there. */
  readonly heap: MoverHeap;
  /** How many packets there can be in the old memory, which need not be believed. */
  readonly mostPackets: number;
  /** Copies the packet at an address of the old memory; its address in the new, or 0 when there is no buffer left. */
  packet(address: number): number;
}

/** What is known of a field that is carried over: the name of its type, and its size in bytes. */
export type FormerField = Pick<FieldType, "name" | "size">;

/** A field that does more than hold bytes. */
export interface TransferableField<S, H> extends StagedField<S, H> {
  /** It has memory of the heap, which is there then even where no code takes any. */
  readonly inHeap?: boolean;
  /** Carries over what a field of type `before` holds; called on the present type. */
  transfer(mover: StateMover, before: FormerField, fromOffset: number, toOffset: number): void;
}

function isTransferable(type: FieldType): type is TransferableField<unknown, unknown> {
  return "transfer" in type;
}

/** Carries the fields that a former layout and this one have in common; `skip` names those that start anew. */
export function transferFields(
  mover: StateMover,
  before: readonly FieldPlace[],
  after: Struct<Fields>,
  fromOffset: number,
  toOffset: number,
  skip: ReadonlySet<string> = new Set(),
): void {
  for (const [name, typeName, offset, size] of before) {
    const type = Object.hasOwn(after.fields, name) ? (after.fields[name] as FieldType) : undefined;
    if (!type || skip.has(name)) continue;
    const from = fromOffset + offset;
    const to = toOffset + (after.offsets[name] as number);
    if (isTransferable(type)) type.transfer(mover, { name: typeName, size }, from, to);
    else if (type.name === typeName && type.size === size) copyBytes(mover, from, to, size);
  }
}

export function copyBytes(mover: StateMover, from: number, to: number, length: number): void {
  new Uint8Array(mover.to.buffer, to, length).set(new Uint8Array(mover.from.buffer, from, length));
}

/** Copies a packet to another buffer; addresses in the descriptor are made to point into that. */
export function copyPacket(from: DataView, to: DataView, address: number, target: number, bytes: number): void {
  const { offsets } = packetDescriptor;
  const limit = to.getUint32(target + offsets.limit, true);
  new Uint8Array(to.buffer, target, bytes).set(new Uint8Array(from.buffer, address, bytes));
  to.setUint32(target + offsets.limit, limit, true);
  for (const field of ["data", "network", "transport", "mac"] as const) {
    const value = to.getUint32(target + offsets[field], true);
    if (value !== 0) to.setUint32(target + offsets[field], value - address + target, true);
  }
}
