/**
 * The flows of a rewriter: a table whose entries are found by the packets of either direction.
 *
 * Key 0 is of the packets that came first, key 1 of their replies. What packets of one direction are rewritten to is the other
 * direction's key, turned round. Addresses and ports are words as they stand in memory; where TCP and UDP have flows of their own,
 * the protocol is a word, too.
 */
import {
  type HostHashTable,
  type HostTableEntry,
  hashTable,
  type PlainField,
  type StagedHashTable,
  type TransferableField,
} from "@clickos/click-core/element";
import { type U32Field, u8, u16 } from "@clickos/layout";
import type { FlowWords } from "./rewriter.ts";

/**
 * What rewriting the first direction adds to the complement of the IP header's checksum and of the transport's; the input
 * whose specification made the flow, and which of its mapper's patterns did; what a protocol keeps of its state; the annotation
 * for replies; the protocol, or 0 where all of an address's packets are one flow.
 */
const flowValue: FlowValue = {
  ipChange: u16,
  transportChange: u16,
  input: u16,
  which: u16,
  flags: u8,
  replyAnnotation: u8,
  protocol: u8,
};

export type FlowValue = {
  ipChange: U32Field;
  transportChange: U32Field;
  input: U32Field;
  which: U32Field;
  flags: U32Field;
  replyAnnotation: U32Field;
  protocol: U32Field;
};

export type StagedFlowTable = StagedHashTable<FlowValue>;
export type HostFlowTable = HostHashTable<FlowValue>;
export type HostFlow = HostTableEntry<FlowValue>;
export type FlowTable = TransferableField<StagedFlowTable, HostFlowTable> & PlainField;

const tableOf = (keyWords: number): FlowTable => hashTable({ keyWords, keys: 2, queues: 2, value: flowValue });
/** With a word for the protocol, and without. */
export const protocolFlows: FlowTable = tableOf(4);
export const plainFlows: FlowTable = tableOf(3);

/** The queues: of flows that may go for others to come, and of those that may not before they are due. */
export const bestEffort = 0;
export const guaranteed = 1;

/** The flow of the packets that answer those of a flow. */
export const replyTo = ({ source, destination, ports }: FlowWords): FlowWords => ({
  source: destination,
  destination: source,
  ports: ports.rotl(16),
});
