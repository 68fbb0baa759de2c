/**
 * Names of numbers and fields: those that filters, summaries and prints have for what is in a packet.
 *
 * @packageDocumentation
 */
import { icmp, icmpEcho } from "./icmp.ts";
import { ipProtocols, ipv4 } from "./ipv4.ts";
import type { Field } from "./table.ts";
import { tcp } from "./tcp.ts";
import { udp } from "./udp.ts";

export { icmpCodes, icmpTypes, icmpTypeText } from "./icmp.ts";
export { ipProtocols } from "./ipv4.ts";

/** What is no protocol but several: TCP and UDP, any transport protocol, what a transport protocol carries. */
export const protocolGroups = { tcpudp: 256, transp: 258, payload: 259 } as const;

/** Ports of well-known services, the same for TCP and UDP, that have their names everywhere. */
export const services = {
  echo: 7,
  discard: 9,
  daytime: 13,
  chargen: 19,
  "ftp-data": 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  dns: 53,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  finger: 79,
  www: 80,
  pop3: 110,
  sunrpc: 111,
  auth: 113,
  nntp: 119,
  ntp: 123,
  "netbios-ns": 137,
  "netbios-dgm": 138,
  "netbios-ssn": 139,
  snmp: 161,
  "snmp-trap": 162,
  irc: 194,
  imap3: 220,
  https: 443,
  rip: 520,
  route: 520,
  imaps: 993,
  pop3s: 995,
  pptp: 1723,
} as const;

/** Other services, where no machine has a list of its own. */
export const otherServices = {
  time: 37,
  gopher: 70,
  http: 80,
  kerberos: 88,
  sftp: 115,
  netbios: 139,
  imap: 143,
  bgp: 179,
  ldap: 389,
  syslog: 514,
  openvpn: 1194,
  mysql: 3306,
  rdp: 3389,
  sip: 5060,
  postgresql: 5432,
} as const;

/** Control bits of TCP by name, in the order of their bits. */
export const tcpFlags: Readonly<Record<"fin" | "syn" | "rst" | "psh" | "ack" | "urg" | "ece" | "cwr", Field>> = (({
  fin,
  syn,
  rst,
  psh,
  ack,
  urg,
  ece,
  cwr,
}) => ({ fin, syn, rst, psh, ack, urg, ece, cwr }))(tcp.fields);

/** A letter for each control bit of TCP, from the lowest, and one for NS, which is in the byte before. */
export const tcpFlagLetters = "FSRPAUECN";

/** A field of a header in an IP summary. */
export interface SummaryPlace {
  /** The protocols whose header has it; none for the IP header. */
  readonly protocols: readonly number[];
  readonly field: Field;
  /** Bytes before the header that the field is counted from: a message's fields follow its protocol's header. */
  readonly after: number;
  /** Bytes of the value in the binary form. */
  readonly bytes: 1 | 2 | 4;
  /** What one of the value stands for: header lengths are in bytes. */
  readonly unit: number;
}

const inHeader =
  (...protocols: readonly number[]) =>
  (
    field: Field,
    { after = 0, bytes = field.size as SummaryPlace["bytes"], unit = 1 }: Partial<SummaryPlace> = {},
  ): SummaryPlace => ({ protocols, field, after, bytes, unit });
const inIp = inHeader();
const inPorts = inHeader(ipProtocols.tcp, ipProtocols.udp);
const inTcp = inHeader(ipProtocols.tcp);
const inUdp = inHeader(ipProtocols.udp);
const inIcmp = inHeader(ipProtocols.icmp);

/** Fields of headers by the names that IP summaries have for them. */
export const summaryFields: Readonly<Record<string, SummaryPlace>> = {
  ip_src: inIp(ipv4.fields.source),
  ip_dst: inIp(ipv4.fields.destination),
  ip_len: inIp(ipv4.fields.totalLength, { bytes: 4 }),
  ip_proto: inIp(ipv4.fields.protocol),
  ip_id: inIp(ipv4.fields.identification),
  ip_fragoff: inIp(ipv4.fields.flagsAndOffset),
  ip_frag: inIp(ipv4.fields.flagsAndOffset, { bytes: 1 }),
  ip_tos: inIp(ipv4.fields.tos),
  ip_dscp: inIp(ipv4.fields.dscp),
  ip_ecn: inIp(ipv4.fields.ecn),
  ip_ttl: inIp(ipv4.fields.ttl),
  ip_sum: inIp(ipv4.fields.checksum),
  ip_hl: inIp(ipv4.fields.ihl, { unit: ipv4.table.headerLength.unit }),
  sport: inPorts(udp.fields.sourcePort),
  dport: inPorts(udp.fields.destinationPort),
  tcp_seq: inTcp(tcp.fields.sequenceNumber),
  tcp_ack: inTcp(tcp.fields.acknowledgmentNumber),
  tcp_off: inTcp(tcp.fields.dataOffset, { unit: tcp.table.headerLength.unit }),
  tcp_flags: inTcp(tcp.fields.flags),
  tcp_window: inTcp(tcp.fields.window),
  tcp_urp: inTcp(tcp.fields.urgentPointer),
  udp_len: inUdp(udp.fields.length, { bytes: 4 }),
  icmp_type: inIcmp(icmp.fields.type),
  icmp_code: inIcmp(icmp.fields.code),
  icmp_flowid: inIcmp(icmpEcho.fields.identifier, { after: icmp.size }),
  icmp_seq: inIcmp(icmpEcho.fields.sequenceNumber, { after: icmp.size }),
};

/** What summaries call the codes of ECN. */
export const ecnNames: readonly string[] = ["no", "ect1", "ect2", "ce"];

/** Other names of the fields of summaries. */
export const summaryAliases: Readonly<Record<string, string>> = {
  length: "ip_len",
  ip_p: "ip_proto",
  utimestamp: "timestamp",
  ts: "timestamp",
  sec: "ts_sec",
  usec: "ts_usec",
  usec1: "ts_usec1",
  first_utimestamp: "first_timestamp",
  first_ts: "first_timestamp",
  pkt_count: "count",
  packet_count: "count",
  agg: "aggregate",
  wire_length: "wire_len",
  ether_src: "eth_src",
  ether_dst: "eth_dst",
  ether_type: "eth_type",
  tcp_seqno: "tcp_seq",
  tcp_ackno: "tcp_ack",
  tcp_win: "tcp_window",
  payload_length: "payload_len",
};
