/**
 * Executable files in the Executable and Linkable Format: segments to be loaded, and notes. Statically linked, for x86-64.
 *
 * Spec: System V ABI, chapters 4 (header, note section) and 5 (program header).
 */

/** Bytes to be at an address. */
export interface ElfSegment {
  /** Address of the first byte: a multiple of the page size. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Bytes in memory, at least as many; those that the file does not have are 0. */
  readonly memoryBytes?: number;
  /** `r`, and `w`, `x` where the segment may be written to, or run. */
  readonly access: "r" | "rw" | "rx" | "rwx";
}

/** What whoever loads the file is told: a name says whose notes these are, a type which. */
export interface ElfNote {
  readonly name: string;
  readonly type: number;
  readonly content: Uint8Array;
}

export interface ElfOptions {
  /** Address of the first instruction. */
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  readonly notes?: readonly ElfNote[];
}

/** `e_ident`: the letters, 64 bits, little endian, version 1. */
const magic = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] as const;
const headerSize = 64;
const programHeaderSize = 56;
const pageSize = 4096;
const programTypes = { load: 1, note: 4 } as const;
const flags = { x: 1, w: 2, r: 4 } as const;

/** The file: the same bytes for the same content. */
export function writeElf({ entry, segments, notes = [] }: ElfOptions): Uint8Array<ArrayBuffer> {
  const noteBytes = encodeNotes(notes);
  const headers = segments.length + (notes.length > 0 ? 1 : 0);
  const notesAt = headerSize + headers * programHeaderSize;
  let end = notesAt + noteBytes.length;
  // Addresses and offsets are the same modulo the page size. What has no bytes has no place in the file.
  const offsets = segments.map(({ bytes }) => {
    if (bytes.length === 0) return pageSize;
    const offset = Math.ceil(end / pageSize) * pageSize;
    end = offset + bytes.length;
    return offset;
  });
  const out = new Uint8Array(end);
  const view = new DataView(out.buffer);
  out.set(magic);
  view.setUint16(16, 2, true); // e_type: ET_EXEC
  view.setUint16(18, 62, true); // e_machine: EM_X86_64
  view.setUint32(20, 1, true); // e_version
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(headerSize), true); // e_phoff
  view.setUint16(52, headerSize, true);
  view.setUint16(54, programHeaderSize, true);
  view.setUint16(56, headers, true);
  view.setUint16(58, 64, true); // e_shentsize
  const header = (
    i: number,
    type: number,
    access: number,
    at: number,
    address: number,
    file: number,
    memory: number,
  ): void => {
    const h = headerSize + i * programHeaderSize;
    view.setUint32(h, type, true);
    view.setUint32(h + 4, access, true);
    view.setBigUint64(h + 8, BigInt(at), true);
    view.setBigUint64(h + 16, BigInt(address), true);
    view.setBigUint64(h + 24, BigInt(address), true);
    view.setBigUint64(h + 32, BigInt(file), true);
    view.setBigUint64(h + 40, BigInt(memory), true);
    view.setBigUint64(h + 48, BigInt(type === programTypes.load ? pageSize : 4), true);
  };
  segments.forEach(({ address, bytes, memoryBytes, access }, i) => {
    const bits = [...access].reduce((sum, letter) => sum | flags[letter as keyof typeof flags], 0);
    header(i, programTypes.load, bits, offsets[i] as number, address, bytes.length, memoryBytes ?? bytes.length);
    out.set(bytes, bytes.length === 0 ? 0 : offsets[i]);
  });
  if (notes.length > 0) {
    header(segments.length, programTypes.note, flags.r, notesAt, 0, noteBytes.length, noteBytes.length);
    out.set(noteBytes, notesAt);
  }
  return out;
}

export type ElfErrorCode = "NOT_AN_EXECUTABLE" | "TRUNCATED";

/** The bytes are no executable that can be read. */
export class ElfError extends Error {
  override readonly name = "ElfError";
  readonly code: ElfErrorCode;
  constructor(code: ElfErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Reads an executable for x86-64. The bytes may be anything. @throws {ElfError} */
export function readElf(bytes: Uint8Array): Required<ElfOptions> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerSize || magic.some((byte, i) => bytes[i] !== byte) || view.getUint16(18, true) !== 62)
    throw new ElfError("NOT_AN_EXECUTABLE", "not an executable in the ELF format for x86-64");
  const at = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  const part = (what: string, from: number, length: number): Uint8Array => {
    if (length > 0 && !(from + length <= bytes.length))
      throw new ElfError("TRUNCATED", `the file ends in ${what}: it has ${bytes.length} bytes, not ${from + length}`);
    return bytes.subarray(from, from + length);
  };
  if (size < programHeaderSize) throw new ElfError("NOT_AN_EXECUTABLE", `program headers of ${size} bytes`);
  part("its program headers", at, count * size);
  const segments: ElfSegment[] = [];
  const notes: ElfNote[] = [];
  for (let i = 0; i < count; i++) {
    const h = at + i * size;
    const long = (offset: number): number => Number(view.getBigUint64(h + offset, true));
    const type = view.getUint32(h, true);
    if (type === programTypes.load) {
      const bits = view.getUint32(h + 4, true);
      const access = (["r", "w", "x"] as const)
        .filter((letter) => bits & flags[letter])
        .join("") as ElfSegment["access"];
      const memoryBytes = long(40);
      segments.push({ address: long(16), bytes: part("a segment", long(8), long(32)), memoryBytes, access });
    } else if (type === programTypes.note) notes.push(...decodeNotes(part("its notes", long(8), long(32))));
  }
  return { entry: Number(view.getBigUint64(24, true)), segments, notes };
}

function decodeNotes(bytes: Uint8Array): ElfNote[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notes: ElfNote[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const nameLength = view.getUint32(at, true);
    const contentLength = view.getUint32(at + 4, true);
    const content = at + 12 + padded(nameLength);
    const end = content + padded(contentLength);
    if (end > bytes.length) throw new ElfError("TRUNCATED", "a note is longer than all of them");
    notes.push({
      name: new TextDecoder().decode(bytes.subarray(at + 12, at + 12 + nameLength)).replace(/\0$/, ""),
      type: view.getUint32(at + 8, true),
      content: bytes.slice(content, content + contentLength),
    });
    at = end;
  }
  return notes;
}

/** Up to a multiple of four. */
function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

/** Sizes of name and content, the type, and both with zeros up to a multiple of four bytes. */
function encodeNotes(notes: readonly ElfNote[]): Uint8Array {
  const encoded = notes.map(({ name, type, content }) => ({
    type,
    content,
    name: new TextEncoder().encode(`${name}\0`),
  }));
  const out = new Uint8Array(
    encoded.reduce((sum, { name, content }) => sum + 12 + padded(name.length) + padded(content.length), 0),
  );
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { name, type, content } of encoded) {
    view.setUint32(at, name.length, true);
    view.setUint32(at + 4, content.length, true);
    view.setUint32(at + 8, type, true);
    out.set(name, at + 12);
    out.set(content, at + 12 + padded(name.length));
    at += 12 + padded(name.length) + padded(content.length);
  }
  return out;
}
