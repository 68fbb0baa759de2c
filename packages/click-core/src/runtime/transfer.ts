/**
 * Carries the state of one running configuration over to the next: elements of the same name and class keep what
 * they had, packets in queues included.
 */
import { type Fields, type FieldType, type Struct, struct } from "@clickos/codegen";
import type { CheckedElement } from "../compile/check.ts";
import { bufferSize, packetDescriptor } from "../element/packet.ts";

/** Two memories, and packets on their way from one to the other. */
export interface StateMover {
  readonly from: DataView;
  readonly to: DataView;
  /** Copies the packet at an address of the old memory; its address in the new, or 0 when there is no buffer left. */
  packet(address: number): number;
}

/** A field that does more than hold bytes. */
export interface TransferableField<S, H> extends FieldType<S, H> {
  /** Carries over what a field of type `before` holds; called on the new type. */
  transfer(mover: StateMover, before: FieldType, fromOffset: number, toOffset: number): void;
}

function isTransferable(type: FieldType | undefined): type is TransferableField<unknown, unknown> {
  return type !== undefined && "transfer" in type;
}

/** Carries the fields that two structs have in common; `skip` names those that start anew. */
export function transferFields(
  mover: StateMover,
  before: Struct<Fields>,
  after: Struct<Fields>,
  fromOffset: number,
  toOffset: number,
  skip: ReadonlySet<string> = new Set(),
): void {
  for (const [name, type] of Object.entries(after.fields)) {
    const old = before.fields[name] as FieldType | undefined;
    if (!old || skip.has(name)) continue;
    const from = fromOffset + (before.offsets[name] as number);
    const to = toOffset + (after.offsets[name] as number);
    if (isTransferable(type) && isTransferable(old)) type.transfer(mover, old, from, to);
    else if (type.name === old.name && type.size === old.size) copyBytes(mover, from, to, type.size);
  }
}

export function copyBytes(mover: StateMover, from: number, to: number, length: number): void {
  new Uint8Array(mover.to.buffer, to, length).set(new Uint8Array(mover.from.buffer, from, length));
}

/** The layout of an element's state. */
export function stateLayout(e: CheckedElement): Struct<Fields> {
  const context = { config: e.config, plan: e.plan, ninputs: e.inputs.length, noutputs: e.outputs.length };
  return struct(typeof e.class.state === "function" ? e.class.state(context) : (e.class.state ?? {}));
}

/** Copies a packet's descriptor and data; addresses in the descriptor are made to point into the new buffer. */
export function copyPacket(from: DataView, to: DataView, address: number, target: number): void {
  const { offsets } = packetDescriptor;
  new Uint8Array(to.buffer, target, bufferSize).set(new Uint8Array(from.buffer, address, bufferSize));
  for (const field of ["data", "network", "transport"] as const) {
    const value = to.getUint32(target + offsets[field], true);
    if (value !== 0) to.setUint32(target + offsets[field], value - address + target, true);
  }
}
