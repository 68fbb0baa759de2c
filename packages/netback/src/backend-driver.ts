/**
 * The back end's half of the xenbus handshake: serves the devices under `/local/domain/0/backend/vif`, each
 * `<domain>/<device>`. It offers what the device's mode allows, connects when the front end says where its rings are,
 * and lets go when the front end closes or its domain dies. xen/include/public/io/xenbus.h and netif.h.
 */
import type { GrantMapper } from "@clickos/grant-table";
import { longestFrame, maximumFrame, maximumMtu, minimumMtu, type ValeSwitch } from "@clickos/vale";
import { type EventChannels, EventError } from "@clickos/xen-evtchn";
import { xenbusState } from "@clickos/xen-ring";
import { StoreError, type XenStore } from "@clickos/xenstore";
import { connectFrontEnd } from "./connect.ts";
import { type VifMode, vifModes } from "./modes.ts";
import { parseRate } from "./rate.ts";
import { NetbackError, type Vif } from "./vif.ts";

export interface BackendOptions {
  readonly store: XenStore;
  readonly events: EventChannels;
  readonly mapper: GrantMapper;
  /** As a hypervisor's: with it, the switches' run loops sleep while no front end sends. */
  onEvent?(port: number, handler: (() => void) | undefined): void;
  /** The switch of a name. */
  bridge(name: string): ValeSwitch | undefined;
}

export interface Backend {
  /** Interfaces that are connected, by `<domain>/<device>`. */
  readonly vifs: ReadonlyMap<string, Vif>;
  /** Handshakes that failed, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Disconnects everything, as a driver domain that restarts; devices wait for the next back end. */
  close(): void;
}

/** A device as the toolstack makes it known. */
export interface VifDescription {
  readonly domain: number;
  readonly device: number;
  readonly bridge: string;
  readonly mac: string;
  readonly mode?: VifMode;
  /** As `parseRate` reads it. */
  readonly rate?: string;
  /** Bytes that its frames have behind the Ethernet header, up to 9,000; without it, frames are of 2,032 bytes at most. */
  readonly mtu?: number | undefined;
  /** Whether `mac` is the only address it sends from, and its alone; the default where the switch looks at addresses. */
  readonly antiSpoof?: boolean;
}

const root = "/local/domain/0/backend/vif";
const errorRoot = "/local/domain/0/error/backend/vif";
/** Handshakes that may fail in a row before a device stays closed for good: each costs domain 0 some work. */
const failuresInRow = 16;

/** Writes both halves of a device to the store, in the state in which drivers begin. @throws {RangeError} */
export function announceVif(store: XenStore, vif: VifDescription): void {
  const { domain, device } = vif;
  const rate = vif.rate === undefined ? undefined : parseRate(vif.rate);
  if (vif.rate !== undefined && !rate) throw new RangeError(`rate '${vif.rate}': as in 10Mb/s, 500KB/s@20ms`);
  // Refuses one that is none.
  longestFrame(vif.mtu);
  const mtu = vif.mtu === undefined ? {} : { mtu: String(vif.mtu) };
  const front = `/local/domain/${domain}/device/vif/${device}`;
  const back = `${root}/${domain}/${device}`;
  store.transaction((t) => {
    const write = (path: string, entries: Record<string, string>): void => {
      for (const [key, value] of Object.entries(entries)) t.write(`${path}/${key}`, value);
    };
    // Each side owns its half and reads the other's.
    t.mkdir(front);
    t.setPermissions(front, [`n${domain}`, "r0"]);
    write(front, { backend: back, "backend-id": "0", mac: vif.mac, handle: String(device), ...mtu, state: "1" });
    t.mkdir(back);
    t.setPermissions(back, ["n0", `r${domain}`]);
    write(back, {
      frontend: front,
      "frontend-id": String(domain),
      bridge: vif.bridge,
      mac: vif.mac,
      mode: vif.mode ?? "+batch",
      handle: String(device),
      online: "1",
      ...mtu,
      ...(vif.antiSpoof === undefined ? {} : { antispoof: vif.antiSpoof ? "1" : "0" }),
      ...(rate ? { rate: `${rate.bytes},${rate.microseconds}` } : {}),
      state: "1",
    });
  });
}

interface Device {
  readonly key: string;
  readonly domain: number;
  readonly path: string;
  readonly frontend: string;
  state: number;
  /** Its features are in the store. */
  offered: boolean;
  /** Handshakes that failed since one did not. */
  failed: number;
  connected: { readonly vif: Vif; readonly bridge: ValeSwitch; readonly ports: readonly number[] } | undefined;
  readonly unwatch: () => void;
}

export function createBackend(options: BackendOptions): Backend {
  const { events, mapper } = options;
  const store = options.store.connect(0);
  const devices = new Map<string, Device>();
  const vifs = new Map<string, Vif>();
  const failures: Record<string, number> = {};
  const todo = new Set<string>();
  let working = false;
  let open = true;

  const read = (path: string): string | undefined => {
    try {
      return store.read(path);
    } catch (e) {
      if (e instanceof StoreError) return undefined;
      throw e;
    }
  };
  /** A number a guest wrote: what is none, or not one of `limit`, is -1. */
  const number = (path: string, limit: number): number => {
    const text = read(path);
    const n = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : -1;
    return n < limit ? n : -1;
  };
  const setState = (d: Device, to: number): void => {
    if (d.state === to && to === xenbusState.closed) return;
    d.state = to;
    if (store.exists(d.path)) store.write(`${d.path}/state`, String(to));
  };
  const fail = (d: Device, reason: string, message: string): void => {
    failures[reason] = (failures[reason] ?? 0) + 1;
    d.failed++;
    store.write(`${errorRoot}/${d.key}/error`, message.slice(0, 1000));
    setState(d, xenbusState.closing);
  };
  /** What was wrong with a device is of no interest any longer. */
  const removeErrors = (d: Device): void => {
    const ofDomain = `${errorRoot}/${d.domain}`;
    if (store.exists(`${errorRoot}/${d.key}`)) store.rm(`${errorRoot}/${d.key}`);
    if (store.exists(ofDomain) && store.directory(ofDomain).length === 0) store.rm(ofDomain);
  };

  const offer = (d: Device): void => {
    if (d.failed >= failuresInRow) {
      setState(d, xenbusState.closed);
      return;
    }
    if (!d.offered) writeFeatures(d);
    setState(d, xenbusState.initWait);
  };
  const writeFeatures = (d: Device): void => {
    const { netmap, persistent } = vifModes[modeOf(d)];
    const features: Record<string, boolean> = {
      "feature-sg": true,
      "feature-rx-copy": true,
      "feature-rx-flip": false,
      "feature-rx-notify": true,
      "feature-split-event-channels": true,
      "feature-gso-tcpv4": false,
      "feature-gso-tcpv6": false,
      "feature-ipv6-csum-offload": true,
      "feature-persistent": persistent,
      "feature-netmap": netmap,
    };
    for (const [key, on] of Object.entries(features)) store.write(`${d.path}/${key}`, on ? "1" : "0");
    d.offered = true;
  };
  const modeOf = (d: Device): VifMode => {
    const mode = read(`${d.path}/mode`) ?? "";
    return Object.hasOwn(vifModes, mode) ? (mode as VifMode) : "+batch";
  };

  /** What was wrong, when it did not work: in a word, and at length. */
  const connect = (d: Device): readonly [string, string] | undefined => {
    const key = (name: string, limit = 65536): number => number(`${d.frontend}/${name}`, limit);
    const bridge = options.bridge(read(`${d.path}/bridge`) ?? "");
    if (!bridge) return ["no bridge", `there is no switch '${read(`${d.path}/bridge`)}'`];
    const [txRingRef, rxRingRef] = [key("tx-ring-ref"), key("rx-ring-ref")];
    if (txRingRef < 0 || rxRingRef < 0) return ["bad ring reference", "tx-ring-ref or rx-ring-ref is no grant"];
    const single = key("event-channel", 4096);
    const remotes = single > 0 ? [single] : [key("event-channel-tx", 4096), key("event-channel-rx", 4096)];
    const ports: number[] = [];
    // In the back end's own half: a number that makes no sense is as none.
    const given = number(`${d.path}/mtu`, maximumMtu + 1);
    const mtu = given >= minimumMtu ? given : undefined;
    const says = (feature: string): boolean => read(`${d.frontend}/${feature}`) === "1";
    let vif: Vif | undefined;
    try {
      for (const remote of remotes) ports.push(events.bindInterdomain(0, d.domain, remote));
      const [tx = 0, rx = tx] = ports;
      const { onEvent } = options;
      vif = connectFrontEnd(modeOf(d), {
        name: `vif${d.key.replace("/", ".")}`,
        domain: d.domain,
        mapper,
        rings: says("feature-netmap") ? "netmap" : says("feature-persistent") ? "persistent" : "netif",
        grants: {
          txRingRef,
          rxRingRef,
          bufferRef: key("buffer-ref"),
          bufferFrames: key("buffer-frames"),
          bufferCount: key("buffer-count"),
        },
        rate: parseRate(read(`${d.path}/rate`) ?? ""),
        mtu,
        // Who does not offer scatter-gather gets no frame in several slots.
        frameLimit: says("feature-sg") ? longestFrame(mtu) : maximumFrame,
        ...(onEvent
          ? {
              onEvent(listener: () => void) {
                onEvent.call(options, tx, listener);
                return () => onEvent.call(options, tx, undefined);
              },
            }
          : {}),
        notifyTx: () => events.send(0, tx),
        notifyRx: () => events.send(0, rx),
      });
      // Both are in the back end's own half, which the guest cannot write to.
      const antiSpoof = (read(`${d.path}/antispoof`) ?? (bridge.byAddress ? "1" : "0")) === "1";
      bridge.attach(vif, antiSpoof ? { addresses: [read(`${d.path}/mac`) ?? ""] } : {});
    } catch (e) {
      vif?.disconnect();
      for (const port of ports) events.close(0, port);
      if (e instanceof EventError) return ["bad event channel", e.message];
      if (e instanceof NetbackError) return ["bad grant", e.message];
      return ["not attached", e instanceof Error ? e.message : String(e)];
    }
    d.connected = { vif, bridge, ports };
    vifs.set(d.key, vif);
    d.failed = 0;
    setState(d, xenbusState.connected);
    return undefined;
  };
  const disconnect = (d: Device): void => {
    const { connected } = d;
    d.connected = undefined;
    vifs.delete(d.key);
    if (!connected) return;
    connected.bridge.detach(connected.vif);
    for (const port of connected.ports) events.close(0, port);
  };
  const forget = (d: Device): void => {
    disconnect(d);
    d.unwatch();
    devices.delete(d.key);
    removeErrors(d);
  };

  /** Looks at a device and does the step that is due. */
  const step = (key: string): void => {
    const path = `${root}/${key}`;
    const known = devices.get(key);
    if (!store.exists(path)) {
      if (known) forget(known);
      return;
    }
    const frontend = read(`${path}/frontend`);
    if (frontend === undefined) return;
    let d = known;
    if (!d) {
      const unwatch = store.watch(`${frontend}/state`, key, () => changed(key));
      d = {
        key,
        domain: Number(key.split("/")[0]),
        path,
        frontend,
        state: xenbusState.initialising,
        offered: false,
        failed: 0,
        connected: undefined,
        unwatch,
      };
      devices.set(key, d);
    }
    const front = number(`${frontend}/state`, 8);
    switch (front) {
      case xenbusState.initialising:
        if (d.state === xenbusState.connected) disconnect(d);
        if (d.state !== xenbusState.initWait) offer(d);
        break;
      case xenbusState.initialised:
      case xenbusState.connected:
        // A front end that has not heard that we came back is offered again, and connects anew.
        if (d.state === xenbusState.initialising) offer(d);
        else if (d.state === xenbusState.initWait && front === xenbusState.initialised) {
          const problem = connect(d);
          if (problem) fail(d, ...problem);
        }
        break;
      default:
        // Closing, closed, gone, or nonsense.
        disconnect(d);
        setState(d, xenbusState.closed);
        // Its domain is no more.
        if (front < 0 && !store.exists(frontend)) removeErrors(d);
    }
  };
  const changed = (key: string): void => {
    if (!open) return;
    todo.add(key);
    // What a step writes is heard of when it is done.
    if (working) return;
    working = true;
    try {
      for (const next of todo) {
        todo.delete(next);
        step(next);
      }
    } finally {
      working = false;
    }
  };
  store.mkdir(root);
  store.watch(root, "backend", (path) => {
    const [domain, device, ...rest] = path.slice(root.length + 1).split("/");
    if (domain && device && /^\d+$/.test(domain) && /^\d+$/.test(device)) {
      // Its own words are no news.
      if (rest.length === 0 || rest[0] === "frontend" || rest[0] === "online") changed(`${domain}/${device}`);
    } else if (domain && device === undefined)
      for (const d of [...devices.values()]) if (d.domain === Number(domain)) changed(d.key);
  });
  // Devices that were there before.
  for (const domain of store.directory(root))
    for (const device of store.directory(`${root}/${domain}`)) changed(`${domain}/${device}`);

  return {
    vifs,
    failures,
    close() {
      open = false;
      for (const d of [...devices.values()]) {
        forget(d);
        if (store.exists(d.path)) store.write(`${d.path}/state`, String(xenbusState.initialising));
      }
      store.close();
    },
  };
}
