/**
 * The flows of a rewriter: a table whose entries are found by the packets of either direction.
 *
 * Key 0 is of the packets that came first, key 1 of their replies. What packets of one direction are rewritten to is the other
 * direction's key, turned round. Addresses and ports are words as they stand in memory.
 */
import {
  type HostHashTable,
  type HostTableEntry,
  hashTable,
  type PlainField,
  type StagedHashTable,
  type TransferableField,
} from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { type U32Field, u8, u16 } from "@clickos/layout";
import type { FlowWords } from "./rewriter.ts";

/**
 * What rewriting the first direction adds to the complement of the IP header's checksum and of the transport's; the input
 * whose specification made the flow; what a protocol keeps of its state; the annotation for replies.
 */
const flowValue: FlowValue = { ipChange: u16, transportChange: u16, input: u16, flags: u8, replyAnnotation: u8 };

export type FlowValue = {
  ipChange: U32Field;
  transportChange: U32Field;
  input: U32Field;
  flags: U32Field;
  replyAnnotation: U32Field;
};

export type StagedFlowTable = StagedHashTable<FlowValue>;
export type HostFlowTable = HostHashTable<FlowValue>;
export type HostFlow = HostTableEntry<FlowValue>;

export const flowTable: TransferableField<StagedFlowTable, HostFlowTable> & PlainField = hashTable({
  keyWords: 4,
  keys: 2,
  queues: 2,
  value: flowValue,
});

/** The queues: of flows that may go for others to come, and of those that may not before they are due. */
export const bestEffort = 0;
export const guaranteed = 1;

export const flowKey = ({ source, destination, ports }: FlowWords, protocol: I32): I32[] => [
  source,
  destination,
  ports,
  protocol,
];

/** The flow of the packets that answer those of a flow. */
export const replyTo = ({ source, destination, ports }: FlowWords): FlowWords => ({
  source: destination,
  destination: source,
  ports: ports.rotl(16),
});
