/**
 * Keeps shells ready for what is created again and again: who creates a second domain of an image soon after the first is likely to
 * want a third. So a creation has little left to do, and a daemon that makes different domains keeps none.
 */
import type { Image } from "@clickos/click-image";
import type { Toolstack } from "@clickos/xl-fast";

/** Shells of a kind. */
const ready = 4;
/** Kinds at most. */
const mostKinds = 4;
/** A kind that nobody has created for so long has no shells any more, nor has it any before two were created within that time. */
const keptMs = 60_000;

interface Kind {
  readonly image: Image | undefined;
  readonly memoryKiB: number | undefined;
  readonly pcpu: number | undefined;
  usedAt: number;
  kept: boolean;
}

export class ShellKeeper {
  private readonly toolstack: Toolstack;
  /** Those that were created lately, the last one at the end. */
  private readonly kinds = new Map<string, Kind>();
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(toolstack: Toolstack) {
    this.toolstack = toolstack;
    this.timer = setInterval(() => this.drop(), keptMs / 4);
    this.timer.unref();
  }

  /** A domain was created. */
  created(image: Image | undefined, memoryKiB: number | undefined, pcpu: number | undefined): void {
    const key = `${image?.contentSha256 ?? ""} ${memoryKiB ?? ""} ${pcpu ?? ""}`;
    const before = this.kinds.get(key);
    const kind = before ?? { image, memoryKiB, pcpu, usedAt: 0, kept: false };
    this.kinds.delete(key);
    this.kinds.set(key, kind);
    kind.usedAt = performance.now();
    if (before && !kind.kept) this.keep(kind, ready);
    for (const [oldest, each] of this.kinds) {
      if (this.kinds.size <= mostKinds) break;
      this.kinds.delete(oldest);
      if (each.kept) this.keep(each, 0);
    }
  }
  close(): void {
    clearInterval(this.timer);
  }

  private drop(): void {
    for (const [key, kind] of this.kinds) {
      if (performance.now() - kind.usedAt < keptMs) continue;
      this.kinds.delete(key);
      if (kind.kept) this.keep(kind, 0);
    }
  }
  private keep(kind: Kind, count: number): void {
    const { image, memoryKiB, pcpu } = kind;
    kind.kept = count > 0;
    // What cannot be prepared is created as it is.
    void this.toolstack
      .keepShells({
        count,
        ...(image ? { image } : {}),
        ...(memoryKiB === undefined ? {} : { memoryKiB }),
        ...(pcpu === undefined ? {} : { pcpu }),
      })
      .catch(() => {});
  }
}
