/**
 * The front end's half of the xenbus handshake (xen/include/public/io/xenbus.h, netif.h): it waits for the back end's
 * offer, makes its interface, says where it is, and goes through the states until both are connected; closes when the
 * back end does, and connects again when the back end comes back.
 *
 * Written as a generator that yields where it must wait, so that it fits guests with any kind of scheduler.
 */
import { xenbusState } from "@clickos/xen-ring";
import type { NetFront } from "./net-front.ts";

/** A computation that yields while it waits for something. */
export type Waiting<T> = Generator<void, T, void>;

/** What the handshake needs of the store. */
export interface Xenbus {
  /** The value of a node, `undefined` when there is none. */
  read(path: string): Waiting<string | undefined>;
  write(path: string, value: string): Waiting<void>;
  /** Waits until something at or below the path has changed since the last time, or since the watch was set. */
  watch(path: string): Waiting<{ changed(): boolean; end(): void }>;
}

/** What a device is made of when the back end has said what it offers. */
export interface FrontDevice {
  readonly front: NetFront;
  /** Event channels: one for both directions, or two. */
  readonly eventChannelTx: number;
  readonly eventChannelRx: number;
  /** Called when the device is to be closed, before its interface is. */
  closed(): void;
}

export interface HandshakeOptions {
  /** The device's directory, as `device/vif/0`. */
  readonly path: string;
  /** Makes the device; `offers` are the back end's features. */
  open(backend: number, offers: (feature: string) => boolean): FrontDevice;
  /** Called when both ends are connected. */
  connected(device: FrontDevice): void;
}

/**
 * Runs a device for as long as its guest lives. What the store throws comes out of it, once the device is closed.
 */
export function* runFrontend(xenbus: Xenbus, options: HandshakeOptions): Waiting<never> {
  const { path } = options;
  const setState = (state: number): Waiting<void> => xenbus.write(`${path}/state`, String(state));
  const backendPath = (yield* xenbus.read(`${path}/backend`)) ?? "";
  const backend = Number((yield* xenbus.read(`${path}/backend-id`)) ?? "0");
  const watch = yield* xenbus.watch(`${backendPath}/state`);
  let device: FrontDevice | undefined;
  let connected = false;
  const closing: FrontDevice[] = [];
  try {
    for (;;) {
      // The grants of devices before are taken back as the back end lets go of them.
      for (let i = closing.length - 1; i >= 0; i--) if (closing[i]?.front.close()) closing.splice(i, 1);
      const state = Number((yield* xenbus.read(`${backendPath}/state`)) ?? xenbusState.unknown);
      if (device && (state === xenbusState.closing || state === xenbusState.closed || state === xenbusState.initWait)) {
        // It goes away, or it has come back without knowing us.
        if (connected || state !== xenbusState.initWait) {
          device.closed();
          if (!device.front.close()) closing.push(device);
          device = undefined;
          connected = false;
          yield* setState(state === xenbusState.initWait ? xenbusState.initialising : xenbusState.closed);
        }
      }
      if (!device && state === xenbusState.initWait) {
        const features = new Set<string>();
        for (const feature of ["feature-netmap", "feature-split-event-channels", "feature-persistent", "feature-sg"])
          if ((yield* xenbus.read(`${backendPath}/${feature}`)) === "1") features.add(feature);
        device = options.open(backend, (feature) => features.has(feature));
        for (const [key, value] of Object.entries(device.front.keys)) yield* xenbus.write(`${path}/${key}`, value);
        if (device.eventChannelTx === device.eventChannelRx)
          yield* xenbus.write(`${path}/event-channel`, String(device.eventChannelTx));
        else {
          yield* xenbus.write(`${path}/event-channel-tx`, String(device.eventChannelTx));
          yield* xenbus.write(`${path}/event-channel-rx`, String(device.eventChannelRx));
        }
        yield* setState(xenbusState.initialised);
      }
      if (device && !connected && state === xenbusState.connected) {
        connected = true;
        yield* setState(xenbusState.connected);
        options.connected(device);
      }
      while (!watch.changed()) yield;
    }
  } finally {
    // Whoever ends this, or a store that is gone: nothing stays shared that can be taken back.
    device?.closed();
    device?.front.close();
  }
}
