/**
 * ProgressBar(POSHANDLER [, SIZEHANDLER] [, keywords UPDATE, BANNER, ACTIVE, DELAY, FIXED_SIZE, CHECK_STDOUT]) —
 * prints a line that shows how far something is.
 *
 * POSHANDLER is the handler that is read; SIZEHANDLER, or FIXED_SIZE, what it is out of. Printed every UPDATE
 * (half a second by default), to the console.
 *
 * Handlers: active (read, write), pos, size, banner (read), mark_done, mark_stopped (write).
 *
 *   ProgressBar(src.count, FIXED_SIZE 100000, BANNER "packets")
 */
import {
  accepted,
  arg,
  type ElementClass,
  element,
  type HandlerPath,
  keyword,
  positional,
  required,
} from "@clickos/click-core/element";
import { readValue } from "../lib/handlers.ts";

const columns = 40;

export const ProgressBar: ElementClass = element({
  name: "ProgressBar",
  ports: "0/0",
  processing: "a/a",
  config: {
    POSHANDLER: required(arg.handlerPath),
    SIZEHANDLER: positional(arg.handlerPath, undefined),
    UPDATE: keyword(arg.time, 500_000_000n),
    BANNER: keyword(arg.string, ""),
    ACTIVE: keyword(arg.bool, true),
    DELAY: keyword(arg.time, 0n),
    FIXED_SIZE: keyword(arg.u32, 0),
    CHECK_STDOUT: accepted(arg.bool, "it is printed wherever chatter goes"),
    CHECK_STDERR: accepted(arg.bool, "it is printed wherever chatter goes"),
  },
  service({ config, host }) {
    let active = config.ACTIVE;
    let cancel: (() => void) | undefined;
    const value = (path: HandlerPath): number => Number.parseFloat(host.handlers.read(path.given)) || 0;
    const size = (): number => (config.SIZEHANDLER ? value(config.SIZEHANDLER) : config.FIXED_SIZE);
    const show = (ended = ""): void => {
      let [at, whole] = [0, 0];
      try {
        [at, whole] = [value(config.POSHANDLER), size()];
      } catch (e) {
        host.chatter((e as Error).message);
        active = false;
        return;
      }
      const share = whole > 0 ? Math.min(1, at / whole) : 0;
      const bar =
        whole > 0
          ? `${String(Math.round(share * 100)).padStart(3)}% |${"*".repeat(Math.round(share * columns)).padEnd(columns)}| `
          : "";
      host.chatter(`${config.BANNER ? `${config.BANNER} ` : ""}${bar}${at}${whole > 0 ? `/${whole}` : ""}${ended}`);
    };
    const tick = (): void => {
      if (active) show();
      cancel = host.at(host.now() + (config.UPDATE || 1n), tick);
    };
    const finish = (how: string) => ({
      write: () => {
        if (active) show(how);
        active = false;
      },
    });
    return {
      start: () => {
        cancel = host.at(host.now() + (config.DELAY || config.UPDATE || 1n), tick);
      },
      close: () => cancel?.(),
      handlers: {
        active: { read: () => active, write: (text) => void (active = readValue(arg.bool, text)) },
        pos: { read: () => value(config.POSHANDLER) },
        size: { read: size },
        banner: { read: () => config.BANNER },
        mark_done: finish(" done"),
        mark_stopped: finish(" stopped"),
      },
    };
  },
});
