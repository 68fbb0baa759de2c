/** Ports that are joined in memory: a pair, for two switches of one process, and a loopback. */
import { longestFrame, type Port } from "@clickos/vale";
import { DropCounts, reasons } from "./drop-counts.ts";
import { Inbox } from "./inbox.ts";

/** What a port in memory carries. */
export interface LinkOptions {
  /** Bytes behind the Ethernet header, up to 9,000; frames of 2,032 bytes at most without it. */
  readonly mtu?: number | undefined;
}

/** A port that receives at one inbox and delivers to another. */
function link(name: string, frameLimit: number, receives: Inbox, delivers: Inbox): Port {
  const drops = new DropCounts();
  let attached = true;
  return {
    name,
    frameLimit,
    drops: drops.counts,
    poll: () => (attached ? receives.poll() : null),
    release: () => receives.release(),
    deliver(batch, list, count) {
      for (let k = 0; k < count; k++) {
        const i = list[k] as number;
        const length = batch.lengths[i] as number;
        if (length > frameLimit) drops.add(reasons.tooLong);
        else if (!delivers.fits(length)) return k;
        else delivers.copy(batch, i);
      }
      return count;
    },
    flush: () => delivers.wake(),
    onReady: (listener) => receives.onReady(listener),
    detached() {
      attached = false;
    },
  };
}

/**
 * Two ports, each the other's far end: what is delivered to one enters the switch of the other. They join two switches,
 * which may run in different loops of one thread.
 *
 * @throws {RangeError} for an MTU that is none.
 */
export function createPair(first: string, second: string, options: LinkOptions = {}): readonly [Port, Port] {
  const frameLimit = longestFrame(options.mtu);
  const [a, b] = [new Inbox(frameLimit), new Inbox(frameLimit)];
  return [link(first, frameLimit, a, b), link(second, frameLimit, b, a)];
}

/** A port from which every frame that is delivered to it comes back. @throws {RangeError} for an MTU that is none. */
export function createLoopback(name: string, options: LinkOptions = {}): Port {
  const frameLimit = longestFrame(options.mtu);
  const inbox = new Inbox(frameLimit);
  return link(name, frameLimit, inbox, inbox);
}
