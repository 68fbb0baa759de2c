/**
 * Plays captures through a router by the times of their frames: several are one stream in order of time. When all have
 * ended, the run goes on until nothing more can happen: queues are empty, shapers too, timers have fired.
 */
import type { Router, RouterDevice, SimulatedClock, TimedFrame } from "@clickos/click-core";
import type { CaptureWriter } from "@clickos/pcap/node";
import { type LoopSource, runLoop, type Turn } from "@clickos/run-loop";
import type { CapturedInput } from "./captured-input.ts";
import type { LiveDevice } from "./live-device.ts";
import { earliest, Rest } from "./rest.ts";

/** How time goes by. */
export type Pace =
  /** It is simulated: it goes on to the next frame or timer when all is quiet. */
  | { readonly kind: "simulated" }
  /** The same, but frames do not wait for their times. */
  | { readonly kind: "fast" }
  /** It is the world's, so many times as fast. */
  | { readonly kind: "real"; readonly speed: number };

/** A device, with what it plays and records. */
export interface PlayedDevice {
  readonly number: number;
  readonly input: CapturedInput | undefined;
  readonly writer: CaptureWriter | undefined;
  in: number;
  out: number;
}

/** Rounds of all tasks before frames are looked at again. */
const rounds = 64;
/** Frames of one device that arrive together: fewer than its ring has slots. */
const burst = 256;

interface Played {
  readonly device: PlayedDevice;
  readonly input: CapturedInput;
  readonly ring: RouterDevice;
  /** The ring took no more; until the router has run. */
  full: boolean;
}

export interface PlayOptions {
  readonly devices: readonly PlayedDevice[];
  /** Devices that are joined to attachments: the run does not end by itself where there are any. */
  readonly live?: readonly LiveDevice[];
  readonly pace: Pace;
  /** The router's clock where time is simulated. */
  readonly clock: SimulatedClock | undefined;
  /** When the run ends at the latest, in the router's time. */
  readonly until: bigint | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Runs until nothing more can happen, an element asks to stop, `until`, or the signal. */
export async function play(router: Router, options: PlayOptions): Promise<void> {
  const { devices, live = [], pace, clock, until, signal } = options;
  const joined = new Set(live.map(({ number }) => number));
  const recorded = devices.filter(({ number }) => !joined.has(number));
  const inputs: Played[] = devices.flatMap((device) =>
    device.input ? [{ device, input: device.input, ring: router.device(device.number), full: false }] : [],
  );
  const speed = pace.kind === "real" ? pace.speed : 1;
  const rest = new Rest(router.now());
  const waits = (): boolean => inputs.some(({ input }) => input.waits);
  /** The input whose frame is next in time; `undefined` while that of a pipe is not known. */
  const first = (): Played | undefined => {
    if (pace.kind !== "fast" && waits()) return undefined;
    let next: Played | undefined;
    for (const played of inputs) {
      const at = played.input.frame?.timestampNs;
      if (at === undefined || played.full) continue;
      if (next === undefined || at < (next.input.frame?.timestampNs as bigint)) next = played;
    }
    return next;
  };
  const feed = (now: bigint): boolean => {
    for (const played of inputs) {
      played.full = false;
      if (!played.input.frame) played.input.advance();
    }
    let fed = 0;
    for (let next = first(); next && fed < burst; next = first()) {
      const frame = next.input.frame as TimedFrame;
      if (pace.kind !== "fast" && frame.timestampNs > now) break;
      if (next.ring.sendTimed([frame]) === 0) next.full = true;
      else {
        next.device.in++;
        next.input.advance();
        fed++;
      }
    }
    return fed > 0;
  };
  const drain = (now: bigint): boolean => {
    let sent = 0;
    for (const device of recorded)
      for (const { data, timestampNs } of router.device(device.number).receiveTimed()) {
        device.writer?.write(data, timestampNs || now);
        device.out++;
        sent++;
      }
    return sent > 0;
  };
  const ended = (): boolean => live.length === 0 && inputs.every(({ input }) => !input.frame && !input.waits);
  const source: LoopSource = {
    turn(): Turn {
      const now = router.now();
      if (until !== undefined && now >= until) return "stopped";
      const fed = feed(now);
      const result = router.run(rounds);
      const sent = drain(now);
      if (result === "stopped") return "stopped";
      if (fed || sent || result === "more") {
        rest.moved(now);
        return "more";
      }
      if (ended() && !router.waiting && rest.reached(router.unfinished(), now)) return "stopped";
      // Where a frame is not known that may be the next, time stands still.
      return clock && waits() ? "idle" : result;
    },
    get wakesIn() {
      if (clock && waits()) return undefined;
      const at = earliest([router.nextTimer, first()?.input.frame?.timestampNs, until]);
      if (at === undefined) return undefined;
      const wait = at - router.now();
      return wait <= 0n ? 0n : speed === 1 ? wait : BigInt(Math.ceil(Number(wait) / speed));
    },
    onWake(listener) {
      const ends = [router.onWake(listener), ...devices.flatMap((d) => d.input?.reader.onReady(listener) ?? [])];
      return () => {
        for (const end of ends) end();
      };
    },
  };
  await runLoop([source, ...live], { signal, ...(clock ? { clock } : {}) });
  drain(router.now());
}
