/**
 * SetRandIPAddress(PREFIX [, LIMIT]) — sets the destination address annotation of packets to addresses at random.
 *
 * The addresses are of PREFIX; with LIMIT, at most so many different ones, which are drawn at the start. After RandomSeed they are those
 * that Click draws, unless LIMIT is over 65,536: then they are computed when they are needed, and others.
 *
 *   ... -> SetRandIPAddress(10.0.0.0/8, 100) -> ...
 */
import { arg, type ElementClass, element, positional, required } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { array, u32 } from "@clickos/layout";
import { draw } from "../lib/draw.ts";

/** So many addresses are kept at most. */
const mostKept = 1 << 16;
const kept = (limit: number): number => (limit <= mostKept ? Math.max(limit, 0) : 0);

export const SetRandIPAddress: ElementClass = element({
  name: "SetRandIPAddress",
  ports: "1/1",
  processing: "a/a",
  config: { PREFIX: required(arg.ipPrefix), LIMIT: positional(arg.i32, -1) },
  state: ({ config }) => ({ seed: u32, addresses: array(u32, Math.max(kept(config.LIMIT), 1)) }),
  init(c, { config: { LIMIT }, state, secret }) {
    if (LIMIT > mostKept) state.seed.set(secret());
    else c.for(0, kept(LIMIT), 1, (i) => state.addresses.at(i).set(secret().swap32()));
  },
  action(c, packet, { config, state, secret }) {
    const { PREFIX, LIMIT } = config;
    const one = (): I32 => {
      if (LIMIT <= 0) return secret().swap32();
      const number = draw(c, secret, LIMIT - 1);
      return LIMIT > mostKept ? mixed(number.add(state.seed.get())) : state.addresses.at(number).get();
    };
    packet.dstIp.set(
      one()
        .and(~PREFIX.mask)
        .or(PREFIX.address & PREFIX.mask),
    );
  },
});

/** Bits that depend on all bits of a number: the last steps of MurmurHash3. Each number of an address gives that address again. */
function mixed(number: I32): I32 {
  const spread = (value: I32, shift: number, factor: number): I32 => value.xor(value.shrU(shift)).mul(factor | 0);
  const twice = spread(spread(number, 16, 0x85ebca6b), 13, 0xc2b2ae35);
  return twice.xor(twice.shrU(16));
}
