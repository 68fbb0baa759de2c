/**
 * A guest's buffers, lent to a device: those of its empty receive slots to be filled, those of its transmit slots to be sent. Slots are
 * given back in order, when the device is done with them.
 */
import { type FrameLender, type FrameSink, type FrameSource, maximumFrame } from "@clickos/vale";
import { ringSlots } from "@clickos/xen-ring";
import { netmapArrived, netmapEmpty, netmapTransmit } from "./netmap-ends.ts";
import type { RingSlots } from "./netmap-rings.ts";
import { bufferSize } from "./vif.ts";

const mask = ringSlots - 1;
/** Where frames begin in buffers that are lent, at most: how long they are is not known when they are lent. */
const furthestLent = 512;

/** The rings of an interface whose buffers stand in a row. */
export interface LentRings {
  readonly memory: WebAssembly.Memory;
  readonly buffersAt: number;
  readonly bufferCount: number;
  readonly frameLimit: number;
  /** Frames that leave at a time. */
  readonly burst: number;
  readonly closed: boolean;
  readonly rx: RingSlots;
  readonly tx: RingSlots;
  /** The receive ring's index, or a slot of it, makes no sense. */
  bad(what: "index" | "slot"): void;
}

/** What rings have lent. While it is more than nothing, their own ways of moving frames rest. */
export interface NetmapLender extends FrameLender {
  readonly lentRx: number;
  readonly lentTx: number;
}

export function lendNetmap(rings: LentRings): NetmapLender {
  const { memory, rx, tx, frameLimit } = rings;
  let lentRx = 0;
  let lentTx = 0;
  let offered = 0;
  const empty: FrameSource = {
    kind: netmapEmpty,
    memory,
    places: [rx.places[0], rx.places[1], rx.places[2], furthestLent],
    frameLimit,
    get cursor() {
      return (rx.first() + lentRx) & mask;
    },
    begin() {
      const given = rx.given();
      if (given < 0) rings.bad("index");
      // A guest that takes back what it has given gives nothing until it is where it was.
      offered = Math.max(given - lentRx, 0);
      return offered;
    },
    done(buffers) {
      lentRx += buffers;
      // A device has room for a ring's.
      if (buffers < offered) rings.bad("slot");
    },
  };
  const arrived: FrameSink = {
    kind: netmapArrived,
    memory,
    places: rx.places,
    frameLimit,
    get cursor() {
      return rx.first();
    },
    begin: () => (rings.closed ? 0 : lentRx),
    done(frames, bytes) {
      lentRx -= frames;
      rx.giveBack(frames);
      rx.moved(frames, bytes);
    },
  };
  const leaving: FrameSource = {
    kind: netmapTransmit,
    memory,
    places: tx.places,
    frameLimit,
    get cursor() {
      return (tx.first() + lentTx) & mask;
    },
    begin() {
      const given = tx.given(lentTx);
      // What is out of the ordinary waits until those before it have left.
      if (given < 0 && lentTx === 0) return given;
      return Math.min(Math.max(given - lentTx, 0), rings.burst);
    },
    done(frames, bytes) {
      lentTx += frames;
      tx.moved(frames, bytes);
    },
  };
  return {
    memory,
    at: rings.buffersAt,
    bytes: rings.bufferCount * bufferSize,
    get closed() {
      return rings.closed;
    },
    get lentRx() {
      return lentRx;
    },
    get lentTx() {
      return lentTx;
    },
    room: maximumFrame - furthestLent,
    empty,
    arrived,
    leaving,
    left(frames) {
      lentTx -= frames;
      tx.giveBack(frames);
    },
    end() {
      lentRx = lentTx = 0;
    },
  };
}
