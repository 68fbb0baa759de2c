/** The bytes of a trace, front to back, in records. */
import { type HostFiles, type HostInput, Refusal } from "@clickos/click-core/element";

/** A file in memory. */
function inMemory(bytes: Uint8Array): HostInput {
  let at = 0;
  return {
    take(n) {
      const taken = bytes.subarray(at, at + n);
      at += taken.length;
      return taken;
    },
    seek(position) {
      at = position;
    },
    size: bytes.length,
    close() {},
  };
}

export class TraceInput {
  readonly file: string;
  private input: HostInput | undefined;
  /** What was read to see whether there is anything, and is not taken yet. */
  private first: Uint8Array;
  /** Bytes that were taken. */
  position = 0;

  /** @throws a `string`, or a `Refusal`: why it cannot be read. */
  constructor(files: HostFiles | undefined, name: string) {
    if (!files) throw "files are not available here";
    this.file = name === "-" ? "<stdin>" : (files.resolve?.(name) ?? name);
    const { file } = this;
    try {
      this.input = files.open?.(name) ?? inMemory(files.read(name));
      this.first = this.input.take(1).slice();
    } catch (e) {
      const { code, message } = e as { code?: string; message: string };
      if (code === "EISDIR") throw new Refusal("Is a directory", file);
      throw `${file}: ${message}`;
    }
    if (this.first.length === 0) throw new Refusal("empty file", file);
  }

  /** Bytes of the file, while it is open. */
  get size(): number | undefined {
    return this.input?.size;
  }

  /** So many bytes, which stay what they are; nothing where there are fewer left. */
  take(length: number): Uint8Array | undefined {
    const { first } = this;
    const bytes = new Uint8Array(length);
    const ahead = Math.min(length, first.length);
    bytes.set(first.subarray(0, ahead));
    this.first = first.subarray(ahead);
    const rest = length > ahead ? this.input?.take(length - ahead) : undefined;
    if (rest) bytes.set(rest, ahead);
    const got = ahead + (rest?.length ?? 0);
    this.position += got;
    return got < length ? undefined : bytes;
  }

  /** Passes over so many bytes, of which some may not be there. */
  pass(length: number): void {
    const end = this.position + length;
    this.take(length);
    this.position = end;
  }

  seek(position: number): void {
    this.first = new Uint8Array();
    this.input?.seek(position);
    this.position = position;
  }

  close(): void {
    this.input?.close();
    this.input = undefined;
  }
}
