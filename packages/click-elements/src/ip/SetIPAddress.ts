/**
 * SetIPAddress(IPADDR [, keyword ANNO]) — sets the destination address annotation of packets.
 *
 * ANNO is another annotation of 4 bytes to set, by its position or its name.
 *
 * Handlers: addr (read, write).
 *
 *   ... -> SetIPAddress(18.26.4.1) -> [0] q :: ARPQuerier(18.26.4.24, 02:00:00:00:00:01) -> ...; ... -> [1] q
 */
import { annotation, arg, type ElementClass, element, keyword, live, required } from "@clickos/click-core/element";
import { annotationArgument } from "../lib/annotations.ts";

export const SetIPAddress: ElementClass = element({
  name: "SetIPAddress",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    IPADDR: required(live(arg.ipAddress, { handler: "addr" })),
    ANNO: keyword(annotationArgument(4), annotation.dstIp),
  },
  action(_c, packet, { config, state }) {
    packet.annotation32(config.ANNO).set(state.ipaddr.get().swap32());
  },
});
