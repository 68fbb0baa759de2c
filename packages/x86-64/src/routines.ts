/**
 * Routines that a module's code calls for what is more than a few instructions. They take their operands in `rax`, `rcx` and
 * `rdx` and leave all other registers as they are, but for the last two vector registers.
 */
import type { DataSegment, MemoryIndex } from "@clickos/codegen";
import { type Assembler, condition, type Label } from "./assembler.ts";
import { memoryBase, memorySize } from "./emit-memory.ts";
import { type Register, r15, rax, rcx, rdi, rdx, rsi } from "./registers.ts";

/** The name of the routine that places the module's data; the linker's caller runs it where that is to happen at the start. */
export const placeDataSymbol = "data.place";

export class Routines {
  private readonly a: Assembler;
  private readonly data: readonly DataSegment[];
  private readonly labels = new Map<string, Label>();
  private readonly pending: (() => { name: string; offset: number })[] = [];

  constructor(a: Assembler, data: readonly DataSegment[]) {
    this.a = a;
    this.data = data;
  }

  /** Copies `rcx` bytes from `rdx` in a memory to `rax` in another, as if by way of a buffer. */
  copy(to: MemoryIndex, from: MemoryIndex): Label {
    return this.once(`copy ${to} ${from}`, () => this.writeCopy(to, from));
  }
  /** Sets `rcx` bytes from `rax` on to the lowest 8 bits of `rdx`. */
  fill(memory: MemoryIndex): Label {
    return this.once(`fill ${memory}`, () => this.writeFill(memory));
  }
  placeData(): Label {
    return this.once(placeDataSymbol, () => this.writePlaceData());
  }
  /** Writes those that were asked for; their names and offsets. */
  write(): { name: string; offset: number }[] {
    return this.pending.splice(0).map((write) => write());
  }

  private once(name: string, write: () => void): Label {
    let label = this.labels.get(name);
    if (!label) {
      const made = this.a.label();
      label = made;
      this.labels.set(name, made);
      this.pending.push(() => {
        this.a.align(16, 0xcc);
        const offset = this.a.code.length;
        this.a.bind(made);
        write();
        return { name, offset };
      });
    }
    return label;
  }

  /** Adds a memory's base to an offset, of which `rcx` bytes have to be within the memory; uses `scratch`. */
  private checked(memory: MemoryIndex, offset: Register, scratch: Register, trap: Label): void {
    const { a } = this;
    a.lea(64, scratch, { base: offset, index: rcx });
    a.arithmetic("cmp", 64, scratch, { symbol: memorySize(memory) });
    a.jumpIf(condition.above, trap);
    if (memory === 0) a.arithmetic("add", 64, offset, r15);
    else a.arithmetic("add", 64, offset, { symbol: memoryBase(memory) });
  }

  private writeCopy(to: MemoryIndex, from: MemoryIndex): void {
    const { a } = this;
    const trap = a.label();
    const [backwards, short, loop, backLoop, done, bytes, four, eight, two] = Array.from({ length: 9 }, () =>
      a.label(),
    ) as [Label, Label, Label, Label, Label, Label, Label, Label, Label];
    const [last, moved] = [14, 15];
    a.push(rsi);
    a.push(rdi);
    a.mov(64, rdi, rax);
    a.mov(64, rsi, rdx);
    this.checked(from, rsi, rax, trap);
    this.checked(to, rdi, rax, trap);
    a.arithmeticConstant("cmp", 64, rcx, 16);
    a.jumpIf(condition.below, short);
    a.mov(64, rax, rdi);
    a.arithmetic("sub", 64, rax, rsi);
    a.arithmetic("cmp", 64, rax, rcx);
    a.jumpIf(condition.below, backwards);
    // The last 16 bytes are read before anything is written over them.
    a.loadVector(last, { base: rsi, index: rcx, displacement: -16 });
    a.lea(64, rdx, { base: rdi, index: rcx, displacement: -16 });
    a.bind(loop);
    a.loadVector(moved, { base: rsi });
    a.storeVector({ base: rdi }, moved);
    a.arithmeticConstant("add", 64, rsi, 16);
    a.arithmeticConstant("add", 64, rdi, 16);
    a.arithmetic("cmp", 64, rdi, rdx);
    a.jumpIf(condition.below, loop);
    a.storeVector({ base: rdx }, last);
    a.jump(done);

    a.bind(backwards);
    a.loadVector(last, { base: rsi });
    a.bind(backLoop);
    a.loadVector(moved, { base: rsi, index: rcx, displacement: -16 });
    a.storeVector({ base: rdi, index: rcx, displacement: -16 }, moved);
    a.arithmeticConstant("sub", 64, rcx, 16);
    a.arithmeticConstant("cmp", 64, rcx, 16);
    a.jumpIf(condition.above, backLoop);
    a.storeVector({ base: rdi }, last);
    a.jump(done);

    // Fewer than 16: the first and the last of the widest words that there are, which may have bytes in common.
    a.bind(short);
    a.testConstant(32, rcx, 8);
    a.jumpIf(condition.notEqual, eight);
    a.testConstant(32, rcx, 4);
    a.jumpIf(condition.notEqual, four);
    a.testConstant(32, rcx, 2);
    a.jumpIf(condition.notEqual, two);
    a.testConstant(32, rcx, 1);
    a.jumpIf(condition.notEqual, bytes);
    a.jump(done);
    const ends = (label: Label, width: 8 | 16 | 32 | 64): void => {
      const start = { base: rsi } as const;
      const end = { base: rsi, index: rcx, displacement: -width / 8 } as const;
      a.bind(label);
      if (width === 64) {
        a.mov(64, rax, start);
        a.mov(64, rdx, end);
      } else if (width === 32) {
        a.mov(32, rax, start);
        a.mov(32, rdx, end);
      } else {
        a.movzx(width, rax, start);
        a.movzx(width, rdx, end);
      }
      a.store(width, { base: rdi }, rax);
      a.store(width, { base: rdi, index: rcx, displacement: -width / 8 }, rdx);
    };
    ends(eight, 64);
    a.jump(done);
    ends(four, 32);
    a.jump(done);
    ends(two, 16);
    a.jump(done);
    ends(bytes, 8);
    a.bind(done);
    a.pop(rdi);
    a.pop(rsi);
    a.ret();
    a.bind(trap);
    a.ud2();
  }

  private writeFill(memory: MemoryIndex): void {
    const { a } = this;
    const trap = a.label();
    a.push(rsi);
    a.push(rdi);
    a.mov(64, rdi, rax);
    this.checked(memory, rdi, rsi, trap);
    a.mov(32, rax, rdx);
    a.repStosb();
    a.pop(rdi);
    a.pop(rsi);
    a.ret();
    a.bind(trap);
    a.ud2();
  }

  /** Segments are a table of addresses and lengths, and all their bytes in a row. */
  private writePlaceData(): void {
    const { a, data } = this;
    const [table, bytes, loop] = [a.label(), a.label(), a.label()];
    if (data.length > 0) {
      a.push(rsi);
      a.push(rdi);
      a.lea(64, rsi, { label: bytes });
      a.lea(64, rdx, { label: table });
      a.constant(rax, data.length);
      a.bind(loop);
      a.mov(32, rdi, { base: rdx });
      a.mov(32, rcx, { base: rdx, displacement: 4 });
      a.arithmetic("add", 64, rdi, r15);
      a.repMovsb();
      a.arithmeticConstant("add", 64, rdx, 8);
      a.arithmeticConstant("sub", 32, rax, 1);
      a.jumpIf(condition.notEqual, loop);
      a.pop(rdi);
      a.pop(rsi);
    }
    a.ret();
    if (data.length === 0) return;
    a.align(4);
    a.bind(table);
    for (const { offset, bytes } of data) {
      a.code.u32(offset);
      a.code.u32(bytes.length);
    }
    a.bind(bytes);
    for (const segment of data) a.code.raw(segment.bytes);
  }
}
