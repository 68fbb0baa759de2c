/** Arguments that name annotations; the paint annotation, and the argument of the elements that use it. */
import { type ArgumentType, annotation, annotationBytes } from "@clickos/click-core/element";

/** Names that configurations have for annotations: where each is, and its bytes. */
const names: Readonly<Record<string, readonly [offset: number, bytes: number]>> = {
  DST_IP: [annotation.dstIp, 4],
  DST_IP6: [annotation.dstIp6, 16],
  PAINT: [annotation.paint, 1],
  ICMP_PARAMPROB: [annotation.icmpParameterProblem, 1],
  FIX_IP_SRC: [annotation.fixIpSrc, 1],
  VLAN_TCI: [annotation.vlanTci, 2],
  AGGREGATE: [annotation.aggregate, 4],
  EXTRA_PACKETS: [annotation.extraPackets, 4],
  SEND_ERR: [annotation.sendError, 1],
  EXTRA_LENGTH: [annotation.extraLength, 4],
  IPREASSEMBLER: [annotation.ipReassembler, 4],
  FIRST_TIMESTAMP: [annotation.firstTimestamp, 8],
  PACKET_NUMBER: [annotation.packetNumber, 4],
  IPSEC_SPI: [annotation.ipsecSpi, 4],
  SEQUENCE_NUMBER: [annotation.sequenceNumber, 4],
};

/** So many bytes of the annotation area: the position of the first, or a name. */
export function annotationArgument(bytes: number): ArgumentType<number> {
  const known = Object.entries(names).filter(([, [, size]]) => size === bytes);
  return {
    expects: `an annotation byte from 0 to ${annotationBytes - bytes}${known[0] ? `, or a name such as ${known[0][0]}` : ""}`,
    parse(text) {
      const value = known.find(([name]) => name === text)?.[1][0] ?? (/^\d{1,2}$/.test(text) ? Number(text) : -1);
      return value >= 0 && value <= annotationBytes - bytes ? value : undefined;
    },
  };
}

/** A byte of the annotation area. */
export const annotationByte: ArgumentType<number> = annotationArgument(1);
export const paintByte: number = annotation.paint;
