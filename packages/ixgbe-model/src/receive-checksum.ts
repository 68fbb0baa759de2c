/**
 * Receive checksum offload, section 7.1.11: whether the checksums of IPv4, TCP and UDP are right, as a descriptor tells it. Status
 * says what was checked, errors what was wrong.
 */
import { fold, ipv4, ipv6, onesSum, protocol, read16, udp } from "./headers.ts";
import type { Inspection } from "./inspection.ts";
import * as R from "./registers.ts";

/** A sum over words that have their checksum among them. */
const right = 0xffff;

/** Status and errors of a packet, as word 2 of an advanced descriptor has them. */
export function checkPacket(packet: Inspection): number {
  let status = 0;
  const { bytes, ip, ipAt } = packet;
  if (ip === 4) {
    status |= R.RX_IPCS;
    const headerBytes = packet.payloadAt - ipAt;
    if (onesSum(bytes, ipAt, headerBytes) !== right) status |= R.RX_ERROR_IPE;
  }
  const udpPacket = packet.protocol === protocol.udp;
  if (!packet.whole || (packet.protocol !== protocol.tcp && !udpPacket)) return status;
  const { payloadAt } = packet;
  const length = packet.payloadEnd - payloadAt;
  if (udpPacket) {
    status |= R.RX_UDPCS;
    // A sender of IPv4 may leave the checksum out.
    if (ip === 4 && read16(bytes, payloadAt + udp.checksum) === 0) return status;
  }
  status |= R.RX_L4CS;
  if (onesSum(bytes, payloadAt, length, pseudoHeader(packet, length)) !== right) status |= R.RX_ERROR_TCPE;
  return status;
}

/** The sum over the addresses, the protocol and the length. */
function pseudoHeader({ bytes, ip, ipAt, protocol }: Inspection, length: number): number {
  const addresses = ip === 4 ? onesSum(bytes, ipAt + ipv4.source, 8) : onesSum(bytes, ipAt + ipv6.source, 32);
  return fold(addresses + protocol + length);
}

/** The packet type, word 0 of an advanced descriptor: section 7.1.6.2. */
export function typeOf({ ip, extended, protocol: number }: Inspection): number {
  let type = 0;
  if (ip === 4) type = extended ? R.RX_TYPE_IPV4_EX : R.RX_TYPE_IPV4;
  else if (ip === 6) type = extended ? R.RX_TYPE_IPV6_EX : R.RX_TYPE_IPV6;
  if (number === protocol.tcp) type |= R.RX_TYPE_TCP;
  else if (number === protocol.udp) type |= R.RX_TYPE_UDP;
  else if (number === protocol.sctp) type |= R.RX_TYPE_SCTP;
  return type;
}
