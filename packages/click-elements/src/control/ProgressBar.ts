/**
 * ProgressBar(POSHANDLER [, SIZEHANDLER] [, keywords UPDATE, BANNER, ACTIVE, DELAY, FIXED_SIZE, CHECK_STDOUT]) — shows on a
 * terminal how far something is.
 *
 * POSHANDLER names the handlers that are read for the position, SIZEHANDLER those that are read, once, for its end; several have
 * spaces between them, and their values are added. FIXED_SIZE is the end where no handler says it. The bar is one line of standard
 * error, drawn anew each UPDATE (0.25 s), with BANNER in front of it, and not before DELAY (0). Nothing is drawn where standard
 * error is no terminal; nor, with CHECK_STDOUT true, where standard output is one. ACTIVE (true) says whether it is drawn at all.
 *
 * Handlers: active, banner, poshandler, sizehandler, size (read, write), pos (read), reset, mark_done, mark_stopped (write).
 * mark_done draws the bar for the last time, as full, mark_stopped as it is; reset begins again.
 *
 *   fd :: FromDump(large.pcap.gz, STOP true) -> ... -> Discard; ProgressBar(fd.filepos, fd.filesize)
 */
import {
  arg,
  type ElementClass,
  element,
  keyword,
  positional,
  required,
  type ServiceHandler,
} from "@clickos/click-core/element";
import { unquote } from "@clickos/click-language/arguments";
import { readAs } from "../lib/handlers.ts";
import { readableHandlers, sumOf } from "../lib/read-handlers.ts";
import { progressLine } from "./progress-line.ts";
import { formatNumber } from "./values.ts";

const millisecond = 1_000_000n;
const second = 1_000_000_000n;
/** So long without progress is a standstill. */
const stallTime = 5n * second;

export const ProgressBar: ElementClass = element({
  name: "ProgressBar",
  ports: "0/0",
  processing: "a/a",
  readsLate: true,
  config: {
    POSHANDLER: required(arg.raw),
    SIZEHANDLER: positional(arg.raw, ""),
    UPDATE: keyword(arg.time, 250n * millisecond),
    BANNER: keyword(arg.string, ""),
    ACTIVE: keyword(arg.bool, true),
    DELAY: keyword(arg.time, 0n),
    CHECK_STDOUT: keyword(arg.bool, false),
    FIXED_SIZE: keyword(arg.real, undefined),
  },
  service({ config, host }) {
    const { handlers } = host;
    const interval = config.UPDATE > millisecond ? config.UPDATE : millisecond;
    const { terminal } = host;
    /** There is nothing to draw on, unless it is reset. */
    let dead = !terminal || (config.CHECK_STDOUT && terminal.showsOutput);
    let positions: readonly string[] = [];
    let sizes: readonly string[] = [];
    let { ACTIVE: active, BANNER: banner } = config;
    /** Whether the bar was drawn, and whether it is at its end. */
    let [begun, over] = [false, false];
    let hasSize = config.FIXED_SIZE !== undefined;
    let size = config.FIXED_SIZE ?? -1;
    let position = 0;
    let [start, changed, stalled] = [0n, 0n, 0n];
    let cancel: (() => void) | undefined;

    const schedule = (at: bigint): void => {
      cancel?.();
      cancel = host.at(at, draw);
    };
    const readSize = (from: readonly string[]): boolean => {
      const sum = sumOf(from, handlers);
      size = sum ?? 0;
      return sum !== undefined;
    };
    const begin = (now: bigint): void => {
      hasSize ||= readSize(sizes);
      position = 0;
      stalled = 0n;
      start = now;
      changed = now;
      begun = true;
    };
    const draw = (): void => {
      cancel = undefined;
      if (!active || dead) return;
      const now = host.now();
      if (!begun) begin(now);
      if (!terminal?.isForeground()) schedule(now + interval);
      else if (now < start + config.DELAY) schedule(start + config.DELAY);
      else {
        const at = sumOf(positions, handlers);
        const pause = now - changed;
        let stands = pause >= stallTime;
        if ((at ?? 0) > position) {
          changed = now;
          position = at ?? 0;
          if (stands) stalled += pause;
          stands = false;
        }
        terminal.write(
          progressLine({
            banner,
            position: at,
            size: hasSize ? size : undefined,
            sizeIsFixed: sizes.length === 0,
            elapsed: Number(now - start - stalled) / 1e9,
            state: over ? "over" : stands ? "stalled" : "runs",
            columns: terminal.columns,
          }),
        );
        if (over) active = false;
        else schedule(now + interval);
      }
    };
    const finish = (full: boolean): void => {
      if (over || !active || dead) return;
      if (full) hasSize = readSize(positions) || hasSize;
      over = true;
      cancel?.();
      draw();
    };
    const list = (read: () => readonly string[], write: (paths: string[]) => void): ServiceHandler => ({
      read: () => read().join(" "),
      write: (text) => write(readableHandlers(unquote(text), handlers)),
    });
    return {
      start() {
        sizes = readableHandlers(config.SIZEHANDLER, handlers);
        positions = readableHandlers(config.POSHANDLER, handlers);
        if (active && !dead) schedule(host.now());
      },
      close() {
        cancel?.();
        if (!begun || over) return;
        over = true;
        draw();
      },
      handlers: {
        mark_stopped: { flags: "", write: () => finish(false) },
        mark_done: { flags: "", write: () => finish(true) },
        active: {
          kind: "flag",
          read: () => active,
          write(text) {
            active = readAs(arg.bool, unquote(text), "type mismatch");
            if (active && !cancel) schedule(host.now());
          },
        },
        banner: {
          flags: "%",
          read: () => banner,
          write(text) {
            banner = text;
          },
        },
        poshandler: list(
          () => positions,
          (paths) => {
            positions = paths;
          },
        ),
        sizehandler: list(
          () => sizes,
          (paths) => {
            sizes = paths;
            hasSize = false;
          },
        ),
        pos: { read: () => formatNumber(position) },
        size: {
          read: () => formatNumber(size),
          write(text) {
            size = readAs(arg.real, text, "expected real number");
          },
        },
        reset: {
          write() {
            [hasSize, begun, over, dead, active] = [false, false, false, false, true];
            schedule(host.now());
          },
        },
      },
    };
  },
});
