/** SipHash-2-4 by the vectors of its authors' reference implementation. */
import { moduleBuilder, wasmBackend } from "@clickos/codegen";
import { expect, it } from "vitest";
import { sipHash } from "../src/lib/siphash.ts";

it.each([
  [1, "6224939a79f5f593"],
  [2, "db9bc2577fcc2a3f"],
])("of %i words", (count, expected) => {
  const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
  const hash = m.func("hash", {}, "i64", (c) =>
    sipHash(
      c,
      c.i32(0),
      Array.from({ length: count }, (_, i) => c.load64(c.i32(i * 8))),
    ),
  );
  m.export("hash", hash);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  // The key is the bytes 0 to 15, and so is the message.
  new Uint8Array(memory.buffer).set(Array.from({ length: 16 }, (_, i) => i));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(m.toIr())), {
    env: { memory },
  });
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigInt64(0, (exports.hash as () => bigint)(), true);
  expect(Buffer.from(bytes.buffer).toString("hex")).toBe(expected);
});
