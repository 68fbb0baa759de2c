/**
 * The WebAssembly back end: encodes the intermediate representation as a binary module.
 *
 * Spec: WebAssembly Core 2.0 section 5 (binary format), with the threads proposal's shared memory and atomics,
 * fixed-width SIMD for 16-byte moves, and multi-memory where there is more than one. The name section (appendix 7.4) carries function and parameter names.
 */
import { ByteWriter } from "./byte-writer.ts";
import type { Backend, FunctionRef, ModuleIr } from "./ir.ts";
import { dataMode, externKind, functionForm, memoryFlags, moduleHeader, op, sectionId, typeCode } from "./opcodes.ts";
import { type CodeRegion, FunctionEncoder } from "./wasm-function.ts";

/** A custom section: id 0, size, name, bytes. Appended to a module it changes nothing of what the module does. */
export function customSection(name: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = new ByteWriter();
  content.name(name);
  content.raw(payload);
  const out = new ByteWriter();
  out.u8(sectionId.custom);
  out.sized(content);
  return out.bytes().slice();
}

/** The WebAssembly binary of a module: the same bytes for the same module. */
export const wasmBackend: Backend<Uint8Array<ArrayBuffer>> = { name: "wasm", encode: (ir) => encode(ir, []) };

/** Whether the engine that this runs in takes modules with more than one memory. */
export function hasSeveralMemories(): boolean {
  severalMemories ??= WebAssembly.validate(encode(twoMemories, []));
  return severalMemories;
}
let severalMemories: boolean | undefined;

const memory = { module: "m", initialPages: 0, maximumPages: 0, shared: false };
const twoMemories: ModuleIr = {
  memories: [
    { ...memory, name: "0" },
    { ...memory, name: "1" },
  ],
  imports: [],
  functions: [],
  exports: new Map(),
  data: [],
  dataPlaced: "atStart",
};

/** Which bytes of a module's binary belong to the blocks that were given a region, outer ones first. */
export function wasmRegions(ir: ModuleIr): CodeRegion[] {
  const regions: CodeRegion[] = [];
  encode(ir, regions);
  return regions;
}

function encode(ir: ModuleIr, regions: CodeRegion[]): Uint8Array<ArrayBuffer> {
  const { imports, functions } = ir;
  const index = new Map<FunctionRef, number>();
  for (const f of imports) index.set(f, index.size);
  for (const { ref } of functions) index.set(ref, index.size);

  const types: string[] = [];
  const signatures: FunctionRef[] = [];
  const typeOf = (f: FunctionRef): number => {
    const key = `${f.params.join()}>${f.result ?? ""}`;
    const at = types.indexOf(key);
    if (at >= 0) return at;
    signatures.push(f);
    return types.push(key) - 1;
  };
  for (const f of index.keys()) typeOf(f);
  const passive = ir.data.length > 0 && ir.dataPlaced === "byCode";

  const out = new ByteWriter();
  out.raw(Uint8Array.from(moduleHeader));
  /** Returns where the section's content begins. */
  const section = (id: number, fill: (b: ByteWriter) => void): number => {
    const content = new ByteWriter();
    fill(content);
    out.u8(id);
    out.sized(content);
    return out.length - content.length;
  };

  section(sectionId.type, (b) =>
    b.vector(signatures, (f) => {
      b.u8(functionForm);
      b.vector(f.params, (t) => b.u8(typeCode[t]));
      b.vector(f.result ? [f.result] : [], (t) => b.u8(typeCode[t]));
    }),
  );
  section(sectionId.import, (b) => {
    b.u32(imports.length + ir.memories.length);
    for (const memory of ir.memories) {
      b.name(memory.module);
      b.name(memory.name);
      b.u8(externKind.memory);
      b.u8(memory.shared ? memoryFlags.shared : memoryFlags.bounded);
      b.u32(memory.initialPages);
      b.u32(memory.maximumPages);
    }
    for (const f of imports) {
      b.name(f.imported?.module ?? "");
      b.name(f.imported?.name ?? "");
      b.u8(externKind.function);
      b.u32(typeOf(f));
    }
  });
  section(sectionId.function, (b) => b.vector(functions, (f) => b.u32(typeOf(f.ref))));
  section(sectionId.export, (b) =>
    b.vector([...ir.exports], ([name, f]) => {
      b.name(name);
      b.u8(externKind.function);
      b.u32(index.get(f) as number);
    }),
  );
  if (passive) section(sectionId.dataCount, (b) => b.u32(ir.data.length));
  const found: CodeRegion[] = [];
  const instructions = new ByteWriter();
  const code = section(sectionId.code, (b) =>
    b.vector(functions, (f) => {
      const encoder = new FunctionEncoder(f, index, ir, instructions);
      const from = encoder.encode(b);
      for (const r of encoder.regions) found.push({ name: r.name, start: from + r.start, end: from + r.end });
    }),
  );
  for (const r of found) regions.push({ name: r.name, start: code + r.start, end: code + r.end });
  if (ir.data.length > 0)
    section(sectionId.data, (b) =>
      b.vector(ir.data, (d) => {
        b.u8(passive ? dataMode.passive : dataMode.active);
        if (!passive) {
          b.u8(op.i32Const);
          b.s32(d.offset);
          b.u8(op.end);
        }
        b.u32(d.bytes.length);
        b.raw(d.bytes);
      }),
    );
  section(sectionId.custom, (b) => {
    b.name("name");
    if (ir.name !== undefined) {
      const name = new ByteWriter();
      name.name(ir.name);
      b.u8(0);
      b.sized(name);
    }
    const functions = new ByteWriter();
    functions.vector([...index], ([f, i]) => {
      functions.u32(i);
      functions.name(f.name);
    });
    b.u8(1);
    b.sized(functions);
    const locals = new ByteWriter();
    locals.vector([...index], ([f, i]) => {
      locals.u32(i);
      locals.vector(f.paramNames, (name, p) => {
        locals.u32(p);
        locals.name(name);
      });
    });
    b.u8(2);
    b.sized(locals);
  });
  return out.bytes().slice();
}
