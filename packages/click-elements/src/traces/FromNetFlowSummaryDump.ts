/**
 * FromNetFlowSummaryDump(FILENAME [, keywords STOP, ACTIVE, ZERO, MULTIPACKET, LINK, TIMING]) — makes packets of a summary of NetFlow records.
 *
 * A line tells of a flow, with `|` between at least 15 fields: source and destination address (0 and 1), input and output interface (3 and 4),
 * numbers of packets and bytes (5 and 6), the seconds of the first and the last packet (7 and 8; 0 is the first again), source and destination port
 * (9 and 10), TCP flags (12), protocol (13), type of service (14). Lines that are empty or begin with `!` or `#` are passed over. At the first line
 * that cannot be read, which is reported, and at others, the element stops until its handler `active` is written.
 *
 * A packet stands for its flow: its extra packets, extra length and first timestamp annotations say so. With MULTIPACKET true all packets of the
 * flow are made, equal in length and distance. LINK says which interface is the paint: `input` (the default), `output`, or `both`, four bits each.
 * TIMING true plays packets at the distances in time that they have in the file. With STOP true, asks the driver to stop after the last. ACTIVE
 * false waits for the handler. ZERO is accepted: what is not told is always zero. FILENAME may be compressed with gzip or bzip2; `-` is
 * standard input. Runs in process only, not in a virtual machine.
 *
 * Handlers: encap, filename, filesize, filepos (read), active (read, write).
 *
 *   FromNetFlowSummaryDump(flows.txt, STOP true) -> ToIPSummaryDump(-, FIELDS ip_src ip_dst count ip_len)
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  emptyScope,
  type HostFrame,
  type HostService,
  keyword,
  parseIpAddress,
  readText,
  required,
  type ServiceContext,
} from "@clickos/click-core/element";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { SeveralPackets } from "../analysis/several-packets.ts";
import { type LineSourceConfig, lineSource, openLines } from "../lib/line-source.ts";
import { fileSource } from "../lib/service-source.ts";

interface NetFlowConfig extends LineSourceConfig {
  readonly MULTIPACKET: boolean;
}

const second = 1_000_000_000n;
const columns = 15;
/** Fields that must be read for a line to be one. */
const leastRead = 10;
const byte = 0xff;
const word = 0xffff;

/** Which interface is the paint: the bits of each, and how far the input's are shifted. */
const links = {
  input: { input: byte, output: 0, shift: 0 },
  output: { input: 0, output: byte, shift: 0 },
  both: { input: 15, output: 15, shift: 4 },
} as const;
type Link = (typeof links)[keyof typeof links];

const config = {
  FILENAME: required(arg.filename),
  STOP: keyword(arg.bool, false),
  ACTIVE: keyword(arg.bool, true),
  ZERO: keyword(arg.bool, true),
  MULTIPACKET: keyword(arg.bool, false),
  LINK: keyword(arg.string, "input"),
  TIMING: keyword(arg.bool, false),
};

export const FromNetFlowSummaryDump: ElementClass = element<typeof config, Link>({
  name: "FromNetFlowSummaryDump",
  ports: "0/1",
  processing: "a/a",
  config,
  prepare({ config, error }): Link {
    const name = config.LINK.toLowerCase();
    if (Object.hasOwn(links, name)) return links[name as keyof typeof links];
    error("'LINK' should be 'input', 'output', or 'both'");
    return links.input;
  },
  service: netFlowService,
  ...fileSource(),
});

function netFlowService(context: ServiceContext<NetFlowConfig, Link>): HostService {
  const { config, plan, host } = context;
  const open = openLines(context);
  const { lines, place } = open;
  lines.peek();
  const several = new SeveralPackets();
  let complained = false;
  const readFlow = (): HostFrame | null => {
    for (;;) {
      const line = lines.next();
      if (!line) return null;
      if (/^[!#]/.test(line.bytes)) continue;
      const frame = flowPacket(line.bytes, plan);
      if (frame) return frame;
      if (!complained) host.chatter(`${place()}: bad format`);
      complained = true;
      return null;
    }
  };
  const { service, handlers } = lineSource(context, open, {
    refusal: "type mismatch",
    read() {
      const frame = several.waiting ?? readFlow();
      return frame && config.MULTIPACKET ? several.take(frame) : frame;
    },
  });
  const { active, encap, filename, filesize, filepos } = handlers;
  return { ...service, handlers: { active, encap, filename, filesize, filepos } };
}

/** The number that a field is; `undefined` where it is none, or too large. */
function numberOf(text: string | undefined, most = 0xffffffff): number | undefined {
  const value = readText(arg.u32, text ?? "", emptyScope);
  return typeof value === "number" && value <= most ? value : undefined;
}

/** The packet that stands for a line's flow. */
function flowPacket(line: string, link: Link): HostFrame | undefined {
  const fields = line.split("|", columns);
  if (fields.length < columns || fields[columns - 1] === "") return undefined;
  const [source, destination] = [parseIpAddress(fields[0] ?? ""), parseIpAddress(fields[1] ?? "")];
  const number = (column: number, most?: number): number | undefined => numberOf(fields[column], most);
  const [packets, octets, start, end] = [number(5), number(6), number(7), number(8)];
  const [sport, dport] = [number(9, word), number(10, word)];
  const [flags, protocol, tos] = [number(12, byte), number(13, byte), number(14, byte)];
  const [input, output] = [link.input ? number(3) : 0, link.output ? number(4) : 0];
  const paint =
    input === undefined || output === undefined
      ? undefined
      : (Math.min(input, link.input) << link.shift) | Math.min(output, link.output);
  const all = [source, destination, packets, octets, start, end, sport, dport, flags, protocol, tos, paint];
  if (all.filter((value) => value !== undefined).length < leastRead) return undefined;

  const bytes = new Uint8Array(ipv4.size + tcp.size);
  const totalLength = Math.min(octets ?? 0, word);
  ipv4.emit(bytes, {
    ttl: 0,
    source: source ?? 0,
    destination: destination ?? 0,
    protocol: protocol ?? 0,
    tos: tos ?? 0,
    totalLength,
  });
  const ports = udp.view(bytes, ipv4.size);
  ports.sourcePort = sport ?? 0;
  ports.destinationPort = dport ?? 0;
  let length: number = ipv4.size;
  if (protocol === ipProtocols.tcp) {
    const segment = tcp.view(bytes, ipv4.size);
    segment.flags = flags ?? 0;
    segment.dataOffset = tcp.size / tcp.table.headerLength.unit;
    length += tcp.size;
  } else if (protocol === ipProtocols.udp) {
    ports.length = (totalLength - ipv4.size) & word;
    length += udp.size;
  }
  return {
    frame: bytes.subarray(0, length),
    timestampNs: BigInt(end || start || 0) * second,
    network: 0,
    transport: ipv4.size,
    annotate(annotations) {
      annotations.setUint8(annotation.paint, paint ?? 0);
      // A flow of no packets is told of by one.
      annotations.setUint32(annotation.extraPackets, Math.max(0, (packets ?? 1) - 1), true);
      annotations.setUint32(annotation.extraLength, ((octets ?? 0) - length) >>> 0, true);
      annotations.setBigUint64(annotation.firstTimestamp, BigInt(start ?? 0) * second, true);
    },
  };
}
