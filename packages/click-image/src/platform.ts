/** The platform of routers in virtual machines: the guest kernel around them. */
import { type Platform, type Recorder, routerControl } from "@clickos/click-core/compile";
import { dataOffset, maximumFrame } from "@clickos/click-core/element";
import { type GuestKernel, type GuestPlace, guestKernel } from "@clickos/minios";
import type { RingKind, VifPlaces } from "@clickos/netfront";

/** What a router in a virtual machine has for large packets and tables that grow; the toolstack gives it more where the machine has more. */
const guestHeapBytes = 1 << 20;

export interface GuestPlatform {
  readonly platform: Platform;
  /** Where the interfaces are, once the router is compiled. */
  readonly vifs: GuestKernel["vifs"] & readonly VifPlaces[];
}

/** A platform for one router; stack traces have the name. */
export function guestPlatform(options: {
  readonly place?: GuestPlace;
  readonly name?: string;
  readonly rings?: Readonly<Record<number, RingKind>>;
  readonly recorder?: Recorder | undefined;
}): GuestPlatform {
  const kernel = guestKernel({ ...options, frames: { dataOffset, maximumFrame } });
  const { offsets } = routerControl;
  return {
    platform: {
      ...kernel,
      // What the recorder takes is taken from the heap's part: the router has no more memory than without it.
      heapBytes: Math.max(0, guestHeapBytes - (options.recorder?.bytes ?? 0)),
      services: false,
      ...(options.recorder ? { recorder: options.recorder, followsFrames: true } : {}),
      finish: (module, { init, run, control }) =>
        kernel.finish(module, {
          init,
          run,
          running: control + offsets.running,
          nextTimer: control + offsets.nextTimer,
        }),
    },
    get vifs() {
      return kernel.vifs;
    },
  };
}
