/** Arguments that name annotations; the paint annotation, and the argument of the elements that use it. */
import {
  type ArgumentType,
  annotation,
  annotationBytes,
  type NameValues,
  parseInteger,
  type Scope,
} from "@clickos/click-core/element";

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

/** Bytes of the annotation area that a name or the number of the first says; `size` is 0 where any number may be meant. */
export function readAnnotation(text: string, scope: Scope): NameValues["annotation"] | undefined {
  const known = Object.hasOwn(names, text) ? names[text] : undefined;
  if (known) return { offset: known[0], size: known[1] };
  const named = scope.lookup("annotation", text);
  if (named) return named;
  const offset = Number(parseInteger(text) ?? -1n);
  return offset >= 0 && offset < annotationBytes ? { offset, size: 0 } : undefined;
}

/** So many bytes of the annotation area: the position of the first, or a name. */
export function annotationArgument(bytes: number): ArgumentType<number> {
  const known = Object.entries(names).find(([, [, size]]) => size === bytes);
  return {
    expects: `an annotation byte from 0 to ${annotationBytes - bytes}${known ? `, or a name such as ${known[0]}` : ""}`,
    parse(text, scope) {
      const { offset = annotationBytes, size = 0 } = readAnnotation(text, scope) ?? {};
      return (size === 0 || size === bytes) && offset + bytes <= annotationBytes ? offset : undefined;
    },
  };
}

/** A byte of the annotation area. */
export const annotationByte: ArgumentType<number> = annotationArgument(1);
export const paintByte: number = annotation.paint;
