/** The lines of a text, or the binary records of a summary dump, read a piece at a time. */
import { type HostFiles, type HostInput, Refusal } from "@clickos/click-core/element";

/** How much is read at once, and the most that a line may have. */
const pieceBytes = 1 << 16;

export interface DumpLine {
  readonly bytes: string;
  /** Whether it is text: in a binary dump most records are not. */
  readonly isText: boolean;
}

/** A dump in memory. */
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

export class DumpLines {
  private input: HostInput | undefined;
  private readonly isText: boolean;
  private buffer = new Uint8Array(0);
  private at = 0;
  /** Where the buffer's first byte is in the dump. */
  private before = 0;
  private atEnd = false;
  /** Lines that were read. */
  line = 0;

  /** @throws a `string`, or a `Refusal`: why it cannot be read. */
  constructor(
    from: { readonly text: string } | { readonly files: HostFiles | undefined; readonly file: string },
    { shownName, mayBeAbsent }: { readonly shownName: string; readonly mayBeAbsent: boolean },
  ) {
    this.isText = "text" in from;
    if ("text" in from) this.input = inMemory(Uint8Array.from(from.text, (ch) => ch.charCodeAt(0)));
    else {
      try {
        this.input = from.files?.open?.(from.file) ?? inMemory(from.files?.read(from.file) ?? new Uint8Array());
        this.fill();
      } catch (e) {
        const { code, message } = e as { code?: string; message: string };
        if (code === "EISDIR") throw new Refusal("Is a directory", `${shownName}:0`);
        if (!mayBeAbsent || code !== "ENOENT") throw `${shownName}: ${message}`;
        this.atEnd = true;
      }
      if (this.buffer.length === 0 && !mayBeAbsent) throw new Refusal("empty file", `${shownName}:0`);
    }
  }

  /** Bytes of the file, while it is open. */
  get size(): number | undefined {
    return this.isText ? undefined : this.input?.size;
  }
  /** Bytes of the lines that were read. */
  get position(): number {
    return this.before + this.at;
  }

  private get rest(): number {
    return this.buffer.length - this.at;
  }

  /** Reads another piece behind what is left; `false` at the end. */
  private fill(): boolean {
    if (this.atEnd || !this.input) return false;
    const piece = this.input.take(pieceBytes);
    if (piece.length === 0) {
      this.atEnd = true;
      return false;
    }
    const joined = new Uint8Array(this.rest + piece.length);
    joined.set(this.buffer.subarray(this.at));
    joined.set(piece, this.rest);
    this.before += this.at;
    this.buffer = joined;
    this.at = 0;
    return true;
  }

  /** Where the next line ends, behind its line end; a line that is too long ends where it is. */
  private lineEnd(): number {
    for (let i = this.at; ; i++) {
      if (i - this.at >= pieceBytes) return i;
      if (i >= this.buffer.length) {
        const shift = this.at;
        if (!this.fill()) return this.buffer.length;
        i -= shift;
      }
      const byte = this.buffer[i];
      if (byte === 10) return i + 1;
      if (byte !== 13) continue;
      if (i + 1 < this.buffer.length) return this.buffer[i + 1] === 10 ? i + 2 : i + 1;
      const shift = this.at;
      if (!this.fill()) return this.buffer.length;
      i -= shift + 1;
    }
  }

  private text(from: number, to: number): string {
    let text = "";
    for (let i = from; i < to; i += 4096)
      text += String.fromCharCode(...this.buffer.subarray(i, Math.min(to, i + 4096)));
    return text;
  }

  /** The next line with its line end; `undefined` at the end. */
  next(): DumpLine | undefined {
    const end = this.lineEnd();
    if (end === this.at) return undefined;
    const bytes = this.text(this.at, end);
    this.at = end;
    this.line++;
    return { bytes, isText: true };
  }

  /** The next binary record. */
  record(report: (message: string) => void): DumpLine | undefined {
    while (this.rest < 4) if (!this.fill()) return undefined;
    const word = new DataView(this.buffer.buffer, this.at).getUint32(0);
    const length = word & 0x7fffffff;
    if (length < 4) {
      report("binary record too short");
      return undefined;
    }
    if (length > pieceBytes) return undefined;
    while (this.rest < length) if (!this.fill()) return undefined;
    let bytes = this.text(this.at + 4, this.at + length);
    this.at += length;
    const isText = word >>> 31 === 1;
    if (isText) bytes = bytes.replace(/\0+$/, "");
    this.line++;
    return { bytes, isText };
  }

  /** The next line, which is still the next one afterwards, unless the text ends in it: then it is lost, as in Click. */
  peek(): string {
    const end = this.lineEnd();
    const line = this.text(this.at, end);
    if (!/[\r\n]$/.test(line)) this.at = end;
    return line;
  }

  /** What the first line says, which is passed over where it is a banner. */
  banner(): { readonly known: boolean; readonly version: string | undefined } | undefined {
    const first = this.peek();
    if (first === "") return undefined;
    if (!first.startsWith("!IPSummaryDump"))
      return { known: /^!(?:creator|data|contents|proto|flowid)/.test(first), version: undefined };
    if (/[\r\n]$/.test(first)) this.next();
    return { known: true, version: /^\s*(\d+\.\d+)/.exec(first.slice(14))?.[1] ?? "" };
  }

  close(): void {
    this.input?.close();
    this.input = undefined;
    this.atEnd = true;
  }
}
