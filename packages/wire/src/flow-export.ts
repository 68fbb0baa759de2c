/**
 * What exporters tell collectors of flows, in UDP datagrams: NetFlow version 5, and IPFIX.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";

const netflow5Table = {
  name: "NetFlow v5 header",
  reference: "Cisco, NetFlow Export Datagram Format, table B-3",
  fields: {
    version: { bits: 16, rfc: "version", is: 5 },
    /** Records that follow, 30 at most. */
    count: { bits: 16, rfc: "count" },
    /** Milliseconds since the exporter began. */
    sysUptime: { bits: 32, rfc: "SysUptime" },
    unixSecs: { bits: 32, rfc: "unix_secs" },
    unixNsecs: { bits: 32, rfc: "unix_nsecs" },
    /** Flows that were exported before. */
    flowSequence: { bits: 32, rfc: "flow_sequence" },
    engineType: { bits: 8, rfc: "engine_type" },
    engineId: { bits: 8, rfc: "engine_id" },
    samplingInterval: { bits: 16, rfc: "sampling_interval" },
  },
} as const;
export const netflow5Header: Format<typeof netflow5Table> = format(netflow5Table);

const netflow5RecordTable = {
  name: "NetFlow v5 record",
  reference: "Cisco, NetFlow Export Datagram Format, table B-4",
  fields: {
    source: { bits: 32, rfc: "srcaddr" },
    destination: { bits: 32, rfc: "dstaddr" },
    nextHop: { bits: 32, rfc: "nexthop" },
    input: { bits: 16, rfc: "input" },
    output: { bits: 16, rfc: "output" },
    packets: { bits: 32, rfc: "dPkts" },
    octets: { bits: 32, rfc: "dOctets" },
    /** SysUptime of the first packet and of the last one. */
    first: { bits: 32, rfc: "first" },
    last: { bits: 32, rfc: "last" },
    sourcePort: { bits: 16, rfc: "srcport" },
    destinationPort: { bits: 16, rfc: "dstport" },
    pad1: { bits: 8, rfc: "pad1" },
    /** Of all packets, joined by "or". */
    tcpFlags: { bits: 8, rfc: "tcp_flags" },
    protocol: { bits: 8, rfc: "prot" },
    tos: { bits: 8, rfc: "tos" },
    sourceAs: { bits: 16, rfc: "src_as" },
    destinationAs: { bits: 16, rfc: "dst_as" },
    sourceMask: { bits: 8, rfc: "src_mask" },
    destinationMask: { bits: 8, rfc: "dst_mask" },
    pad2: { bits: 16, rfc: "pad2" },
    ports: { over: ["sourcePort", "destinationPort"], rfc: "srcport and dstport" },
  },
} as const;
export const netflow5Record: Format<typeof netflow5RecordTable> = format(netflow5RecordTable);
/** Records that a message has at most. */
export const netflow5Most = 30;

const ipfixTable = {
  name: "IPFIX message header",
  reference: "RFC 7011 section 3.1",
  fields: {
    version: { bits: 16, rfc: "Version Number", is: 10 },
    /** Of the whole message. */
    length: { bits: 16, rfc: "Length" },
    exportTime: { bits: 32, rfc: "Export Time" },
    /** Data records that were sent before. */
    sequenceNumber: { bits: 32, rfc: "Sequence Number" },
    observationDomain: { bits: 32, rfc: "Observation Domain ID" },
  },
  totalLength: { field: "length", counts: "all" },
} as const;
export const ipfix: Format<typeof ipfixTable> = format(ipfixTable);

const setTable = {
  name: "IPFIX set header",
  reference: "RFC 7011 section 3.3.2",
  fields: {
    /** 2 is a set of templates; from 256 on, the template of the records. */
    setId: { bits: 16, rfc: "Set ID" },
    length: { bits: 16, rfc: "Length" },
  },
  totalLength: { field: "length", counts: "all" },
} as const;
export const ipfixSet: Format<typeof setTable> = format(setTable);
export const ipfixTemplateSetId = 2;

const templateTable = {
  name: "IPFIX template record header",
  reference: "RFC 7011 section 3.4.1",
  fields: { templateId: { bits: 16, rfc: "Template ID" }, fieldCount: { bits: 16, rfc: "Field Count" } },
} as const;
export const ipfixTemplate: Format<typeof templateTable> = format(templateTable);

const specifierTable = {
  name: "IPFIX field specifier",
  reference: "RFC 7011 section 3.2",
  fields: { element: { bits: 16, rfc: "Information Element identifier" }, length: { bits: 16, rfc: "Field Length" } },
} as const;
export const ipfixField: Format<typeof specifierTable> = format(specifierTable);

const flowTable = {
  name: "IPFIX record of an IPv4 flow",
  reference: "IANA, IP Flow Information Export (IPFIX) Entities",
  fields: {
    source: { bits: 32, rfc: "sourceIPv4Address" },
    destination: { bits: 32, rfc: "destinationIPv4Address" },
    sourcePort: { bits: 16, rfc: "sourceTransportPort" },
    destinationPort: { bits: 16, rfc: "destinationTransportPort" },
    protocol: { bits: 8, rfc: "protocolIdentifier" },
    tos: { bits: 8, rfc: "ipClassOfService" },
    tcpFlags: { bits: 16, rfc: "tcpControlBits" },
    input: { bits: 32, rfc: "ingressInterface" },
    packets: { bytes: 8, rfc: "packetDeltaCount" },
    octets: { bytes: 8, rfc: "octetDeltaCount" },
    /** Milliseconds since 1970. */
    start: { bytes: 8, rfc: "flowStartMilliseconds" },
    end: { bytes: 8, rfc: "flowEndMilliseconds" },
    endReason: { bits: 8, rfc: "flowEndReason" },
    ports: { over: ["sourcePort", "destinationPort"], rfc: "sourceTransportPort and destinationTransportPort" },
  },
} as const;
export const ipfixFlow: Format<typeof flowTable> = format(flowTable);

/** Numbers of the information elements of `ipfixFlow`, by its fields. */
export const ipfixFlowElements = {
  source: 8,
  destination: 12,
  sourcePort: 7,
  destinationPort: 11,
  protocol: 4,
  tos: 5,
  tcpFlags: 6,
  input: 10,
  packets: 2,
  octets: 1,
  start: 152,
  end: 153,
  endReason: 136,
} as const;

/** `flowEndReason`, IANA's register for information element 136. */
export const flowEndReasons = { idle: 1, active: 2, endOfFlow: 3, forced: 4, lackOfResources: 5 } as const;

/** A set with the template of `ipfixFlow`. */
export function ipfixFlowTemplate(templateId: number): Uint8Array {
  const fields = Object.entries(ipfixFlowElements);
  const length = ipfixSet.size + ipfixTemplate.size + fields.length * ipfixField.size;
  const bytes = new Uint8Array(length);
  ipfixSet.emit(bytes, { setId: ipfixTemplateSetId, length });
  ipfixTemplate.emit(bytes, { templateId, fieldCount: fields.length }, ipfixSet.size);
  fields.forEach(([name, element], i) => {
    const { size } = ipfixFlow.fields[name as keyof typeof ipfixFlowElements];
    ipfixField.emit(bytes, { element, length: size }, ipfixSet.size + ipfixTemplate.size + i * ipfixField.size);
  });
  return bytes;
}
