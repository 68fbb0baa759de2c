/**
 * StoreIPAddress(OFFSET), StoreIPAddress(ADDR, OFFSET) — writes an IP address into packets.
 *
 * Writes ADDR, or else the destination address annotation, OFFSET bytes into the packet; no checksum is changed. With `src` or
 * `dst` for OFFSET it becomes the source or destination of the marked IP header, and that header's checksum and TCP's or UDP's are
 * brought up to date.
 *
 * Packets that end before the address would, those without a header that `src` and `dst` need, and, of StoreIPAddress(OFFSET), those
 * whose annotation is 0.0.0.0 leave on output 1 if that is connected and are dropped otherwise.
 *
 *   ... -> StoreIPAddress(1.0.0.1, src) -> ...
 */
import {
  arg,
  type ElementClass,
  element,
  Mistake,
  maximumLargeFrame,
  parseInteger,
  positional,
  readText,
} from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { stored32 } from "@clickos/wire";
import { doubleWordChange, updatedChecksum } from "@clickos/wire/checksum";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";

const addressSize = 4;

export const StoreIPAddress: ElementClass = element({
  name: "StoreIPAddress",
  ports: "1/1-2",
  processing: "a/ah",
  config: { ADDR: positional(arg.raw, ""), OFFSET: positional(arg.raw, "") },
  prepare({ config, arguments: texts, scope, error }) {
    const one = texts.length < 2;
    const offset = (one ? config.OFFSET || config.ADDR : config.OFFSET).toLowerCase();
    const address = one ? undefined : readText(arg.ipAddress, config.ADDR, scope);
    const field = offset === "src" ? "source" : offset === "dst" ? "destination" : undefined;
    const place = field ? 0 : Number(parseInteger(offset) ?? -1);
    if (texts.length === 0) error("required argument missing", { subject: "OFFSET" });
    else if (address instanceof Mistake) error("parse error", { subject: "ADDR" });
    else if (place < 0 || place > 0x7fffffff) error("type mismatch: OFFSET requires integer");
    return {
      address: address instanceof Mistake ? 0 : address,
      field,
      place: Math.min(place, maximumLargeFrame),
    } as const;
  },
  action(c, packet, { plan, output }) {
    const { address: given, field, place } = plan;
    const address = given === undefined ? packet.annotation32(0).get() : c.i32(stored32(given));
    if (field === undefined) {
      const fits = packet.length.geS(place + addressSize);
      c.if((given === undefined ? fits.and(address.ne(0)) : fits).eqz(), () =>
        output(1).push(packet, "no place for an address, or none to store"),
      );
      const at = packet.data.add(place);
      c.store32(at, address);
      return;
    }
    const other = (): void => output(1).push(packet, "no IP header marked");
    c.if(packet.network.eqz(), other);
    const { ip } = packet;
    c.if(ip.headerLength.ltU(ip.span.known), other);
    const { stored } = ip[field];
    const change = doubleWordChange(stored.get(), address);
    stored.set(address);
    const patch = (sum: { get(): I32; set(value: I32): void }): void => sum.set(updatedChecksum(sum.get(), change));
    patch(ip.checksum.stored);
    const transport = transportOf(packet);
    const protocol = ip.protocol.get();
    c.if(ip.fragmentOffset.get().eqz(), () => {
      c.if(protocol.eq(ipProtocols.tcp).and(transport.has(tcp.size)), () =>
        patch(transport.header(tcp, "stated").checksum.stored),
      );
      c.if(protocol.eq(ipProtocols.udp).and(transport.has(udp.size)), () => {
        const sum = transport.header(udp, "stated").checksum.stored;
        c.if(sum.get(), () => patch(sum));
      });
    });
  },
});
