/**
 * SetRandIPAddress(PREFIX [, LIMIT]) — sets the destination address annotation of packets to addresses at random.
 *
 * The addresses are of PREFIX; with LIMIT, at most so many different ones.
 *
 *   ... -> SetRandIPAddress(10.0.0.0/8, 100) -> ...
 */
import { arg, type ElementClass, element, positional, required } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { u32 } from "@clickos/layout";

export const SetRandIPAddress: ElementClass = element({
  name: "SetRandIPAddress",
  ports: "1/1",
  processing: "a/a",
  config: { PREFIX: required(arg.ipPrefix), LIMIT: positional(arg.i32, -1) },
  state: { seed: u32 },
  init: (_c, { state, random }) => state.seed.set(random()),
  action(_c, packet, { config, state, random }) {
    const { PREFIX, LIMIT } = config;
    const drawn = LIMIT > 0 ? mixed(random().remU(LIMIT).add(state.seed.get())) : random();
    packet.dstIp.set(drawn.and(~PREFIX.mask).or(PREFIX.address));
  },
});

/** Bits that depend on all bits of a number: the last steps of MurmurHash3. Each number of an address gives that address again. */
function mixed(number: I32): I32 {
  const spread = (value: I32, shift: number, factor: number): I32 => value.xor(value.shrU(shift)).mul(factor | 0);
  const twice = spread(spread(number, 16, 0x85ebca6b), 13, 0xc2b2ae35);
  return twice.xor(twice.shrU(16));
}
