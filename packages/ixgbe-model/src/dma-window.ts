/**
 * Memory beside its own that a NIC may reach: what an IOMMU would let it. Addresses of it have `windowUpper` as their high half, and
 * count from the window's first byte.
 */
import type { FrameMemory } from "@clickos/vale";

export interface DmaWindow {
  /** The part of a memory that it is. */
  readonly memory: FrameMemory;
  /** The same for code: a memory, and where the part begins there. */
  readonly region: { readonly memory: WebAssembly.Memory; readonly at: number };
  /** Nothing is to be read or written there any more. */
  readonly closed: boolean;
}

/** The high half of a descriptor's address that names the window. */
export const windowUpper = 1;
