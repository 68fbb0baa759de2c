/** A host with a switch, a store and a back end, and guests in TypeScript on it. */
import { createHypervisor, type Domain } from "@clickos/hypervisor";
import { type MiniOs, miniOs } from "@clickos/minios";
import { announceVif, type Backend, createBackend, type VifDescription, type VifMode } from "@clickos/netback";
import { type NetFront, openNetFront, runFrontend } from "@clickos/netfront";
import { createSwitch, type ValeSwitch } from "@clickos/vale";
import { createXenStore } from "@clickos/xenstore";
import { connectStore } from "@clickos/xl-fast";

export interface Host {
  readonly xen: ReturnType<typeof createHypervisor>;
  readonly store: ReturnType<typeof createXenStore>;
  readonly bridge: ValeSwitch;
  backend: Backend;
  restartBackend(): void;
  /** Runs until nothing moves. */
  settle(): void;
  now: bigint;
}

export function host(): Host {
  const h = { now: 0n } as Host & { now: bigint };
  const xen = createHypervisor({ clock: () => h.now });
  const store = createXenStore();
  const bridge = createSwitch({ name: "br0" });
  const start = (): Backend =>
    createBackend({
      store,
      events: xen.events,
      mapper: xen.mapper,
      bridge: (name) => (name === "br0" ? bridge : undefined),
    });
  return Object.assign(h, {
    xen,
    store,
    bridge,
    backend: start(),
    restartBackend() {
      h.backend.close();
      h.backend = start();
    },
    settle() {
      for (let busy = true, turns = 0; busy && turns < 10_000; turns++) {
        busy = xen.run();
        while (bridge.forward() > 0) busy = true;
      }
    },
  });
}

export interface FrontOptions {
  readonly mode: "standard" | "netmap";
  /** One channel for both directions. */
  readonly singleChannel?: boolean;
  /** Says that it takes no frames in several slots. */
  readonly noScatterGather?: boolean;
}

/** A thread that runs interface 0 as its guest's driver would, and hands each connection to `use`. */
export function driver(
  os: MiniOs,
  options: FrontOptions,
  use: (front: NetFront) => void,
  onEvent: () => void = () => {},
): ReturnType<typeof runFrontend> {
  return runFrontend(os.xenbus, {
    path: "device/vif/0",
    open(backend, offers) {
      const txPort = os.openChannel(backend, onEvent);
      const rxPort =
        options.singleChannel || !offers("feature-split-event-channels") ? txPort : os.openChannel(backend, onEvent);
      const front = openNetFront(
        {
          memory: os.domain.memory,
          grants: os.grants,
          allocateFrame: () => os.allocateFrame(),
          freeFrame: (frame) => os.freeFrame(frame),
          backend,
          notifyTx: () => os.send(txPort),
          notifyRx: () => os.send(rxPort),
        },
        { mode: options.mode, persistent: offers("feature-persistent") },
      );
      return {
        front: options.noScatterGather ? { ...front, keys: { ...front.keys, "feature-sg": "0" } } : front,
        eventChannelTx: txPort,
        eventChannelRx: rxPort,
        closed() {
          for (const port of new Set([txPort, rxPort])) os.closeChannel(port);
        },
      };
    },
    connected: ({ front }) => use(front),
  });
}

/** A guest whose program is given, with interface 0 announced. */
export async function guestWith(
  h: Host,
  name: string,
  program: (os: MiniOs) => Generator<void, unknown, void> | void,
  vif: Partial<VifDescription> = {},
): Promise<Domain> {
  const domain = await h.xen.createDomain({
    name,
    pages: 64,
    kernel: miniOs(program),
    prepare(d) {
      connectStore(h.xen, h.store, d);
      h.store.mkdir(`/local/domain/${d.id}`);
      h.store.setPermissions(`/local/domain/${d.id}`, ["n0", `r${d.id}`]);
      announceVif(h.store, { domain: d.id, device: 0, bridge: "br0", mac: `02:00:00:00:00:0${d.id}`, ...vif });
    },
  });
  domain.unpause();
  return domain;
}

/** A guest that sends every frame back, with its addresses exchanged. */
export function echo(h: Host, front: FrontOptions, vif: { mode?: VifMode; rate?: string } = {}): Promise<Domain> {
  return guestWith(
    h,
    "echo",
    (os) => {
      let device: NetFront | undefined;
      const turn = (): void => {
        if (!device) return;
        do {
          for (const frame of device.receive()) {
            const back = frame.slice();
            back.set(frame.subarray(6, 12), 0);
            back.set(frame.subarray(0, 6), 6);
            device.send(back);
          }
          device.flush();
        } while (device.wait());
      };
      return driver(
        os,
        front,
        (connected) => {
          device = connected;
          turn();
        },
        turn,
      );
    },
    vif,
  );
}

/** From 02:00:00:00:00:<from> to 02:00:00:00:00:<to>. */
export function frame(to: number, from: number, n: number, length = 60): Uint8Array {
  const f = Uint8Array.from({ length }, (_, i) => (i * 7 + n) & 255);
  f.set([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x88, 0xb5]);
  return f;
}
