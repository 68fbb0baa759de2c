/**
 * AggregateIP(FIELD [, keywords INCREMENTAL, UNSHIFT_IP_ADDR]) — sets the aggregate annotation to a field of the packet.
 *
 * FIELD is a field of the IP header, of a transport header, or of what that carries, such as `ip src`, `tcp sport`, `ip[8:2]`,
 * `ip src/8` or `ip off & 0x1fff`; it has at most 32 bits and lies within one 32-bit word of its header. The annotation is its value.
 *
 * With INCREMENTAL true the annotation is moved up by the field's bits, and the value stands below what it was. With
 * UNSHIFT_IP_ADDR true, a part of an IP address keeps its place: with `ip src/8` the packets from 10.0.0.0 on have 167772160, not 10.
 *
 * Packets that do not have the field, as they are too short, later fragments, or of another protocol, leave on output 1 if it is
 * connected, and are dropped otherwise.
 *
 * Handlers: header, bit_offset, bit_length, field (read).
 *
 *   FromDump(trace.pcap, FORCE_IP true) -> AggregateIP(ip dst) -> AggregateCounter -> ...
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  keyword,
  type Packet,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { protocolGroups } from "@clickos/wire/names";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";
import { headerName, type IpField, ipFieldText, readIpField } from "../lib/ip-field.ts";

/** Bits of the word that a field is in. */
const wordBits = 32;

interface Plan {
  readonly field: IpField;
  /** Where the field's word is in its header, in bytes. */
  readonly at: number;
  /** The value is the word, moved down so far, and of that these bits. */
  readonly shift: number;
  readonly mask: number;
}

export const AggregateIP: ElementClass = element({
  name: "AggregateIP",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    FIELD: required(arg.raw),
    INCREMENTAL: keyword(arg.bool, false),
    UNSHIFT_IP_ADDR: keyword(arg.bool, false),
  },
  prepare({ config, scope, error }): Plan {
    const read = readIpField(config.FIELD, scope);
    const field = "field" in read ? read.field : { protocol: 0, bit: 0, bits: 1 };
    const last = field.bit + field.bits - 1;
    if ("problem" in read) error(read.problem, 0);
    else if (read.rest !== "") error("garbage after field specification", 0);
    else if (Math.floor(field.bit / wordBits) !== Math.floor(last / wordBits))
      error("field specification does not fit within a single word", 0);
    else if (field.bits === wordBits && config.INCREMENTAL)
      error(`'INCREMENTAL' is incompatible with field length ${wordBits}`);
    const mask = 2 ** field.bits - 1;
    const shift = wordBits - 1 - (last % wordBits);
    const { source, destination } = ipv4.fields;
    const inAddress = field.protocol === 0 && field.bit >= source.bit && field.bit < destination.bit + destination.bits;
    const at = Math.floor(field.bit / wordBits) * (wordBits / 8);
    return config.UNSHIFT_IP_ADDR && inAddress
      ? { field, at, shift: 0, mask: (mask << shift) | 0 }
      : { field, at, shift, mask: mask | 0 };
  },
  handlers: {
    header: { constant: ({ plan }) => headerName(plan.field.protocol) },
    bit_offset: { constant: ({ plan }) => plan.field.bit },
    bit_length: { constant: ({ plan }) => plan.field.bits },
    field: { constant: ({ plan }) => ipFieldText(plan.field) },
  },
  action(c, packet, { config, plan, output }) {
    const { field, at, shift, mask } = plan;
    const refuse = (): void => output(1).push(packet, "the field is not there");
    c.if(packet.network.eqz(), refuse);
    const start = headerOf(c, packet, field.protocol, refuse);
    const end = packet.data.add(packet.length);
    c.if(start.add(at + wordBits / 8).gtU(end), refuse);
    const value = c.load32(start, at, "be").shrU(shift).and(mask);
    const aggregate = packet.annotation32(annotation.aggregate);
    aggregate.set(config.INCREMENTAL ? aggregate.get().shl(field.bits).add(value) : value);
  },
});

/** The address at which a header starts; packets that have no such header are refused. */
function headerOf(c: FunctionBuilder, packet: Packet, protocol: number, refuse: () => void): I32 {
  if (protocol === 0) return packet.network;
  const { ip, transport } = packet;
  c.if(ip.fragmentOffset.get().ne(0), refuse);
  if (protocol === protocolGroups.transp) return transport;
  const carried = ip.protocol.get();
  const [isTcp, isUdp] = [carried.eq(ipProtocols.tcp), carried.eq(ipProtocols.udp)];
  if (protocol === protocolGroups.tcpudp) c.if(isTcp.or(isUdp).eqz(), refuse);
  else if (protocol !== protocolGroups.payload) c.if(carried.ne(protocol), refuse);
  if (protocol !== protocolGroups.payload) return transport;
  const start = c.var("i32", transport, "payload");
  c.if(
    isUdp,
    () => start.set(transport.add(udp.size)),
    () => {
      const segment = transportOf(packet);
      c.if(isTcp.eqz().or(segment.has(tcp.size).eqz()), refuse);
      start.set(transport.add(segment.header(tcp, "stated").headerLength));
    },
  );
  return start.get();
}
