/** Copies of frames, as staged code: exactly their bytes, whatever the alignment, within a memory or from one to another. */
import type { Func, FunctionBuilder, I32, MemoryIndex, MemoryOperations, V128 } from "@clickos/codegen";

/** Bytes of a block: what one turn of a copy moves. */
export const blockBytes = 64;
const vectorBytes = 16;
/** From here on the engine's own copy is faster. */
const manyBytes = 512;

/** How long a frame may be that is moved as four vectors, the last of which may overlap the third. */
export const shortest4 = 48;

/** The four vectors of a frame of 48 to 64 bytes. */
export function load4(from: MemoryOperations, address: I32, length: I32): [V128, V128, V128, V128] {
  const last = address.add(length).sub(vectorBytes);
  return [from.load128(address), from.load128(address, 16), from.load128(address, 32), from.load128(last)];
}
/** Writes them. */
export function store4(to: MemoryOperations, address: I32, length: I32, v: readonly [V128, V128, V128, V128]): void {
  const [a, b, c, d] = v;
  to.store128(address, a);
  to.store128(address, b, 16);
  to.store128(address, c, 32);
  to.store128(address.add(length).sub(vectorBytes), d);
}
/** Whether a length is one of 48 to 64 bytes. */
export function fits4(length: I32): I32 {
  return length.sub(shortest4).leU(blockBytes - shortest4);
}

/**
 * Calls `blocks` for parts of 64 bytes, `vectors` for parts of 16, `byte` for single ones: each offset from the beginning, in
 * such a way that together they cover `length` bytes and nothing else. The last part overlaps the one before it.
 */
export function inParts(
  c: FunctionBuilder,
  length: I32,
  parts: { block(offset: I32): void; vector(offset: I32): void; byte(offset: I32): void },
): void {
  const whole = (size: number, part: (offset: I32) => void): void => {
    const last = length.sub(size);
    const at = c.var("i32", 0, "at");
    c.while(
      () => at.get().ltU(last),
      () => {
        part(at.get());
        at.set(at.get().add(size));
      },
    );
    part(last);
  };
  c.if(
    length.geU(blockBytes),
    () => whole(blockBytes, parts.block),
    () =>
      c.if(
        length.geU(vectorBytes),
        () => whole(vectorBytes, parts.vector),
        () => c.for(0, length, 1, parts.byte),
      ),
  );
}

/** Copies a frame between two of the module's memories. Frames of 48 to 64 bytes go without a call. */
export function copyFrameBetween(
  c: FunctionBuilder,
  memories: { readonly from: MemoryIndex; readonly to: MemoryIndex },
  from: I32,
  to: I32,
  length: I32,
): void {
  const source = c.in(memories.from);
  const target = c.in(memories.to);
  c.if(
    fits4(length),
    () => store4(target, to, length, load4(source, from, length)),
    () => c.call(copyLong(c, memories), from, to, length),
  );
}

function copyLong({ module }: FunctionBuilder, memories: { from: MemoryIndex; to: MemoryIndex }): Func<undefined> {
  const name = `copy from ${memories.from} to ${memories.to}`;
  return module.once(name, () =>
    module.func(name, { from: "i32", to: "i32", length: "i32" }, undefined, (c, { from, to, length }) => {
      const source = c.in(memories.from);
      const target = c.in(memories.to);
      c.if(length.geU(manyBytes), () => {
        target.copy(to, from, length, source);
        c.return();
      });
      const vector = (offset: I32, k: number): void =>
        target.store128(to.add(offset), source.load128(from.add(offset), k), k);
      inParts(c, length, {
        block: (offset) => {
          for (let k = 0; k < blockBytes; k += vectorBytes) vector(offset, k);
        },
        vector: (offset) => vector(offset, 0),
        byte: (offset) => target.store8(to.add(offset), source.load8(from.add(offset))),
      });
    }),
  );
}
