/** A cable between two NICs: what leaves one arrives at the other. */
import type { FrameBatch } from "@clickos/vale";
import { createFaultyWire, type FaultRates } from "./faults.ts";
import type { Ixgbe } from "./ixgbe.ts";

/**
 * Connects two NICs. Frames that find no descriptor are missed, as on hardware; with `faults` the cable damages frames of both
 * directions.
 */
export function connectNics(a: Ixgbe, b: Ixgbe, faults?: FaultRates): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    from.connect(faults ? createFaultyWire(to, faults) : { receive: (batch) => deliver(to, batch) });
}

function deliver(to: Ixgbe, batch: FrameBatch): void {
  const taken = to.arrive(batch, 0);
  if (taken < batch.count) to.missed(batch.count - taken);
}
