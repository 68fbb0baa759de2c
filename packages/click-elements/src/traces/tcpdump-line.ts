/** A line that tcpdump has printed, read into a packet: its time, its addresses and ports, and what its headers have. */
import { arg, emptyScope, Mistake, parseIpAddress, readText } from "@clickos/click-core/element";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { numberAt } from "../lib/number-prefix.ts";
import { TcpdumpPacket } from "./tcpdump-packet.ts";
import { readRemarks } from "./tcpdump-remarks.ts";
import { afterChecks, readSegment, type TcpdumpFlows } from "./tcpdump-segment.ts";

/** A port, by its number or its name. */
function portOf(text: string, protocol: "tcp" | "udp"): number | undefined {
  const port = readText(arg.port(protocol), text, emptyScope);
  return port instanceof Mistake ? undefined : port;
}

/** An address, and the port behind its last point or colon where there is one; `undefined` where it cannot be read. */
function readEnd(text: string, protocol: "tcp" | "udp" | undefined): { address: number; port: number } | undefined {
  const mark = protocol ? Math.max(text.lastIndexOf("."), text.lastIndexOf(":"), 0) : text.length;
  const address = parseIpAddress(text.slice(0, mark));
  const port = protocol ? portOf(text.slice(mark + 1), protocol) : 0;
  return address === undefined || port === undefined ? undefined : { address, port };
}

/** The protocol, by what is printed behind the addresses. */
function guessProtocol(text: string, at: number): number {
  const first = text[at] ?? "";
  if (first === "i") return ipProtocols.icmp;
  if (first === "u" || text.startsWith("[u", at)) return ipProtocols.udp;
  return /^[.A-Z]$/.test(first) ? ipProtocols.tcp : 0;
}

/** The packet of a line that begins with a digit; `undefined` where it cannot be read. */
export function readTcpdumpLine(text: string, flows: TcpdumpFlows): TcpdumpPacket | undefined {
  const packet = new TcpdumpPacket();
  const space = text.indexOf(" ");
  const time = space < 0 ? undefined : arg.time.parse(text.slice(0, space), emptyScope);
  if (typeof time !== "bigint" || BigInt.asUintN(64, time) !== time) return undefined;
  packet.timestampNs = time;

  const start = space + 1;
  const colon = text.indexOf(":", start);
  let rest = colon < 0 ? text.length : colon + 1;
  while (text[rest] === " ") rest++;
  const { ip } = packet;
  ip.protocol = guessProtocol(text, rest);
  const protocol = packet.isTcp ? "tcp" : packet.isUdp ? "udp" : undefined;

  const arrow = text.indexOf(" ", start);
  if (arrow <= start || arrow + 2 >= text.length || !text.startsWith(" > ", arrow)) return undefined;
  const from = readEnd(text.slice(start, arrow), protocol);
  const end = text.indexOf(":", arrow + 3);
  const to = from && readEnd(text.slice(arrow + 3, end < 0 ? text.length : end), protocol);
  if (!from || !to) return undefined;
  ip.source = from.address;
  ip.destination = to.address;
  if (protocol) {
    packet.udp.sourcePort = from.port;
    packet.udp.destinationPort = to.port;
  }

  if (packet.isTcp) rest = readSegment(packet, text, rest, flows);
  else if (packet.isUdp) {
    packet.length = ipv4.size + udp.size;
    rest = readDatagram(packet, text, rest);
  } else packet.length = ipv4.size;
  readRemarks(packet, text, rest);
  return packet;
}

/** `udp LENGTH`. */
function readDatagram(packet: TcpdumpPacket, text: string, at: number): number {
  const from = afterChecks(text, at, "udp");
  if (!/^udp \d/.test(text.slice(from, from + 5))) return from;
  const { value, end } = numberAt(text, from + 4, text.length);
  packet.dataLength = value | 0;
  return end;
}
