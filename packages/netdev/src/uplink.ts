/** A switch behind a port of another: it moves its frames whenever the other one looks at the port. */
import { FrameBatch, type Port, type ValeSwitch } from "@clickos/vale";
import { createPair, type LinkOptions } from "./link.ts";

/** Batches of each of its ports that a switch moves before the other one goes on. */
const turns = 4;

/**
 * Attaches a port to a switch, and gives its far end, for another switch: that runs the first one. @throws {SwitchError} @throws
 * {RangeError} for an MTU that is none.
 */
export function createUplink(sw: ValeSwitch, name: string, options: LinkOptions = {}): Port {
  const [inner, outer] = createPair("uplink", name, options);
  sw.attach(inner);
  let attached = true;
  const nothingYet = new FrameBatch(new ArrayBuffer(0));
  const run = (): boolean => {
    for (let n = 0; n < turns; n++) if (sw.forward() === 0) return false;
    return true;
  };
  return {
    ...outer,
    poll() {
      const more = run();
      // There may be something the next time.
      return outer.poll() ?? (more ? nothingYet : null);
    },
    flush() {
      outer.flush();
      run();
    },
    onReady(listener) {
      const ends = [outer.onReady?.(listener), sw.onWake(listener)];
      return () => {
        for (const end of ends) end?.();
      };
    },
    get readyIn() {
      return sw.wakesIn;
    },
    detached() {
      if (!attached) return;
      attached = false;
      outer.detached?.();
      sw.detach(inner);
    },
  };
}
