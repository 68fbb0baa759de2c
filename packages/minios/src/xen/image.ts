/** A paravirtual guest as a file that Xen's toolstack boots: an ELF executable with notes for Xen. */
import type { ModuleIr } from "@clickos/codegen";
import { link, readElf, writeElf, x8664Backend } from "@clickos/x86-64";
import { elfNote } from "./abi.ts";
import { type ControlDescription, controlSymbol, controlTable } from "./control-table.ts";
import { codeEndSymbol, xenStubs } from "./stubs.ts";

const stackBytes = 64 * 1024;
const pageSize = 4096;

export interface XenImageOptions {
  readonly name: string;
  /** What the store shows of the program. */
  readonly control: ControlDescription;
  /** What the image says of itself to whoever reads the file, by the address of the image's end. */
  note(end: number): Uint8Array;
}

/** The owner of that note, and its type. */
const noteName = "ClickOS";
const noteType = 1;

/**
 * The guest's memory is from address 0 on, its code behind it, then data of the image's own and the stack. The same module gives
 * the same bytes.
 */
export function xenImage(
  ir: ModuleIr,
  { name, control, note }: XenImageOptions,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly end: number } {
  const memoryBytes = (ir.memories[0]?.initialPages ?? 0) * 65536;
  const object = x8664Backend.encode(ir);
  const pages = (bytes: number): number => Math.ceil(bytes / pageSize) * pageSize;
  const dataAt = memoryBytes + pages(xenStubs(memoryBytes, 0).code.length + 16 + object.code.length);
  const data = controlTable(control, dataAt);
  const stackTop = dataAt + pages(data.code.length) + stackBytes;
  const stubs = xenStubs(memoryBytes, stackTop);
  const symbols = new Map([
    ["stack.top", stackTop],
    [controlSymbol, dataAt],
    [codeEndSymbol, dataAt],
  ]);
  const linked = link([stubs, object], memoryBytes, symbols);
  const address = (symbol: string): number => linked.symbols.get(symbol) as number;
  const text = new TextEncoder();
  const string = (type: number, content: string) => ({ name: "Xen", type, content: text.encode(`${content}\0`) });
  const number = (type: number, value: number) => ({
    name: "Xen",
    type,
    content: new Uint8Array(BigUint64Array.of(BigInt(value)).buffer),
  });
  const bytes = writeElf({
    entry: address("_start"),
    segments: [
      { address: 0, bytes: new Uint8Array(0), memoryBytes, access: "rw" },
      { address: memoryBytes, bytes: linked.bytes, access: "rx" },
      { address: dataAt, bytes: data.code.bytes(), memoryBytes: stackTop - dataAt, access: "rw" },
    ],
    notes: [
      string(elfNote.guestOs, "ClickOS"),
      string(elfNote.guestVersion, name),
      string(elfNote.loader, "generic"),
      string(elfNote.xenVersion, "xen-3.0"),
      string(elfNote.features, "!writable_page_tables|pae_pgdir_above_4gb"),
      string(elfNote.paeMode, "yes"),
      number(elfNote.virtBase, 0),
      number(elfNote.paddrOffset, 0),
      number(elfNote.entry, address("_start")),
      number(elfNote.hypercallPage, address("hypercall_page")),
      { name: noteName, type: noteType, content: note(stackTop) },
    ],
  });
  return { bytes, end: stackTop };
}

/** What an image says of itself, as `note` gave it; `undefined` where it is no such image. @throws {ElfError} */
export function readXenImage(bytes: Uint8Array): Uint8Array | undefined {
  return readElf(bytes).notes.find(({ name, type }) => name === noteName && type === noteType)?.content;
}
