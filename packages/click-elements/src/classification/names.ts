/** Well-known numbers by name: IANA protocol numbers, service ports and ICMP types. */

export const protocols: Readonly<Record<string, number>> = {
  icmp: 1, igmp: 2, ipip: 4, tcp: 6, egp: 8, udp: 17, dccp: 33, rsvp: 46, gre: 47, esp: 50, ah: 51, ospf: 89, pim: 103, sctp: 132, udplite: 136,
};

export const services: Readonly<Record<string, number>> = {
  echo: 7, discard: 9, daytime: 13, "ftp-data": 20, ftp: 21, ssh: 22, telnet: 23, smtp: 25, time: 37, dns: 53, domain: 53, bootps: 67, bootpc: 68,
  tftp: 69, gopher: 70, finger: 79, www: 80, http: 80, kerberos: 88, pop3: 110, auth: 113, sftp: 115, nntp: 119, ntp: 123, netbios: 139, imap: 143,
  snmp: 161, "snmp-trap": 162, bgp: 179, irc: 194, ldap: 389, https: 443, syslog: 514, rip: 520, imaps: 993, pop3s: 995, openvpn: 1194, mysql: 3306, rdp: 3389, sip: 5060, postgresql: 5432,
};

/** RFC 792 and RFC 950. */
export const icmpTypes: Readonly<Record<string, number>> = {
  "echo-reply": 0, unreachable: 3, "dst-unreachable": 3, sourcequench: 4, redirect: 5, echo: 8, "echo-request": 8, routeradvert: 9, routersolicit: 10, timeexceeded: 11,
  "time-exceeded": 11, parameterproblem: 12, timestamp: 13, "timestamp-reply": 14, inforeq: 15, inforeqreply: 16, maskreq: 17, maskreqreply: 18,
};
