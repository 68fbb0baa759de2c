/**
 * What a client of the control protocol sends, taken apart: lines, data of a given length, and data up to a line that ends it.
 *
 * The client is not trusted. Every byte is looked at once however the stream is cut; what is kept of a request is bounded, and
 * taken from an allowance that all sessions share.
 */

/** Bytes of a line. */
export const maximumLine: number = 64 << 10;

/** Bytes that unfinished requests of all sessions may hold. */
export interface Allowance {
  /** Takes so many bytes, if they are left. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** What becomes of the data of a request. */
export interface Wanted {
  /** Bytes that are kept at most. */
  readonly limit: number;
  /** Gets the data; nothing where it is passed over, or there is too much of it. */
  take(data: string | undefined): void;
  /** Whether the data is only passed over. */
  readonly skipped?: boolean;
}

/** Who is told of what came. */
export interface InputListener {
  line(text: string): void;
  /** The client has ended in the middle of the data. */
  ended(): void;
  /** There is more of something than can be kept: the conversation ends. */
  refuse(why: string): void;
}

/** Taken from the allowance at once where the length of the data is not known. */
const allowanceStep = 64 << 10;

export const noRoom = "Other clients' data takes all the room there is: try again later";
export const tooMuch = (limit: number): string => `More than ${limit} bytes of data`;

/** Pieces are put together so many at a time: one-byte pieces would take eight times their bytes each. */
const pieces = 256;

/** Text that comes in pieces. */
class Gathered {
  private readonly whole: string[] = [];
  private loose: string[] = [];
  length = 0;

  add(text: string): void {
    if (text === "") return;
    this.length += text.length;
    this.loose.push(text);
    if (this.loose.length < pieces) return;
    this.whole.push(this.loose.join(""));
    this.loose = [];
  }

  text(): string {
    return this.whole.join("") + this.loose.join("");
  }
}

/** What the client's next bytes are. */
type Expecting =
  | { readonly kind: "line" }
  | { readonly kind: "data"; left: number; readonly kept: boolean; readonly data: Gathered; readonly wanted: Wanted }
  | { readonly kind: "until"; readonly end: string; readonly data: Gathered; readonly wanted: Wanted };

const line: Expecting = { kind: "line" };
/** White space at the end of a line does not count where a line is looked for. */
const trailing = /[ \t\v\f]+$/;

export class ControlInput {
  private readonly listener: InputListener;
  private readonly allowance: Allowance | undefined;
  private chunks: string[] = [];
  /** Index of the chunk that is being read, and how much of it is used up. */
  private first = 0;
  private used = 0;
  /** Characters in `chunks` that are not used up. */
  private waiting = 0;
  /** What has come of the line that is being read. */
  private partial = new Gathered();
  /** A CR ended the last line: a LF that follows belongs to it. */
  private afterReturn = false;
  private expecting: Expecting = line;
  private reserved = 0;
  /** Whether the client has said all that it will say. */
  private over = false;

  constructor(listener: InputListener, allowance?: Allowance) {
    this.listener = listener;
    this.allowance = allowance;
  }

  /** Bytes that were received and not looked at yet; and whether there is something to do for what came before the end. */
  get backlog(): number {
    return this.waiting + (this.over && this.unfinished ? 1 : 0);
  }

  /** Whether a request has begun and its end has not come. */
  get unfinished(): boolean {
    return this.expecting !== line || this.partial.length > 0;
  }

  receive(text: string): void {
    if (text === "") return;
    this.chunks.push(text);
    this.waiting += text.length;
  }

  /** No more will come: a last line needs no end. */
  end(): void {
    this.over = true;
  }

  /** Lets go of everything. */
  clear(): void {
    this.chunks = [];
    this.first = 0;
    this.used = 0;
    this.waiting = 0;
    this.partial = new Gathered();
    this.finish();
  }

  /** The next bytes are data. Where there is no room the data is passed over for nobody, and the result is false. */
  expectData(length: number, wanted: Wanted): boolean {
    const kept = !wanted.skipped && length <= wanted.limit;
    const room = !kept || this.takeAllowance(length);
    const nobody: Wanted = { limit: 0, take: () => {} };
    this.expecting = {
      kind: "data",
      left: length,
      kept: kept && room,
      data: new Gathered(),
      wanted: room ? wanted : nobody,
    };
    if (length === 0) this.complete(this.expecting);
    return room;
  }

  /** The next lines are data, up to one that is `end`. */
  expectLines(end: string, wanted: Wanted): void {
    this.expecting = { kind: "until", end, data: new Gathered(), wanted };
  }

  /** Looks at a part of what came; whether a request was served. */
  advance(): boolean {
    if (this.waiting === 0) return this.over && this.unfinished && this.finishInput();
    const chunk = this.chunks[this.first] as string;
    const { expecting } = this;
    if (this.afterReturn) {
      this.afterReturn = false;
      if (chunk[this.used] === "\n") {
        this.consume(1);
        if (expecting.kind === "until" && expecting.data.length > 0) this.keep(expecting, "\n");
        return false;
      }
    }
    if (expecting.kind === "data") {
      const n = Math.min(expecting.left, chunk.length - this.used);
      const part = this.consume(n);
      expecting.left -= n;
      if (expecting.kept) expecting.data.add(part);
      if (expecting.left > 0) return false;
      return this.complete(expecting);
    }
    let end = this.used;
    while (end < chunk.length && chunk.charCodeAt(end) !== 10 && chunk.charCodeAt(end) !== 13) end++;
    const ended = end < chunk.length;
    this.partial.add(this.consume(end - this.used));
    const skipped = expecting.kind === "until" && expecting.wanted.skipped;
    const limit = expecting.kind === "line" || skipped ? maximumLine : expecting.wanted.limit;
    if (this.partial.length > limit) {
      this.listener.refuse(
        expecting.kind === "line" || skipped ? `A line of more than ${limit} bytes` : tooMuch(limit),
      );
      return true;
    }
    if (!ended)
      return expecting.kind === "until" && !skipped && !this.reserve(expecting.data.length + this.partial.length);
    const ending = this.consume(1);
    this.afterReturn = ending === "\r";
    const whole = this.partial.text();
    this.partial = new Gathered();
    if (expecting.kind === "line") {
      this.listener.line(whole);
      return true;
    }
    if (whole.replace(trailing, "") === expecting.end) return this.complete(expecting);
    return this.keep(expecting, whole + ending);
  }

  /** Adds lines to data; whether that ended the request. */
  private keep(expecting: Extract<Expecting, { kind: "until" }>, text: string): boolean {
    const { data, wanted } = expecting;
    if (wanted.skipped) {
      // Only whether there was any counts.
      if (data.length === 0) data.add("\n");
      return false;
    }
    data.add(text);
    if (data.length <= wanted.limit) return !this.reserve(data.length);
    this.listener.refuse(tooMuch(wanted.limit));
    return true;
  }

  /** What came before the end of everything: a last line, or data that is not all there, which is taken for lines. */
  private finishInput(): true {
    const { expecting } = this;
    const rest = this.partial.text();
    this.partial = new Gathered();
    if (expecting.kind === "line") {
      this.listener.line(rest);
      return true;
    }
    const before = expecting.data.text();
    this.finish();
    this.afterReturn = false;
    this.receive(before + rest);
    this.listener.ended();
    return true;
  }

  private consume(n: number): string {
    const chunk = this.chunks[this.first] as string;
    const text = chunk.slice(this.used, this.used + n);
    this.used += n;
    this.waiting -= n;
    if (this.used === chunk.length) {
      this.used = 0;
      this.first++;
    }
    if (this.waiting === 0) {
      this.chunks = [];
      this.first = 0;
    }
    return text;
  }

  private complete(expecting: Exclude<Expecting, { kind: "line" }>): true {
    const { data, wanted } = expecting;
    const kept = expecting.kind === "data" ? expecting.kept : !wanted.skipped;
    this.finish();
    wanted.take(kept ? data.text() : undefined);
    return true;
  }

  private finish(): void {
    this.expecting = line;
    if (this.reserved > 0) this.allowance?.give(this.reserved);
    this.reserved = 0;
  }

  /** Has the allowance hold so many bytes for this session; ends the conversation where they are not left. */
  private reserve(bytes: number): boolean {
    if (this.takeAllowance(bytes)) return true;
    this.listener.refuse(noRoom);
    return false;
  }

  private takeAllowance(bytes: number): boolean {
    if (!this.allowance || bytes <= this.reserved) return true;
    const wanted = Math.ceil((bytes - this.reserved) / allowanceStep) * allowanceStep;
    if (!this.allowance.take(wanted)) return false;
    this.reserved += wanted;
    return true;
  }
}
