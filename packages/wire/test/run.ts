/** Runs staged code over bytes at an address of a memory. */
import { type FunctionBuilder, type I32, moduleBuilder, moduleText, wasmBackend } from "@clickos/codegen";

export const address = 1024;

export interface Compiled {
  /** Runs it over bytes, which it may change; what follows them in memory is 0xa5. */
  run(bytes: Uint8Array, length?: number): { result: number; after: Uint8Array; around: boolean };
  readonly text: string;
}

/** Compiles a function of the bytes' address and number. */
export function compile(body: (c: FunctionBuilder, at: I32, length: I32) => I32 | number): Compiled {
  const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
  m.export(
    "f",
    m.func("f", { at: "i32", length: "i32" }, "i32", (c, { at, length }) => body(c, at, length)),
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const ir = m.toIr();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(ir)), { env: { memory } });
  const f = exports.f as (at: number, length: number) => number;
  const whole = new Uint8Array(memory.buffer);
  return {
    text: moduleText(ir),
    run(bytes, length = bytes.length) {
      whole.fill(0xa5);
      whole.set(bytes, address);
      const result = f(address, length);
      const after = whole.slice(address, address + bytes.length);
      const around = [
        ...whole.subarray(address - 64, address),
        ...whole.subarray(address + bytes.length, address + bytes.length + 64),
      ].every((b) => b === 0xa5);
      return { result, after, around };
    },
  };
}
