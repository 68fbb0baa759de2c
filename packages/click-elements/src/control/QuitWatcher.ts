/**
 * QuitWatcher(ELEMENT...) — stops the driver when the task of one of some elements is no longer scheduled.
 *
 * It looks at their `scheduled` handlers every 10 milliseconds. Runs in process only, not in a virtual machine.
 *
 *   s :: InfiniteSource(LIMIT 1000) -> ...; QuitWatcher(s)
 */
import { arg, type ElementClass, element, HandlerError, rest } from "@clickos/click-core/element";

const interval = 10_000_000n;

export const QuitWatcher: ElementClass = element({
  name: "QuitWatcher",
  ports: "0/0",
  processing: "a/a",
  config: { ELEMENT: rest(arg.raw) },
  endless: () => true,
  service({ config: { ELEMENT }, host }) {
    const paths = ELEMENT.map((name) => `${name}.scheduled`);
    let cancel = (): void => {};
    const look = (): void => {
      if (paths.some((path) => /^(?:f|$)/.test(host.handlers.read(path)))) host.stop();
      else cancel = host.at(host.now() + interval, look);
    };
    return {
      start() {
        const wrong = paths.flatMap((path, i) => {
          try {
            return host.handlers.describe(path).access !== "w" ? [] : [`no '${path}' read handler`];
          } catch (e) {
            if (!(e instanceof HandlerError)) throw e;
            return [e.code === "NO_ELEMENT" ? `no element named '${ELEMENT[i]}'` : `no '${path}' read handler`];
          }
        });
        if (wrong.length > 0) throw wrong.join("\n");
        cancel = host.at(host.now() + interval, look);
      },
      close: () => cancel(),
    };
  },
});
