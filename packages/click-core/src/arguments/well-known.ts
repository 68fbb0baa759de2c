/** Well-known numbers by name: IANA protocol numbers and service ports. */
import type { PortProtocol } from "./scope.ts";

export const ipProtocols: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  egp: 8,
  udp: 17,
  dccp: 33,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  ospf: 89,
  pim: 103,
  sctp: 132,
  udplite: 136,
};

/** The same ports for TCP and UDP. */
const services: Readonly<Record<string, number>> = {
  echo: 7,
  discard: 9,
  daytime: 13,
  chargen: 19,
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
  sunrpc: 111,
  auth: 113,
  sftp: 115,
  nntp: 119,
  ntp: 123,
  "netbios-ns": 137,
  "netbios-dgm": 138,
  netbios: 139,
  "netbios-ssn": 139,
  imap: 143,
  snmp: 161,
  "snmp-trap": 162,
  bgp: 179,
  irc: 194,
  imap3: 220,
  ldap: 389,
  https: 443,
  syslog: 514,
  rip: 520,
  route: 520,
  imaps: 993,
  pop3s: 995,
  openvpn: 1194,
  pptp: 1723,
  mysql: 3306,
  rdp: 3389,
  sip: 5060,
  postgresql: 5432,
};

const none: Readonly<Record<string, number>> = {};

export function wellKnownPorts(protocol: PortProtocol): Readonly<Record<string, number>> {
  return protocol === "tcp" || protocol === "udp" ? services : none;
}
