/** An IP packet taken apart, for what prints it. */
import type { HostPacket } from "@clickos/click-core/element";
import { type HeaderView, readField } from "@clickos/wire";
import { icmp, icmpEcho } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { type SummaryPlace, summaryFields, tcpFlagLetters } from "@clickos/wire/names";
import { udp } from "@clickos/wire/udp";

/** An IP packet taken apart. */
export interface IpView {
  readonly packet: HostPacket;
  readonly data: Uint8Array;
  /** Offset of the IP header in the data. */
  readonly at: number;
  readonly ip: HeaderView<(typeof ipv4)["table"]>;
  /** Offset of the transport header; -1 where there is none. */
  readonly transport: number;
}

/** Takes a packet apart; `undefined`, with the reason, where it holds no sound IP header. */
export function viewIp(packet: HostPacket): IpView | string {
  const { data, network: at } = packet;
  if (at < 0) return "no IP header";
  const read = ipv4.read(data, at);
  if (!read.ok) {
    const { kind, value } = read.problem;
    if (kind === "truncated") return "truncated IP header";
    if (kind === "unexpected value") return `IP version ${value}`;
    if (value < ipv4.size) return `IP header length ${value}`;
  }
  const ip = ipv4.view(data, at);
  const transport = at + ip.headerLength;
  return { packet, data, at, ip, transport: ip.fragmentOffset === 0 && transport <= data.length ? transport : -1 };
}

/** A field of a header, as far as the packet has it. */
export function fieldOf(v: IpView, { protocols, field, after, unit }: SummaryPlace): number | undefined {
  const ofIp = protocols.length === 0;
  if (!ofIp && (v.transport < 0 || !protocols.includes(v.ip.protocol))) return undefined;
  const value = readField(v.data, (ofIp ? v.at : v.transport) + after, field);
  return value === undefined ? undefined : value * unit;
}

/** Where the payload starts: after the headers that are known. */
export function payloadStart(v: IpView): number | undefined {
  if (v.transport < 0) return undefined;
  switch (v.ip.protocol) {
    case ipProtocols.tcp: {
      const headerLength = fieldOf(v, summaryFields.tcp_off as SummaryPlace);
      return headerLength === undefined ? undefined : v.transport + headerLength;
    }
    case ipProtocols.udp:
      return v.transport + udp.size;
    case ipProtocols.icmp:
      return v.transport + icmp.size + icmpEcho.size;
    default:
      return v.transport;
  }
}

/** The letters of TCP flags that are set, of those that are `shown`. */
export function flagText(flags: number, shown: string = tcpFlagLetters): string {
  return [...tcpFlagLetters].filter((letter, i) => (flags >> i) & 1 && shown.includes(letter)).join("");
}
