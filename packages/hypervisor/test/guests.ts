/** Small guests in WebAssembly, for tests. */
import { type FunctionBuilder, type I32, type I64, moduleBuilder, wasmBackend } from "@clickos/codegen";
import { checkKernel, hypercalls } from "@clickos/hypervisor";

/** Where guests of these tests keep their counter. */
export const counterAt = 13 * 4096;

export type Body = (
  c: FunctionBuilder,
  hypercall: (name: string, ...args: (number | I32 | I64)[]) => I32,
  now: I64,
) => I32 | number;

/** A guest that counts its slices and then does `body`; what it returns is its state. */
export function guest(body: Body, boot?: (c: FunctionBuilder) => void): WebAssembly.Module {
  const bytes = guestBytes(body, boot);
  checkKernel(bytes);
  return new WebAssembly.Module(bytes);
}
/** As bytes. Its first function of its own is `boot`. */
export function guestBytes(body: Body, boot: (c: FunctionBuilder) => void = () => {}): Uint8Array<ArrayBuffer> {
  const m = moduleBuilder({ memory: { import: ["xen", "memory"], pages: 1, shared: true } });
  const calls = new Map(
    hypercalls.map((h) => [
      h.name,
      m.import("xen", h.name, Object.fromEntries(h.params.map((type, i) => [`p${i}`, type])), h.result),
    ]),
  );
  m.export("boot", m.func("boot", {}, undefined, boot));
  m.export(
    "vcpu",
    m.func("vcpu", { now: "i64", rounds: "i32" }, "i32", (c, { now }) => {
      c.store32(counterAt, c.load32(counterAt).add(1));
      const state = body(
        c,
        (name, ...args) => c.call(calls.get(name) as never, ...(args as [])) as unknown as I32,
        now,
      );
      return c.i32(state as never);
    }),
  );
  return wasmBackend.encode(m.toIr());
}

/** Runs without end. */
export const spinning: Body = (c) => {
  c.loop(() => {
    c.store32(counterAt + 4, c.load32(counterAt + 4).add(1));
  });
  return 0;
};
/** Traps: divides by what is zero. */
export const trapping: Body = (c) => c.i32(1).divU(c.load32(counterAt + 8));

export const counter = (memory: WebAssembly.Memory, word = 0): number =>
  Atomics.load(new Int32Array(memory.buffer), (counterAt >> 2) + word);
