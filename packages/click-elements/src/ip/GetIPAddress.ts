/**
 * GetIPAddress(OFFSET [, ANNO]), GetIPAddress(IP src) — sets the destination address annotation to an address in the packet.
 *
 * The address is OFFSET bytes into the packet: 16 for the destination of an IP packet. With IP `src` or `dst` in place of OFFSET, it is
 * one of the marked IP header. Where the packet ends before, the annotation becomes 0.0.0.0. ANNO is another annotation of 4 bytes
 * to set, by its position or its name.
 *
 *   ... -> Strip(14) -> GetIPAddress(16) -> ...
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  keyword,
  maximumLargeFrame,
  positional,
} from "@clickos/click-core/element";
import { annotationArgument } from "../lib/annotations.ts";

const addressSize = 4;

export const GetIPAddress: ElementClass = element({
  name: "GetIPAddress",
  ports: "1/1",
  processing: "a/a",
  config: {
    OFFSET: positional(arg.i32, -1),
    ANNO: positional(annotationArgument(4), annotation.dstIp),
    IP: keyword(arg.string, ""),
  },
  prepare({ config: { OFFSET, IP }, error }) {
    if (OFFSET >= 0 === (IP !== "")) error("set one of OFFSET, IP");
    else if (IP !== "" && IP !== "src" && IP !== "dst") error("bad IP");
  },
  action(c, packet, { config }) {
    const found = packet.annotation32(config.ANNO);
    if (config.OFFSET >= 0) {
      const offset = Math.min(config.OFFSET, maximumLargeFrame);
      const address = c.var("i32", 0, "address");
      const place = packet.data.add(offset);
      c.if(packet.length.geS(offset + addressSize), () => address.set(c.load32(place)));
      found.set(address.get());
    } else {
      c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
      const { source, destination } = packet.ip;
      found.set((config.IP === "src" ? source : destination).stored.get());
    }
  },
});
