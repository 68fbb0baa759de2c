/** The line that ProgressBar draws: how far something is, of how much, how long it took or may still take. */

export interface Progress {
  readonly banner: string;
  /** Where it is; nothing where that is not known. */
  readonly position: number | undefined;
  /** Where it ends; nothing where that is not known. */
  readonly size: number | undefined;
  /** The size was given with the element: the position says nothing but a share of it then, and is not shown. */
  readonly sizeIsFixed: boolean;
  /** Seconds that it took up to now, without those in which it stood still. */
  readonly elapsed: number;
  readonly state: "runs" | "stalled" | "over";
  readonly columns: number;
}

const longestBar = 240;
/** Characters that the position and the time take, behind the bar, and those of the position alone. */
const behindBar = 25;
const positionWidth = 8;
/** Without a size, a mark goes there and back once while the position grows by this times the share, which goes to 200. */
const markStep = 100_000;
const units = ["  ", "KB", "MB", "GB", "TB", "PB"] as const;

/** The whole line, from its start; a line that is the last ends. */
export function progressLine(progress: Progress): string {
  const { banner, position, size, sizeIsFixed, state } = progress;
  const share = shareOf(position, size);
  let line = "\r";
  if (banner !== "") line += `${banner} `;
  if (size !== undefined) line += position === undefined ? "  -% " : `${String(share).padStart(3)}% `;
  const alone = size !== undefined && sizeIsFixed;
  const width = progress.columns - (line.length + behindBar) + (alone ? positionWidth : 0);
  line += bar(share, size !== undefined, state === "over", Math.min(width, longestBar));
  line += alone ? " " : position === undefined ? " -----   " : ` ${abbreviated(position)} `;
  return `${line}${time(progress)}${state === "over" ? "\n" : ""}`;
}

/** Of a hundred; below zero where the position is not known. */
function shareOf(position: number | undefined, size: number | undefined): number {
  if (position === undefined) return -1;
  if (size === undefined) {
    const at = Math.trunc(position / markStep) % 200;
    return at > 100 ? 200 - at : at;
  }
  return size > 0 ? Math.min(100, Math.max(0, Math.trunc((100 * position) / size))) : 100;
}

function bar(share: number, hasSize: boolean, over: boolean, width: number): string {
  if (width <= 0) return "";
  if (share < 0 || (!hasSize && over)) return `|${"-".repeat(width)}|`;
  if (hasSize) return `|${"*".repeat(Math.trunc((width * share) / 100)).padEnd(width)}|`;
  const mark = width > 3 ? "***" : "*";
  const before = Math.max(0, Math.trunc(((width - mark.length) * share) / 100));
  return `|${(" ".repeat(before) + mark).padEnd(width)}|`;
}

function abbreviated(position: number): string {
  let [value, unit] = [position, 0];
  for (; value >= 100_000 && unit < units.length - 1; unit++) value /= 1024;
  return String(Math.trunc(value)).padStart(5) + units[unit];
}

function time({ position, size, elapsed, state }: Progress): string {
  const over = state === "over";
  if (!over && (position === undefined || size === undefined || elapsed < 0 || position > size)) return "   --:-- ETA";
  if (state === "stalled") return " - stalled -";
  const total = over || position === undefined || position < 1e-6 || size === undefined;
  const seconds = Math.trunc(total ? elapsed : size / (position / elapsed) - elapsed);
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.trunc(seconds / 3600);
  const rest = seconds % 3600;
  const shown = `${two(Math.trunc(rest / 60))}:${two(rest % 60)}`;
  return `${hours > 0 ? `${String(hours).padStart(2)}:` : "   "}${shown}${total ? "    " : " ETA"}`;
}
