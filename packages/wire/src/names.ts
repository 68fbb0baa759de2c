/**
 * Names of numbers and fields: those that filters, summaries and prints have for what is in a packet.
 *
 * @packageDocumentation
 */
import { ipv4 } from "./ipv4.ts";
import type { Field } from "./table.ts";
import { tcp } from "./tcp.ts";

export { icmpCodes, icmpTypes, icmpTypeText } from "./icmp.ts";
export { ipProtocols } from "./ipv4.ts";

/** Ports of well-known services. */
export const services = {
  echo: 7,
  discard: 9,
  daytime: 13,
  "ftp-data": 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  time: 37,
  dns: 53,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  gopher: 70,
  finger: 79,
  www: 80,
  http: 80,
  kerberos: 88,
  pop3: 110,
  auth: 113,
  sftp: 115,
  nntp: 119,
  ntp: 123,
  netbios: 139,
  imap: 143,
  snmp: 161,
  "snmp-trap": 162,
  bgp: 179,
  irc: 194,
  ldap: 389,
  https: 443,
  syslog: 514,
  rip: 520,
  imaps: 993,
  pop3s: 995,
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

/** `ip NAME` of filters. */
export const ipFilterFields: Readonly<Record<string, Field>> = {
  vers: ipv4.fields.version,
  hl: ipv4.fields.ihl,
  tos: ipv4.fields.tos,
  dscp: ipv4.fields.dscp,
  len: ipv4.fields.totalLength,
  id: ipv4.fields.identification,
  ttl: ipv4.fields.ttl,
};

/** Other names of the fields of summaries. */
export const summaryAliases: Readonly<Record<string, string>> = {
  src: "ip_src",
  dst: "ip_dst",
  len: "ip_len",
  length: "ip_len",
  proto: "ip_proto",
  protocol: "ip_proto",
  id: "ip_id",
  fragoff: "ip_fragoff",
  frag: "ip_frag",
  tos: "ip_tos",
  dscp: "ip_dscp",
  ecn: "ip_ecn",
  ttl: "ip_ttl",
  time: "timestamp",
  ts: "timestamp",
  utimestamp: "timestamp",
  nts: "ntimestamp",
  seq: "tcp_seq",
  ack: "tcp_ack",
  win: "tcp_window",
  tcp_win: "tcp_window",
  tcp_seqno: "tcp_seq",
  tcp_ackno: "tcp_ack",
  flags: "tcp_flags",
  payload_length: "payload_len",
  dir: "direction",
  packets: "count",
  agg: "aggregate",
};
