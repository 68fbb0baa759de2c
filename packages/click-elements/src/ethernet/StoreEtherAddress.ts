/**
 * StoreEtherAddress([ADDR,] OFFSET [, keyword ANNO]) — writes an Ethernet address into packets.
 *
 * The address is ADDR, or with ANNO that of six bytes of the packet's annotations; then OFFSET is a keyword, too: `OFFSET dst, ANNO 16`.
 * OFFSET is `src`, `dst`, or where in the packet the address is to be. A packet that ends before leaves on output 1, or is dropped where
 * that is not connected.
 *
 * Handlers: addr (read, write).
 *
 *   ... -> StoreEtherAddress(02:00:00:00:00:01, src) -> ...
 */
import { type ElementClass, element, keyword, positional, required } from "@clickos/click-core/element";
import { annotationArgument } from "../lib/annotations.ts";
import { addressOffset, checkOffset, liveEther } from "../lib/ether-address.ts";
import { addressAt, annotationAddress } from "../lib/headers.ts";

export const StoreEtherAddress: ElementClass = element({
  name: "StoreEtherAddress",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    ADDR: positional(liveEther, undefined),
    OFFSET: required(addressOffset),
    ANNO: keyword(annotationArgument(6), undefined),
  },
  prepare({ config, error }) {
    if ((config.ADDR === undefined) === (config.ANNO === undefined)) error("must specify exactly one of ADDR/ANNO");
    return { offset: checkOffset(config.OFFSET, error) };
  },
  action(_c, packet, { config, state, plan, output }) {
    const at = addressAt(packet, plan.offset, () => output(1).push(packet, "ends before the address"));
    at.set(config.ANNO === undefined ? state.addr.get() : annotationAddress(packet, config.ANNO).get());
  },
});
