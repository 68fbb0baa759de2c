/** The names that Click's field specifications have for fields of IP and transport headers. */
import type { Field } from "@clickos/wire";
import { icmp } from "@clickos/wire/icmp";
import { ipv4 } from "@clickos/wire/ipv4";
import { ipProtocols, protocolGroups } from "@clickos/wire/names";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import type { IpField } from "./ip-field.ts";

type Names = Readonly<Record<string, Field>>;

const ip: Names = {
  vers: ipv4.fields.version,
  hl: ipv4.fields.ihl,
  tos: ipv4.fields.tos,
  dscp: ipv4.fields.dscp,
  ecn: ipv4.fields.ecn,
  len: ipv4.fields.totalLength,
  id: ipv4.fields.identification,
  off: ipv4.fields.flagsAndOffset,
  rf: ipv4.fields.reserved,
  df: ipv4.fields.df,
  mf: ipv4.fields.mf,
  fragoff: ipv4.fields.fragmentOffset,
  ttl: ipv4.fields.ttl,
  proto: ipv4.fields.protocol,
  sum: ipv4.fields.checksum,
  src: ipv4.fields.source,
  dst: ipv4.fields.destination,
};
const ports: Names = { sport: udp.fields.sourcePort, dport: udp.fields.destinationPort };
/** Of several names for a field, the first one is written. */
const headers: ReadonlyMap<number, Names> = new Map([
  [0, { ...ip, ...ports }],
  [ipProtocols.icmp, { type: icmp.fields.type, code: icmp.fields.code, sum: icmp.fields.checksum }],
  [ipProtocols.udp, { ...ports, len: udp.fields.length, sum: udp.fields.checksum }],
  [
    ipProtocols.tcp,
    {
      sport: tcp.fields.sourcePort,
      dport: tcp.fields.destinationPort,
      seq: tcp.fields.sequenceNumber,
      seqno: tcp.fields.sequenceNumber,
      ackno: tcp.fields.acknowledgmentNumber,
      hl: tcp.fields.dataOffset,
      flags: tcp.fields.flags,
      urg: tcp.fields.urg,
      ack: tcp.fields.ack,
      psh: tcp.fields.psh,
      push: tcp.fields.psh,
      rst: tcp.fields.rst,
      syn: tcp.fields.syn,
      fin: tcp.fields.fin,
      win: tcp.fields.window,
      sum: tcp.fields.checksum,
      urp: tcp.fields.urgentPointer,
    },
  ],
  [protocolGroups.tcpudp, ports],
]);

/** A field of a header by its name; the ports, among IP's, are those of TCP and UDP. */
export function fieldCalled(header: number, name: string): IpField | undefined {
  const names = headers.get(header);
  if (!names || !Object.hasOwn(names, name)) return undefined;
  const { bit, bits } = names[name] as Field;
  return { protocol: header === 0 && Object.hasOwn(ports, name) ? protocolGroups.tcpudp : header, bit, bits };
}

/** The name of a whole field; `undefined` where it has none. */
export function fieldNameOf({ protocol, bit, bits }: IpField): string | undefined {
  return Object.entries(headers.get(protocol) ?? {}).find(
    ([name, field]) => field.bit === bit && field.bits === bits && !(protocol === 0 && Object.hasOwn(ports, name)),
  )?.[0];
}
