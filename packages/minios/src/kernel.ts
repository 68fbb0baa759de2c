/** An image as a kernel that a hypervisor can start in a domain. */
import { type Kernel, wasmKernel } from "@clickos/hypervisor";

/** A kernel of a compiled module. `onPhase` is told of the steps of starting it, when that happens on this thread. */
export function imageKernel(module: WebAssembly.Module, onPhase: (phase: string) => void = () => {}): Kernel {
  return wasmKernel(module, onPhase);
}
