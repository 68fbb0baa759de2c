/** An IPv4 packet as a line of text, as far as its headers are there: what IPPrint prints. */
import { formatIpAddress, type HostPacket } from "@clickos/click-core/element";
import type { Format, HeaderView } from "@clickos/wire";
import { icmp, icmpEcho, icmpTypes, icmpUnreachable } from "@clickos/wire/icmp";
import { fragmentUnit, ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { icmpCodes } from "@clickos/wire/names";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";

type Ip = HeaderView<(typeof ipv4)["table"]>;

export interface LineOptions {
  readonly ID: boolean;
  readonly TTL: boolean;
  readonly TOS: boolean;
  readonly LENGTH: boolean;
  /** Identifiers and sequence numbers of ICMP are shown as they are in the packet, and not with their bytes exchanged. */
  readonly SWAP: boolean;
}

/** Bytes of a transport header that must be there for its first two fields, and for those up to another. */
const shown = { ports: 4, tcpAcknowledgment: 14, tcpWindow: 16, icmpType: 2 } as const;

/** The protocols that have names here. */
const named = ["dccp", "gre", "icmp", "igmp", "ipip", "sctp", "tcp", "udp"];
const protocolNames = new Map(
  Object.entries(ipProtocols).flatMap(([name, number]) => (named.includes(name) ? [[number as number, name]] : [])),
);

/** A header of which not all bytes may be there; the others are zero. */
function padded<T extends Format["table"]>(format: Format<T>, bytes: Uint8Array): HeaderView<T> {
  if (bytes.length >= format.size) return format.view(bytes);
  const whole = new Uint8Array(format.size);
  whole.set(bytes);
  return format.view(whole);
}

/** The line, and what follows the packet's headers, where it has an IP header. The packet has a network header. */
export function ipLine(
  { data, network, transport }: Pick<HostPacket, "data" | "network" | "transport">,
  options: LineOptions,
): { line: string; payload: Uint8Array | undefined } {
  if (data.length - network < ipv4.size) return { line: "truncated-ip", payload: undefined };
  const ip = ipv4.view(data, network);
  const payloadLength = ip.totalLength - ip.headerLength;
  const after = data.subarray(transport < 0 ? data.length : transport);
  const segment = after.subarray(0, Math.max(0, payloadLength));
  let line = "";
  if (options.ID) line += `id ${ip.identification} `;
  if (options.TTL) line += `ttl ${ip.ttl} `;
  if (options.TOS) line += `tos ${ip.tos} `;
  if (options.LENGTH) line += `length ${ip.totalLength} `;
  const first = ip.fragmentOffset === 0;
  let header = 0;
  if (ip.protocol === ipProtocols.tcp) {
    line += tcpText(ip, segment, first, data.length);
    if (first) header = padded(tcp, after).headerLength;
  } else if (ip.protocol === ipProtocols.udp) {
    line += udpText(ip, segment, first);
    if (first) header = udp.size;
  } else if (ip.protocol === ipProtocols.icmp) line += `${pair(ip)}: ${first ? icmpText(segment, options) : "icmp"}`;
  else line += `${pair(ip)}: ip-proto-${ip.protocol}`;
  if (ip.fragment)
    line += ` (frag ${ip.identification}:${payloadLength}@${ip.fragmentOffset * fragmentUnit}${ip.mf ? "+" : ""})`;
  return { line, payload: after.subarray(header) };
}

const pair = (ip: Ip): string => `${formatIpAddress(ip.source)} > ${formatIpAddress(ip.destination)}`;

function ported(ip: Ip, { sourcePort, destinationPort }: { sourcePort: number; destinationPort: number }): string {
  return `${formatIpAddress(ip.source)}.${sourcePort} > ${formatIpAddress(ip.destination)}.${destinationPort}: `;
}

/** Flags, sequence numbers, lengths, acknowledgment, window: as tcpdump had it once. */
function tcpText(ip: Ip, bytes: Uint8Array, first: boolean, packetLength: number): string {
  if (!first) return `${pair(ip)}: tcp`;
  if (bytes.length < shown.ports) return `${pair(ip)}: truncated-tcp`;
  const segment = padded(tcp, bytes);
  const { syn, fin, rst, psh, sequenceNumber } = segment;
  let text = ported(ip, segment);
  if (bytes.length < shown.tcpAcknowledgment) return `${text}truncated-tcp`;
  const length = ip.totalLength - ip.headerLength - segment.headerLength + syn + fin;
  text += `${syn ? "S" : ""}${fin ? "F" : ""}${rst ? "R" : ""}${psh ? "P" : ""}` || ".";
  text += ` ${sequenceNumber}:${(sequenceNumber + length) >>> 0}(${length},${packetLength},${ip.totalLength})`;
  if (segment.ack) text += ` ack ${segment.acknowledgmentNumber}`;
  return bytes.length < shown.tcpWindow ? `${text}truncated-tcp` : `${text} win ${segment.window}`;
}

function udpText(ip: Ip, bytes: Uint8Array, first: boolean): string {
  if (!first) return `${pair(ip)}: udp`;
  if (bytes.length < shown.ports) return `${pair(ip)}: truncated-udp`;
  const datagram = padded(udp, bytes);
  return ported(ip, datagram) + (bytes.length < udp.size ? "truncated-udp" : `udp ${datagram.length}`);
}

function icmpText(bytes: Uint8Array, { SWAP }: LineOptions): string {
  if (bytes.length < shown.icmpType) return "truncated-icmp";
  const { type, code } = padded(icmp, bytes);
  const typeName = nameOf(icmpTypes, type);
  const codeName = nameOf(icmpCodes[type] ?? {}, code);
  switch (type) {
    case icmpTypes.echo:
    case icmpTypes["echo-reply"]: {
      if (bytes.length < icmp.size + icmpEcho.size) return `icmp ${typeName} truncated-icmp`;
      const { identifier, sequenceNumber } = icmpEcho.view(bytes, icmp.size);
      const show = (value: number): number => (SWAP ? value : ((value & 0xff) << 8) | (value >> 8));
      return `icmp ${typeName} (${show(identifier)}, ${show(sequenceNumber)})`;
    }
    case icmpTypes.unreachable:
      return unreachableText(bytes, code, codeName ?? `code ${code}`);
    default: {
      const shownCode = codeName ?? (code ? `code ${code}` : undefined);
      return `icmp ${typeName ?? `type ${type}`}${shownCode === undefined ? "" : ` ${shownCode}`}`;
    }
  }
}

/** Which packet did not reach what. */
function unreachableText(bytes: Uint8Array, code: number, reason: string): string {
  const about = bytes.subarray(icmp.size + icmpUnreachable.size);
  if (about.length < ipv4.size) return `icmp unreachable ${reason} truncated-icmp`;
  const ip = ipv4.view(about);
  const text = `icmp ${formatIpAddress(ip.destination)} unreachable ${reason}`;
  const protocol = protocolNames.get(ip.protocol);
  if (code === icmpCodes[icmpTypes.unreachable]?.protocol) return `${text} ${protocol ?? ip.protocol}`;
  if (code === icmpCodes[icmpTypes.unreachable]?.port) {
    const ports = about.subarray(ip.headerLength);
    const start = `${text} ${protocol ?? `protocol ${ip.protocol}`}`;
    return ports.length < shown.ports ? `${start}truncated-icmp` : `${start}/${padded(udp, ports).destinationPort}`;
  }
  const { nextHopMtu } = icmpUnreachable.view(bytes, icmp.size);
  return code === icmpCodes[icmpTypes.unreachable]?.needfrag && nextHopMtu ? `${text} (mtu ${nextHopMtu})` : text;
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}
