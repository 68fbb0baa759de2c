/** Code over the process's memory for frames: made when it is first used, once. */
import { type MemoryOptions, type ModuleBuilder, moduleBuilder, wasmBackend } from "@clickos/codegen";

/** A shared memory of any size, as modules import it. */
export function sharedMemory(name: MemoryOptions["import"]): MemoryOptions {
  return { import: name, pages: 1, maximumPages: 65_536, shared: true };
}

/**
 * What gives the exports of a module over the process's memory for frames (`FrameRegion.memory`), which `build` fills in.
 * The module's name is what stack traces call it.
 */
export function packetCode<Exports>(
  name: string,
  build: (module: ModuleBuilder) => void,
): (memory: WebAssembly.Memory) => Exports {
  let made: Exports | undefined;
  return (memory) => {
    if (!made) {
      const module = moduleBuilder({ name, memory: sharedMemory(["packets", "memory"]) });
      build(module);
      const code = new WebAssembly.Module(wasmBackend.encode(module.toIr()));
      made = new WebAssembly.Instance(code, { packets: { memory } }).exports as unknown as Exports;
    }
    return made;
  };
}
