/** The kernel's own part of a guest's memory: words, buffers, and texts, in front of the program's. */
import type { FunctionBuilder, I32, I32Like, ModuleBuilder } from "@clickos/codegen";
import { firstFreeAddress } from "@clickos/hypervisor";

/** Bytes: a few buffers of a page, and texts. */
const size = 16 * 4096;

/** First byte of memory behind it. */
export const endOfKernelMemory: number = firstFreeAddress + size;

/** A text that is in memory from the start. */
export interface Text {
  readonly address: number;
  readonly length: number;
}

export class KernelMemory {
  private readonly module: ModuleBuilder;
  private next: number = firstFreeAddress;
  private readonly texts = new Map<string, Text>();

  constructor(module: ModuleBuilder) {
    this.module = module;
  }

  /** Zeros. */
  take(bytes: number, align = 8): number {
    const at = Math.ceil(this.next / align) * align;
    this.next = at + bytes;
    if (this.next > endOfKernelMemory) throw new RangeError("the kernel's texts and buffers do not fit");
    return at;
  }
  text(content: string): Text {
    let text = this.texts.get(content);
    if (!text) {
      const bytes = new TextEncoder().encode(content);
      text = { address: this.take(bytes.length, 1), length: bytes.length };
      this.module.data(text.address, bytes);
      this.texts.set(content, text);
    }
    return text;
  }
}

/** A text that is put together while the guest runs, in a buffer of the kernel's memory; what does not fit is left out. */
export class TextBuffer {
  readonly address: number;
  private readonly at: number;
  private readonly memory: KernelMemory;
  private readonly bytes: number;

  constructor(memory: KernelMemory, bytes: number) {
    this.memory = memory;
    this.bytes = bytes;
    this.at = memory.take(4);
    this.address = memory.take(bytes, 16);
  }
  begin(c: FunctionBuilder): this {
    c.store32(this.at, 0);
    return this;
  }
  length(c: FunctionBuilder): I32 {
    return c.load32(this.at);
  }
  text(c: FunctionBuilder, content: string): this {
    const { address, length } = this.memory.text(content);
    return this.bytesFrom(c, address, c.i32(length));
  }
  bytesFrom(c: FunctionBuilder, address: I32Like, length: I32): this {
    const at = c.load32(this.at);
    const room = c.i32(this.bytes).sub(at);
    const part = c.select(length.ltU(room), length, room);
    c.copy(at.add(this.address), address, part);
    c.store32(this.at, at.add(part));
    return this;
  }
  /** An end as C has it. */
  end(c: FunctionBuilder): this {
    return this.text(c, "\0");
  }
  /** An unsigned number. */
  decimal(c: FunctionBuilder, value: I32 | number): this {
    return this.number(c, c.i32(value).toI64(), 10n);
  }
  number(outer: FunctionBuilder, value: import("@clickos/codegen").I64, base: 10n | 16n): this {
    const { module } = outer;
    const digits = this.memory;
    const helper = module.once(`digits ${this.address} ${base}`, () => {
      const scratch = digits.take(24);
      return module.func(`digits ${base}`, { value: "i64" }, undefined, (c, p) => {
        const rest = c.var("i64", p.value, "rest");
        const at = c.var("i32", scratch + 24, "at");
        c.loop(() => {
          const digit = rest.get().remU(base).toI32();
          at.set(at.get().sub(1));
          c.store8(at.get(), c.select(digit.ltU(10), digit.add(48), digit.add(87)));
          rest.set(rest.get().divU(base));
          c.if(rest.get().eqz(), () => c.break());
        });
        this.bytesFrom(c, at.get(), c.i32(scratch + 24).sub(at.get()));
      });
    });
    outer.call(helper, value);
    return this;
  }
}
