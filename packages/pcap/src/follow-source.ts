/**
 * Bytes of a file that is being written: what is there, and what is added. It has no end until it is closed; one that becomes shorter
 * ends with an error.
 */
import { closeSync, type FSWatcher, fstatSync, openSync, readSync, watch } from "node:fs";
import { PushSource, pieceSize } from "./byte-source.ts";

/** Between looks at a file of which the system tells nothing. */
const lookMs = 250;

export class FollowSource extends PushSource {
  private fd: number;
  private at = 0;
  private readonly piece = new Uint8Array(1 << 16);
  private readonly watcher: FSWatcher | undefined;
  private readonly timer: ReturnType<typeof setInterval>;

  /** @throws the system's error. */
  constructor(path: string) {
    super();
    this.fd = openSync(path, "r");
    this.timer = setInterval(() => this.fill(), lookMs).unref();
    try {
      this.watcher = watch(path, { persistent: false }, () => this.fill());
      this.watcher.on("error", () => {});
    } catch {
      // Then it is looked at now and then.
    }
    this.fill();
  }

  protected override wantsMore(): void {
    this.fill();
  }

  override close(): void {
    if (this.fd < 0) return;
    clearInterval(this.timer);
    this.watcher?.close();
    closeSync(this.fd);
    this.fd = -1;
    super.close();
  }

  /** Reads what is there, a piece ahead of who takes it. */
  private fill(): void {
    if (this.fd < 0) return;
    try {
      while (this.held < pieceSize) {
        const got = readSync(this.fd, this.piece, 0, this.piece.length, this.at);
        if (got === 0) {
          if (fstatSync(this.fd).size < this.at) this.finish(new Error("the file has become shorter"));
          return;
        }
        this.at += got;
        this.append(this.piece.subarray(0, got));
      }
    } catch (e) {
      this.finish(e as Error);
    }
  }
}
