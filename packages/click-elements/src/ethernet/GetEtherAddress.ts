/**
 * GetEtherAddress(ANNO, OFFSET) — copies an Ethernet address from the packet to its annotations.
 *
 * ANNO is the first of six bytes of the annotations. OFFSET is `src`, `dst`, or where the address is in the packet. A packet that ends
 * before leaves on output 1, or is dropped where that is not connected.
 *
 *   FromDevice(0) -> GetEtherAddress(16, src) -> ...
 */
import { type ElementClass, element, required } from "@clickos/click-core/element";
import { annotationArgument } from "../lib/annotations.ts";
import { addressOffset, checkOffset } from "../lib/ether-address.ts";
import { addressAt, annotationAddress } from "../lib/headers.ts";

export const GetEtherAddress: ElementClass = element({
  name: "GetEtherAddress",
  ports: "1/1-2",
  processing: "a/a",
  live: true,
  config: { ANNO: required(annotationArgument(6)), OFFSET: required(addressOffset) },
  prepare: ({ config, error }) => ({ offset: checkOffset(config.OFFSET, error) }),
  action(_c, packet, { config, plan, output, noutputs, isPush }) {
    const tooShort = (): void => {
      if (noutputs > 1 && isPush(1)) output(1).push(packet);
      else packet.drop("ends before the address");
    };
    annotationAddress(packet, config.ANNO).set(addressAt(packet, plan.offset, tooShort).get());
  },
});
