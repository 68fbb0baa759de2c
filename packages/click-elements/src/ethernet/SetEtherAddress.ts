/**
 * SetEtherAddress(ADDR, ANNO) — sets an Ethernet address in packets' annotations.
 *
 * ANNO is the first of six bytes of the annotations.
 *
 * Handlers: addr (read, write).
 *
 *   ... -> SetEtherAddress(02:00:00:00:00:01, 16) -> StoreEtherAddress(OFFSET dst, ANNO 16) -> ...
 */
import { type ElementClass, element, required } from "@clickos/click-core/element";
import { annotationArgument } from "../lib/annotations.ts";
import { liveEther } from "../lib/ether-address.ts";
import { annotationAddress } from "../lib/headers.ts";

export const SetEtherAddress: ElementClass = element({
  name: "SetEtherAddress",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { ADDR: required(liveEther), ANNO: required(annotationArgument(6)) },
  action(_c, packet, { config, state }) {
    annotationAddress(packet, config.ANNO).set(state.addr.get());
  },
});
