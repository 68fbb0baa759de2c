/** An ARP packet as a line of text, as tcpdump had it once: what ARPPrint prints. */
import { formatEtherAddress, formatIpAddress } from "@clickos/click-core/element";
import { arp, arpFixed, arpOperations, arpTypes } from "@clickos/wire/arp";

/** The line of a packet that starts with its ARP header; `undefined` where it is about no IPv4 addresses. */
export function arpLine(bytes: Uint8Array): string | undefined {
  if (bytes.length < arpFixed.size) return `truncated-arp (${bytes.length})`;
  // Addresses that are not there are zero.
  const whole = new Uint8Array(Math.max(arp.size, bytes.length));
  whole.set(bytes);
  const header = arp.view(whole);
  const { hardwareType, protocolType, hardwareLength, protocolLength, operation } = header;
  const isTrailer = protocolType === arpTypes.trailer;
  if ((protocolType !== arpTypes.ip && !isTrailer) || protocolLength !== 4 || hardwareLength === 0) return undefined;
  const [from, to] = [formatEtherAddress(header.senderHardware), formatEtherAddress(header.targetHardware)];
  const [fromIp, toIp] = [formatIpAddress(header.senderProtocol), formatIpAddress(header.targetProtocol)];
  const isKnown = header.targetHardware.subarray(0, hardwareLength).some((byte) => byte !== 0);
  const lines: Readonly<Record<number, string>> = {
    [arpOperations.request]: `arp who-has ${toIp}${isKnown ? ` (${to})` : ""} tell ${fromIp}`,
    [arpOperations.reply]: `arp reply ${fromIp} is-at ${from}`,
    [arpOperations.reverseRequest]: `rarp who-is ${to} tell ${from}`,
    [arpOperations.reverseReply]: `rarp reply ${to} at ${toIp}`,
    [arpOperations.inverseRequest]: `invarp who-is ${to} tell ${from}`,
    [arpOperations.inverseReply]: `invarp reply ${to} at ${toIp}`,
  };
  const what = lines[operation] ?? `arp-#${operation}`;
  return `${isTrailer ? "trailer-" : ""}${what}${hardwareType === arpTypes.ethernet ? "" : `hardware #${hardwareType}`}`;
}
