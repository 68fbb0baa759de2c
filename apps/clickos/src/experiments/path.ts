/** A path that frames take from NIC to NIC through VMs, and how it is driven. */
import type { Hypervisor } from "@clickos/hypervisor";
import type { ValeSwitch } from "@clickos/vale";
import { batchOf, checkSequence, udpFrame } from "./frames.ts";
import type { CountingNic } from "./machines.ts";

export interface Path {
  readonly hypervisor: Hypervisor;
  readonly input: CountingNic;
  readonly output: CountingNic;
  /** In the order in which frames pass. */
  readonly bridges: readonly ValeSwitch[];
}

/** Moves what is on the way, once everywhere. */
export function turn({ hypervisor, bridges }: Path): void {
  for (const [i, bridge] of bridges.entries()) {
    bridge.forward();
    // Behind the last one is no VM, unless there is only one.
    if (i === 0 || i < bridges.length - 1) hypervisor.run();
  }
}

/** Whether a bound is not reached, so that frames that never come do not hold a measurement up. */
const mostTurns = 100_000;

/** A step that sends batches of frames of one length and waits for all of them; none may be lost. */
export function pathStep(
  path: Path,
  bytes: number,
  burst = 128,
  frame: Uint8Array<ArrayBuffer> = udpFrame(bytes - checkSequence),
): () => number {
  const batch = batchOf([frame], burst);
  const { input, output } = path;
  return () => {
    const before = output.left;
    let arrived = 0;
    for (let i = 0; i < 8; i++) {
      arrived += input.nic.arrive(batch, 0);
      for (let turns = 0; output.left - before < arrived && turns < mostTurns; turns++) turn(path);
    }
    const left = output.left - before;
    if (left !== arrived) throw new Error(`${left} of ${arrived} frames came through`);
    return left;
  };
}

/** Microseconds from the arrival of one frame at the first NIC to its leaving the last one, for so many frames one after another. */
export function pathDelays(
  path: Path,
  count: number,
  frame: Uint8Array<ArrayBuffer> = udpFrame(64 - checkSequence),
): number[] {
  const batch = batchOf([frame], 1);
  return Array.from({ length: count }, () => {
    const before = path.output.left;
    const at = performance.now();
    path.input.nic.arrive(batch, 0);
    for (let turns = 0; path.output.left === before; turns++) {
      if (turns === mostTurns) throw new Error("a frame is lost on the way");
      turn(path);
    }
    return (performance.now() - at) * 1000;
  });
}
