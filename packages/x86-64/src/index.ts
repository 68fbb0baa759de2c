/**
 * Code for x86-64 processors of what `@clickos/codegen` builds: `x8664Backend` makes code that can be linked, `Assembler` writes what
 * a run-time system needs around it, `link` puts both at an address, and `writeElf` makes an executable file.
 *
 * @packageDocumentation
 */
export {
  type Arithmetic,
  Assembler,
  type Condition,
  condition,
  type Label,
  type Memory,
  type RegisterOrMemory,
  type Relocation,
  type Shift,
  type Size,
  type UnaryInstruction,
} from "./assembler.ts";
export { type ObjectCode, x8664Backend } from "./backend.ts";
export type { CodeBuffer } from "./code-buffer.ts";
export {
  ElfError,
  type ElfErrorCode,
  type ElfNote,
  type ElfOptions,
  type ElfSegment,
  readElf,
  writeElf,
} from "./elf.ts";
export { type CodePiece, LinkError, type LinkErrorCode, type LinkedCode, link } from "./link.ts";
export * from "./registers.ts";
