/** What the compiler makes for domains keeps to the list of what guests may have, and what is changed in it does too or is refused. */

import { type Image, loadImage } from "@clickos/click-image";
import { checkKernel, hypercalls, KernelError } from "@clickos/hypervisor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { codeOf, everyImage } from "./images.ts";

let images: Image[];
beforeAll(async () => {
  images = await everyImage();
}, 60_000);

function isAllowed(bytes: Uint8Array): boolean {
  try {
    checkKernel(bytes);
    return true;
  } catch (e) {
    if (e instanceof KernelError) return false;
    throw e;
  }
}

/** By what an engine says is in a module, and by its sections. */
function holdsNothingElse(bytes: Uint8Array<ArrayBuffer>): void {
  const module = new WebAssembly.Module(bytes);
  const names = new Set(["memory", ...hypercalls.map((h) => h.name)]);
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module))
    expect([from, names.has(name), kind]).toEqual(["xen", true, name === "memory" ? "memory" : "function"]);
  const exported = WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`);
  expect(exported.sort()).toEqual(["function boot", "function vcpu"]);
  const sections: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    sections.push(bytes[at++] as number);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
  }
  expect(sections.filter((id) => ![0, 1, 2, 3, 7, 10, 11, 12].includes(id))).toEqual([]);
}

describe("code of images", () => {
  it("is allowed, whatever the configuration has in it", async () => {
    expect(images.length).toBeGreaterThan(150);
    for (const image of images) {
      await loadImage(image.bytes);
      expect(WebAssembly.validate(image.bytes)).toBe(true);
      holdsNothingElse(image.bytes);
    }
  });

  it("with bytes that were changed is refused, or has nothing else in it", () => {
    let passed = 0;
    const change = fc.record({
      at: fc.nat(),
      to: fc.nat(255),
      how: fc.constantFrom("set", "insert", "remove", "copy"),
    });
    fc.assert(
      fc.property(fc.nat(images.length - 1), fc.array(change, { minLength: 1, maxLength: 3 }), (which, changes) => {
        let bytes = codeOf(images[which] as Image);
        for (const { at, to, how } of changes) {
          const i = 8 + (at % (bytes.length - 8));
          if (how === "set") bytes[i] = to;
          else if (how === "copy") bytes[i] = bytes[8 + ((i + to) % (bytes.length - 8))] as number;
          else if (how === "insert") bytes = Uint8Array.of(...bytes.subarray(0, i), to, ...bytes.subarray(i));
          else bytes = Uint8Array.of(...bytes.subarray(0, i), ...bytes.subarray(i + 1));
        }
        if (!isAllowed(bytes)) return;
        if (!WebAssembly.validate(bytes)) return;
        passed++;
        holdsNothingElse(bytes);
      }),
      { numRuns: 3000 },
    );
    // Constants, names and data can be anything.
    expect(passed).toBeGreaterThan(50);
  });

  it("that an engine refuses because of its form is refused before", () => {
    // Every byte of one module, every value: what passes differs from a valid module in types and indices only.
    const bytes = codeOf(images[0] as Image);
    const messages = new Map<string, number>();
    for (let at = 8; at < Math.min(bytes.length, 700); at++)
      for (let value = 0; value < 256; value += 5) {
        const before = bytes[at] as number;
        bytes[at] = value;
        if (isAllowed(bytes) && !WebAssembly.validate(bytes)) {
          try {
            new WebAssembly.Module(bytes);
          } catch (e) {
            const what = (e as Error).message.replace(/^.*?: /, "").replace(/@\+\d+|\d+|'.*?'|"[^"]*"/g, "…");
            messages.set(what, (messages.get(what) ?? 0) + 1);
          }
        }
        bytes[at] = before;
      }
    for (const what of messages.keys()) expect(what).not.toMatch(/opcode|LEB|section|extra bytes|prefix|alignment/);
  });
});
