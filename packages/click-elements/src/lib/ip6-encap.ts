/** IPv6 headers that elements put before packets. */
import { type ElementContext, type Mistake, type Packet, readText, type Scope } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import type { Span, StagedValues } from "@clickos/wire";
import { ipv6 } from "@clickos/wire/ipv6";
import { dataOf } from "./headers.ts";
import { ip6Annotation, loadIp6, type StagedIp6, storeIp6, storeKnownIp6 } from "./ip6.ts";
import { formatIp6Address, ip6Address } from "./ip6-address.ts";

const annotated = "DST_ANNO";

/** What DST says: an address, `undefined` for the annotation, or what is wrong. */
export function readDestination(text: string, scope: Scope): Uint8Array | undefined | Mistake {
  return text === annotated ? undefined : readText(ip6Address, text, scope);
}

/** A destination as handlers show it; `otherwise` stands for the annotation. */
export const destinationText = (destination: Uint8Array | undefined, otherwise: string = annotated): string =>
  destination === undefined ? otherwise : formatIp6Address(destination);

/**
 * Puts an IPv6 header before the packet, and `transportSize` bytes between that and what the packet had, and marks it. It goes to
 * the destination, which becomes the annotation, or where that is undefined to the annotation. `some` gets the packet with the IPv6 header
 * complete and the bytes of the transport header unset.
 */
export function encapsulateIp6(
  c: FunctionBuilder,
  { packets }: Pick<ElementContext<any, any, any>, "packets">,
  packet: Packet,
  values: StagedValues<(typeof ipv6)["table"]>,
  destination: Uint8Array | undefined,
  transportSize: number,
  some: (packet: Packet, ip: StagedIp6, transport: Span) => void,
): void {
  const size = ipv6.size + transportSize;
  packets.room(packet, { head: size }, (packet) => {
    packet.unpull(size);
    const bytes = dataOf(packet).need(size, "stated");
    const ip = bytes.header(ipv6);
    ip.emit({ ...values, payloadLength: packet.length.sub(ipv6.size), ...(destination ? { destination } : {}) });
    const annotation = ip6Annotation(packet);
    if (destination) storeKnownIp6(c, annotation, destination);
    else storeIp6(c, ip.destination.address, loadIp6(c, annotation));
    const transport = bytes.advance(ipv6.size);
    packet.setNetworkHeader(ip.address, transport.address);
    some(packet, ip, transport);
  });
}
